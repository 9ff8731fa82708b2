package state_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store/memory"
)

// Whatever its options are, the cookie that a manager sets is as declared.
func TestTheTicketIsAsDeclared(t *testing.T) {
	for name, o := range map[string]session.Options{
		"defaults": {},
		"strict":   {SameSiteStrict: true},
		"insecure": {InsecureCookie: true},
		"domain":   {InsecureDomain: "shop.example"},
	} {
		t.Run(name, func(t *testing.T) {
			inventory := state.NewInventory()
			drift := state.NewDrift(inventory, state.DriftOptions{RefuseInTests: true})
			sessions := session.New(memory.New(), o)
			inventory.Declare(state.Ticket(sessions.Options()))
			mux := http.NewServeMux()
			mux.HandleFunc("/in", func(_ http.ResponseWriter, r *http.Request) {
				must(t, session.From(r.Context()).SignIn("ada", session.Remember))
			})
			mux.HandleFunc("/out", func(_ http.ResponseWriter, r *http.Request) {
				must(t, session.From(r.Context()).SignOut())
			})
			h := drift.Handler(sessions.Handler(mux))
			r := httptest.NewRequest("GET", "https://shop.example/in", nil)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			r = httptest.NewRequest("GET", "https://shop.example/out", nil)
			r.Header.Set("Cookie", next(w).Header.Get("Cookie"))
			out := httptest.NewRecorder()
			h.ServeHTTP(out, r)
			if len(w.Header()["Set-Cookie"]) != 1 || len(out.Header()["Set-Cookie"]) != 1 {
				t.Errorf("set %q and %q", w.Header()["Set-Cookie"], out.Header()["Set-Cookie"])
			}
			if found := drift.Findings(); len(found) > 0 {
				t.Errorf("found %+v", found)
			}
			must(t, sessions.Close(t.Context()))
		})
	}
}
