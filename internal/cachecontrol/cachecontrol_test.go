package cachecontrol_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/internal/cachecontrol"
)

func TestLimitToBrowser(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"", ""},
		{"Vary: Accept", ""},
		{"Cache-Control: public, max-age=31536000, immutable", "private, max-age=31536000, immutable"},
		{"Cache-Control: max-age=60", "private, max-age=60"},
		{"Cache-Control: max-age=60\nCache-Control: public", "private, max-age=60"},
		{"Cache-Control: PUBLIC, S-MaxAge=60, Max-Age=5", "private, Max-Age=5"},
		{"Cache-Control: private, max-age=60", "private, max-age=60"},
		{`Cache-Control: private="X-User", max-age=60`, "private, max-age=60"},
		{`Cache-Control: private="a, b", no-cache="c, public"`, `private, no-cache="c, public"`},
		{`Cache-Control: max-age=60, x="a, s-maxage=60`, "private, max-age=60"},
		{`Cache-Control: no-cache="Set-Cookie"`, `private, no-cache="Set-Cookie"`},
		{"Cache-Control: no-store", "private, no-store"},
		{"Cache-Control: ,,", "private"},
		{"Cache-Control: ", "private"},
		{"Expires: Thu, 31 Dec 2037 23:55:55 GMT", "private"},
		{"Cache-Control: max-age=60\nCDN-Cache-Control: max-age=60", "private, max-age=60"},
		{"Cache-Control: max-age=60\nX-Accel-Expires: 600\nSurrogate-Control: max-age=60", "private, max-age=60"},
	} {
		h := http.Header{}
		for line := range strings.SplitSeq(tt.header, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				h.Add(name, value)
			}
		}
		before := maps.Clone(h)
		if done := cachecontrol.LimitToBrowser(h); done != (tt.want != "") {
			t.Errorf("%q: reports %t", tt.header, done)
		}
		if tt.want == "" {
			if !maps.EqualFunc(h, before, slices.Equal[[]string]) {
				t.Errorf("%q: changed to %v", tt.header, h)
			}
			continue
		}
		if got := h["Cache-Control"]; len(got) != 1 || got[0] != tt.want {
			t.Errorf("%q: got %q, want %q", tt.header, got, tt.want)
		}
		for _, name := range []string{"Cdn-Cache-Control", "X-Accel-Expires", "Surrogate-Control"} {
			if h.Get(name) != "" {
				t.Errorf("%q: %s is %q", tt.header, name, h.Get(name))
			}
		}
	}
}

// What forbids storing stays as it is, and whatever else speaks to a cache goes: words that only look like no-store,
// and lines of which one allows what another forbids.
func TestForbid(t *testing.T) {
	const plain = "private, no-store"
	for _, tt := range []struct {
		header, want, name, kept string
		overruled                bool
	}{
		{"", plain, "", "", false},
		{"Cache-Control: no-store", "no-store", "", "", false},
		{"Cache-Control: No-Store , max-age=0", "No-Store , max-age=0", "", "", false},
		{"Cache-Control: public, max-age=60", plain, "", "", true},
		{`Cache-Control: public, x="a, no-store, b", max-age=60`, plain, "", "", true},
		{`Cache-Control: x="a, no-store`, plain, "", "", false},
		{"Cdn-Cache-Control: no-store", plain, "Cdn-Cache-Control", "no-store", false},
		{"Cdn-Cache-Control: private, NO-STORE", plain, "Cdn-Cache-Control", "private, NO-STORE", false},
		{`Cdn-Cache-Control: max-age=60, x="a, no-store, b"`, plain, "Cdn-Cache-Control", "", true},
		{"Cdn-Cache-Control: no-store=?0, max-age=60", plain, "Cdn-Cache-Control", "", true},
		{"Cdn-Cache-Control: max-age=60\nCdn-Cache-Control: no-store", plain, "Cdn-Cache-Control", "", true},
		{"Edge-Control: !no-store, max-age=1d", plain, "Edge-Control", "", true},
		{"Edge-Control: no-store", plain, "Edge-Control", "no-store", false},
		{"Surrogate-Control: no-store-remote, max-age=600", plain, "Surrogate-Control", "", true},
		{"Surrogate-Control: no-store;other, max-age=600", plain, "Surrogate-Control", "", true},
		{"X-Accel-Expires: 0", plain, "X-Accel-Expires", "0", false},
		{"X-Accel-Expires: 600\nX-Accel-Expires: 0", plain, "X-Accel-Expires", "", true},
		{"X-Accel-Expires: @0600", plain, "X-Accel-Expires", "", true},
		{"Any-Brand-Cache-Control: max-age=60", plain, "Any-Brand-Cache-Control", "", true},
	} {
		h := http.Header{}
		for line := range strings.SplitSeq(tt.header, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				h.Add(name, value)
			}
		}
		overruled := cachecontrol.Forbid(h)
		got, kept := h.Get("Cache-Control"), h.Get(tt.name)
		if got != tt.want || kept != tt.kept || overruled != tt.overruled {
			t.Errorf("%q: %q, and keeps %q; overruled: %t", tt.header, got, kept, overruled)
		}
	}
}

var shared = regexp.MustCompile(`(^|,)\s*(public|s-maxage)\s*(=|,|$)`)

// Whatever a handler says, what is left lets no shared cache keep the response.
func FuzzLimitToBrowser(f *testing.F) {
	f.Add("public, max-age=60", "max-age=60")
	f.Add(`private="a, b", s-maxage=1`, "no-store")
	f.Fuzz(func(t *testing.T, line, cdn string) {
		h := http.Header{"Cache-Control": {line}, "Cdn-Cache-Control": {cdn}}
		if !cachecontrol.LimitToBrowser(h) {
			t.Fatal("nothing was done")
		}
		private := strings.HasPrefix(h.Get("Cache-Control")+",", "private,")
		for i, text := range strings.Split(h.Get("Cache-Control"), `"`) {
			if text = strings.ToLower(text); i%2 == 0 && shared.MatchString(text) {
				t.Errorf("%q became %q", line, h.Get("Cache-Control"))
			}
		}
		if !private {
			t.Errorf("%q became %q", line, h.Get("Cache-Control"))
		}
	})
}
