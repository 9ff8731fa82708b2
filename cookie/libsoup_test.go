package cookie_test

import (
	"testing"
	"time"

	"coatcheck.dev/cookie"
)

// What libsoup 3.2 makes of a line; WebKitGTK 2.50 was seen to.
func TestParseLibsoup(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		line, name, value, path string
		lasts                   time.Duration // 0 is a session cookie
	}{
		{"a=1", "a", "1", "", 0},
		{"word", "", "word", "", 0},
		{"=v", "", "v", "", 0},
		{"a,b=1", "", "a,b=1", "", 0},
		{"a=1\t2; Path=/x", "a", "1", "", 0},
		{"a=é", "a", "", "", 0},
		{"a=1 ;\tPath=/x ; Path=y", "a", "1", "", 0},
		{"a=1; Path=/x", "a", "1", "/x", 0},
		{"a=1; Max-Age=60; Expires=Sun, 22 Nov 2026 13:00:00 GMT", "a", "1", "", time.Hour},
		{"a=1; Expires=Sun, 22 Nov 2026 13:00:00 GMT; Max-Age=+60", "a", "1", "", time.Minute},
		{"a=1; Expires=Sun Nov 22 13:00:00 2026", "a", "1", "", time.Hour},
		{"a=1; Expires=22-Nov-26 13:00:00 GMT", "a", "1", "", time.Hour},
		{"a=1; Expires=22 Nov 2026 13:00:00 +0030", "a", "1", "", 30 * time.Minute},
		{"a=1; Expires=22 Nov 2026 08:00:00 EST", "a", "1", "", time.Hour},
		{"a=1; Expires=22 nov 2026 13:00:00 GMT", "a", "1", "", 0},
		{"a=1; Max-Age=9223372036854775808", "a", "1", "", 0},
		{"a=1; Max-Age=1.5", "a", "1", "", 0},
	} {
		p := cookie.ParseLibsoup(tt.line)
		at, persistent := p.ExpiryLibsoup(now)
		lasts := time.Duration(0)
		if persistent {
			lasts = at.Sub(now)
		}
		if p.Name != tt.name || p.Value != tt.value || p.Path != tt.path || lasts != tt.lasts {
			t.Errorf("%q: %q=%q, path %q, lasts %v", tt.line, p.Name, p.Value, p.Path, lasts)
		}
	}
}
