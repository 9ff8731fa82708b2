package sitedata_test

import (
	"net/http"
	"slices"
	"testing"

	"coatcheck.dev/internal/sitedata"
)

func TestKeepCookies(t *testing.T) {
	const rest = `"cache", "clientHints", "executionContexts", "prefetchCache", "prerenderCache", "storage"`
	for _, tt := range []struct {
		lines, want []string
		changed     bool
	}{
		{nil, nil, false},
		{[]string{`"cache"`}, []string{`"cache"`}, false},
		{[]string{`cookies`}, []string{`cookies`}, false}, // browsers read quoted types alone
		{[]string{`"Cookies"`}, []string{`"Cookies"`}, false},
		{[]string{`"cookies"`}, nil, true},
		{[]string{` "cookies" `, `"cache"`}, []string{`"cache"`}, true},
		{[]string{`"cache","cookies", "storage"`}, []string{`"cache", "storage"`}, true},
		{[]string{`"*"`}, []string{rest}, true},
		{[]string{`"cookies", "*"`}, []string{rest}, true},
	} {
		h := http.Header{}
		if tt.lines != nil {
			h["Clear-Site-Data"] = slices.Clone(tt.lines)
		}
		clears := sitedata.ClearsCookies(h)
		changed := sitedata.KeepCookies(h)
		if clears != tt.changed || changed != tt.changed || !slices.Equal(h["Clear-Site-Data"], tt.want) {
			t.Errorf("%q: %q, %t, %t; want %q, %t", tt.lines, h["Clear-Site-Data"], clears, changed, tt.want,
				tt.changed)
		}
		if sitedata.ClearsCookies(h) {
			t.Errorf("%q: it still clears: %q", tt.lines, h["Clear-Site-Data"])
		}
	}
}

func FuzzKeepCookies(f *testing.F) {
	f.Add(`"cache","cookies", "*"`)
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Clear-Site-Data": {line}}
		if clears := sitedata.ClearsCookies(h); clears != sitedata.KeepCookies(h) || sitedata.ClearsCookies(h) {
			t.Errorf("%q became %q", line, h["Clear-Site-Data"])
		}
	})
}
