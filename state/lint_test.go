package state_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"coatcheck.dev/cookie"
	"coatcheck.dev/lint"
	"coatcheck.dev/seal"
	"coatcheck.dev/state"
)

// TestCookiesAreClean: whatever a spec says, there is nothing to say about its cookie, set or deleted.
func TestCookiesAreClean(t *testing.T) {
	inv := state.NewInventory()
	inv.SignWith(seal.New())
	consent := state.NewConsent(inv, state.ConsentSpec{})
	var sets []func(http.ResponseWriter) error
	var deletes []func(http.ResponseWriter)
	for name, change := range map[string]func(*state.CookieSpec){
		"theme":   func(*state.CookieSpec) {},
		"tab":     func(s *state.CookieSpec) { s.Lifetime = 0 },
		"longest": func(s *state.CookieSpec) { s.Lifetime = cookie.MaxLifetime },
		"script":  func(s *state.CookieSpec) { s.ReadableByScripts = true },
		"strict":  func(s *state.CookieSpec) { s.SameSiteStrict = true },
		"plain":   func(s *state.CookieSpec) { s.PlainName = true },
		// a preference may go over http; a session would be found
		"insecure": func(s *state.CookieSpec) { s.InsecureCookie = true },
		"signed":   func(s *state.CookieSpec) { s.Signed = true },
		"sealed":   func(s *state.CookieSpec) { s.Sealed = true },
	} {
		of := spec(name)
		change(&of)
		c := state.NewCookie[[]string](inv, of)
		sets = append(sets, func(w http.ResponseWriter) error { return c.Set(w, []string{"a b", `"c",;`, "\x00é"}) })
		deletes = append(deletes, c.Delete)
	}
	optional := spec("ads")
	optional.Purpose = state.Analytics
	counted := state.NewOptional[int](inv, consent, optional)
	sets = append(sets, func(w http.ResponseWriter) error {
		return consent.Set(w, httptest.NewRequest("POST", "/", nil), state.Analytics)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/set", func(w http.ResponseWriter, _ *http.Request) {
		for _, set := range sets {
			must(t, set(w))
		}
	})
	mux.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		if _, err := counted.Set(w, r, 7); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/delete", func(w http.ResponseWriter, r *http.Request) {
		for _, del := range deletes {
			del(w)
		}
		must(t, consent.Set(w, r))
	})
	report := lint.Handler(t, mux, lint.Get("/set"), lint.Get("/count"), lint.Get("/delete"))
	if n := report.Count(lint.Note); n > 0 {
		t.Errorf("%d findings", n)
	}
	for i := range report.Cookies {
		c := &report.Cookies[i]
		if slices.ContainsFunc(c.Outcomes[:], func(o lint.Outcome) bool { return !o.Kept() }) {
			t.Errorf("a browser drops %s: %+v", c.Line.Raw, c.Outcomes)
		}
	}
	if n := len(report.Cookies); n != 22 {
		t.Errorf("%d cookies, want 10, 1 and 11", n)
	}
}
