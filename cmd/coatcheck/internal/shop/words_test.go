package shop

import (
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"just now": -time.Second, "1 min ago": 119 * time.Second, "59 min ago": 59 * time.Minute, "47 h ago": 47 * time.Hour, "2 days ago": 48 * time.Hour,
	} {
		if got := ago(d); got != want {
			t.Errorf("ago(%v) = %q, want %q", d, got, want)
		}
	}
}

// The hashes were computed with Python's hashlib.
func TestPasswords(t *testing.T) {
	for _, c := range []struct {
		user, password string
		ok             bool
	}{
		{"ada", "lovelace", true}, {"alan", "turing", true}, {"grace", "hopper", true},
		{"Ada", "lovelace", false}, {"ada", "Lovelace", false}, {"ada", "hopper", false}, {"mallory", "", false},
	} {
		if checkPassword(c.user, c.password) != c.ok {
			t.Errorf("%s with %q: want %v", c.user, c.password, c.ok)
		}
	}
}
