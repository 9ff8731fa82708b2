package devices

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWantsJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"application/json":                               true,
		"application/json, text/plain, */*":              true,
		"APPLICATION/JSON; charset=utf-8":                true,
		"text/html;q=0.5, application/json;q=0.9":        true,
		"application/json, text/html":                    false, // as welcome as the page
		"application/json;q=0.5, text/html":              false,
		"application/json;q=0":                           false,
		"application/json;q=2":                           false,
		"application/json;q=NaN":                         false,
		"application/json;q=x":                           false,
		"application/*":                                  false,
		"*/*":                                            false,
		"":                                               false,
		"text/html,application/xhtml+xml,*/*;q=0.8":      false,
		",,;;application/json;;":                         false,
		strings.Repeat("a/b,", 300) + "application/json": false, // not looked at
	} {
		if got := wantsJSON(&http.Request{Header: http.Header{"Accept": {accept}}}); got != want {
			t.Errorf("%.60q: %v, want %v", accept, got, want)
		}
	}
	if !wantsJSON(&http.Request{Header: http.Header{"Accept": {"text/plain", "application/json"}}}) {
		t.Error("the second line is not read")
	}
}

func FuzzWantsJSON(f *testing.F) {
	f.Add("text/html;q=0.5, application/json;q=0.9")
	f.Add(";;,\"q=\\")
	f.Fuzz(func(t *testing.T, accept string) {
		r := &http.Request{Header: http.Header{"Accept": {accept}}}
		if wantsJSON(r) && !strings.Contains(strings.ToLower(accept), "application/json") {
			t.Errorf("%q does not ask for JSON", accept)
		}
	})
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for want, d := range map[string]time.Duration{
		"just now": -time.Minute, "1 minute ago": 119 * time.Second, "59 minutes ago": 59 * time.Minute,
		"1 hour ago":   time.Hour,
		"23 hours ago": 23 * time.Hour, "1 day ago": 47 * time.Hour, "29 days ago": 29 * 24 * time.Hour,
		"on 23 October 2026": 30 * 24 * time.Hour,
	} {
		if got := agoAt(now.Add(-d), now); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
