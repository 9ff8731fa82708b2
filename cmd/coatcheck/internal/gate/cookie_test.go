package gate

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/cookie"
)

var own = ownCookies{"__Host-session", "__Host-coatcheck-console"}

func TestHide(t *testing.T) {
	for _, tt := range []struct{ lines, want []string }{
		{nil, nil},
		{[]string{"a=1; b=2"}, []string{"a=1; b=2"}},
		{[]string{"__Host-session=x"}, nil},
		{[]string{"__Host-session=x; a=1"}, []string{"a=1"}},
		{[]string{"a=1; __Host-session=x"}, []string{"a=1"}},
		{[]string{"a=1; __Host-session=x; b=2"}, []string{"a=1; b=2"}},
		{[]string{"a=1;__Host-session=x;b=2 ; c"}, []string{"a=1;b=2 ; c"}},
		{[]string{"__Host-session=x; __Host-session=y; __Host-coatcheck-console=z"}, nil},
		{[]string{"a=\"q; uo\"; \tb==, ä=\xff; __Host-session=x; ; c"}, []string{"a=\"q; uo\"; \tb==, ä=\xff; ; c"}},
		{[]string{"__Host-sessions=1; x__Host-session=2; __host-session=3; a=__Host-session=4"},
			[]string{"__Host-sessions=1; x__Host-session=2; __host-session=3; a=__Host-session=4"}},
		{[]string{"a=1", "__Host-session=x", "b=2; __Host-session=y"}, []string{"a=1", "b=2"}},
	} {
		h := http.Header{}
		if tt.lines != nil {
			h["Cookie"] = slices.Clone(tt.lines)
		}
		own.hide(h)
		if got := h["Cookie"]; !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.lines, got, tt.want)
		}
	}
}

func TestRefuseSetCookie(t *testing.T) {
	for _, tt := range []struct {
		line    string
		refused bool
	}{
		{"a=1; Path=/", false},
		{"__Host-session=x; Path=/; Secure", true},
		{" \t__Host-session = x", true},
		{"__Host-session", true},
		{"__Host-coatcheck-console=; Max-Age=0", true},
		{"=__Host-session=x", true},
		{"__Host-sessions=x", false},
		{"a=__Host-session=x", false},
		{"__host-session=x", false}, // another cookie to a browser, and to Coatcheck
		{"", false},
	} {
		h := http.Header{"Set-Cookie": {"first=1", tt.line, "last=2"}}
		refused := own.refuse(h)
		if got := len(refused) == 1; got != tt.refused || len(h["Set-Cookie"]) != 3-len(refused) {
			t.Errorf("%q: refused %q, left %q", tt.line, refused, h["Set-Cookie"])
		}
	}
}

// FuzzHide checks that hiding cookies takes exactly ours, and leaves all other pairs as they are.
func FuzzHide(f *testing.F) {
	f.Add("a=1; __Host-session=x; b")
	f.Add("__Host-session=x;;; \t__Host-session=y; =z")
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n\x00") {
			return // never in a header
		}
		var want []string
		for name, value := range cookie.All([]string{line}) {
			if !slices.Contains(own, name) {
				want = append(want, name, value)
			}
		}
		h := http.Header{"Cookie": {line}}
		own.hide(h)
		var got []string
		for name, value := range cookie.All(h["Cookie"]) {
			got = append(got, name, value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q became %q: pairs %q, want %q", line, h["Cookie"], got, want)
		}
	})
}

func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		"Coatcheck-User": true, "coatcheck-user": true, "COATCHECK_USER": true, "Coatcheck_User": true,
		"coatcheck_user": true,
		"CoatCheck.User": true, "Coatcheck": true, "coatcheck-": true, "Coatcheck~x": true,
		"Coatchecker": false, "Coatcheck2": false, "Coatcheck0": false, "Coatcheck9": false, "CoatcheckA": false,
		"CoatcheckZ": false, "coatchecka": false, "coatcheckz": false,
		"Coatcheck/": true, "Coatcheck:": true, "Coatcheck@": true,
		"Coatcheck[": true, "Coatcheck`": true, "Coatcheck{": true,
		"X-Coatcheck-User": false, "Coat-Check-User": false, "": false,
	} {
		if got := reserved(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
