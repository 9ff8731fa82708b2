package config

import (
	"time"

	"coatcheck.dev/cookie"
)

// times refuses what ends before it can begin to count.
func (c *checker) times(s *Site) {
	o := s.sessionOptions()
	idle, lifetime := orDefault(o.IdleTimeout, time.Hour), orDefault(o.Lifetime, 24*time.Hour)
	rIdle, rLifetime := orDefault(o.RememberIdleTimeout, 14*24*time.Hour), orDefault(o.RememberLifetime,
		30*24*time.Hour)
	for key, d := range map[string]time.Duration{
		"idle-timeout": s.IdleTimeout, "lifetime": s.Lifetime, "remember-idle-timeout": s.RememberIdleTimeout,
		"remember-lifetime": s.RememberLifetime, "rotate-every": s.RotateEvery, "rotation-grace": s.RotationGrace,
	} {
		if d == 0 && c.given(key) {
			c.of(key, "0s is no time; write one such as 30m, or take the key out for the default")
		}
		if d < 0 || d > 0 && d < time.Second {
			c.of(key, "%v is less than a second; write a time such as 30s, 10m or 24h", d)
		}
	}
	c.idle(idle, lifetime, s.IdleTimeout == 0 && s.Lifetime != 0, "")
	c.idle(rIdle, rLifetime, s.RememberIdleTimeout == 0 && s.RememberLifetime != 0, "remember-")
	if rLifetime > cookie.MaxLifetime {
		c.of("remember-lifetime", "it is over 400 days, and no browser keeps a cookie longer; write 9600h or less")
	}
	if every, grace := orDefault(o.RotateEvery, 30*time.Minute), orDefault(o.RotationGrace,
		30*time.Second); every <= grace {
		key := "rotate-every"
		if s.RotateEvery == 0 {
			key = "rotation-grace"
		}
		c.of(key, "rotate-every (%v) has to be longer than rotation-grace (%v)", every, grace)
	}
}

// idle refuses an idle timeout that never counts, at the key that somebody wrote: the lifetime alone if that is so.
func (c *checker) idle(idle, lifetime time.Duration, lifetimeAlone bool, which string) {
	switch {
	case idle <= lifetime:
	case lifetimeAlone:
		c.of(which+"lifetime", "%v is shorter than the %sidle-timeout of %v, which so never counts; lengthen it, or "+
			"write a shorter %sidle-timeout", lifetime, which, idle, which)
	default:
		c.of(which+"idle-timeout", "%v is longer than the %slifetime of %v, so it never counts; shorten it, or "+
			"lengthen that", idle, which, lifetime)
	}
}

func orDefault(d, value time.Duration) time.Duration {
	if d == 0 {
		return value
	}
	return d
}
