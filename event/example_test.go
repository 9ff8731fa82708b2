package event_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/csrf"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// Sessions and the protection against forged requests tell the same observers.
func Example() {
	events := event.NewQueue(func(e event.Event) { fmt.Printf("%s %q\n", e.Kind, e.User) })
	sessions := session.New(memory.New(), session.Options{Events: events})
	guard := csrf.New(csrf.Options{Events: events})
	site := guard.Handler(sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = session.From(r.Context()).SignIn("ada")
	})))

	for _, from := range []string{"cross-site", "same-origin"} {
		r := httptest.NewRequest("POST", "/login", nil)
		r.Header.Set("Sec-Fetch-Site", from)
		site.ServeHTTP(httptest.NewRecorder(), r)
	}
	events.Flush(context.Background())
	// Output:
	// malicious_csrf ""
	// session_created "ada"
	// authn_login_success "ada"
}
