package config_test

import (
	"io"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A time is held against the defaults of the others, which are those of package session.
func TestTimesAreHeldAgainstTheDefaultsOfSessions(t *testing.T) {
	has := session.New(memory.New(), session.Options{}).Options()
	for flag, c := range map[string]struct {
		good, bad time.Duration
	}{
		"idle-timeout":          {has.Lifetime, has.Lifetime + time.Second},
		"lifetime":              {has.IdleTimeout, has.IdleTimeout - time.Second},
		"remember-idle-timeout": {has.RememberLifetime, has.RememberLifetime + time.Second},
		"remember-lifetime":     {has.RememberIdleTimeout, has.RememberIdleTimeout - time.Second},
		"rotate-every":          {has.RotationGrace + time.Second, has.RotationGrace},
		"rotation-grace":        {has.RotateEvery - time.Second, has.RotateEvery},
	} {
		try := func(d time.Duration) error {
			args := []string{"serve", "--upstream=http://127.0.0.1:3000", "--" + flag + "=" + d.String()}
			_, err := config.Parse(args, io.Discard)
			return err
		}
		if err := try(c.good); err != nil {
			t.Errorf("--%s %v: %v", flag, c.good, err)
		}
		if try(c.bad) == nil {
			t.Errorf("--%s %v is no mistake", flag, c.bad)
		}
	}
}
