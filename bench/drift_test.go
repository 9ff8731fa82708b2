package bench

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"coatcheck.dev/state"
)

// BenchmarkDrift is a response that sets one declared cookie, without and with the comparison of what is kept with the
// inventory.
func BenchmarkDrift(b *testing.B) {
	inventory := state.NewInventory()
	for _, name := range []string{"theme", "language", "currency", "layout"} {
		state.NewCookie[string](inventory, state.CookieSpec{Name: name, Purpose: state.Preference,
			Lifetime: time.Hour, Description: "a choice"})
	}
	lines := []string{"__Host-theme=dark; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["Set-Cookie"] = lines })
	drift := state.NewDrift(inventory, state.DriftOptions{})
	for _, by := range []struct {
		name    string
		handler http.Handler
	}{{"unwatched", handler}, {"coatcheck", drift.Handler(handler)}} {
		b.Run(by.name, func(b *testing.B) {
			r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				by.handler.ServeHTTP(w, r)
			}
		})
	}
	if found := drift.Findings(); len(found) > 0 {
		b.Errorf("found %+v", found)
	}
}
