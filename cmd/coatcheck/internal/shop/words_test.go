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

func TestBrowserName(t *testing.T) {
	for agent, want := range map[string]string{
		"": "another program",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 Edg/146.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 OPR/120.0.0.0":           "Opera on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:141.0) Gecko/20100101 Firefox/141.0":                                          "Firefox on Mac OS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1":     "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36":               "Chrome on Android",
		"curl/8.14.1": "curl",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%q is called %q, want %q", agent, got, want)
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
