package sessiontest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

var cart = session.NewKey[[]string]("cart", session.Carry)

// newSite is the app under test: what its main function serves.
func newSite(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /account", sessions.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		fmt.Fprintf(w, "%s has %d things in the cart", s.User(), len(cart.Get(s)))
	})))
	mux.HandleFunc("POST /cart", func(_ http.ResponseWriter, r *http.Request) {
		item := r.FormValue("item")
		_ = cart.Update(session.From(r.Context()), func(items []string) []string { return append(items, item) })
	})
	return sessions.Handler(mux)
}

// A handler is tested in three lines.
func Example() {
	sessions := sessiontest.NewManager(t, session.Options{})
	w := sessiontest.NewVisitor(t, sessions, newSite(sessions)).SignIn("ada").Get("/account")
	fmt.Println(w.Code, w.Body)
	// Output: 200 ada has 0 things in the cart
}

// Values are there before the handler runs, and can be looked at afterwards.
func ExampleSet() {
	sessions := sessiontest.NewManager(t, session.Options{})
	visitor := sessiontest.NewVisitor(t, sessions, newSite(sessions))
	sessiontest.Set(visitor, cart, []string{"tea"})
	visitor.PostForm("/cart", url.Values{"item": {"cake"}})
	fmt.Println(sessiontest.Get(visitor, cart))
	// Output: [tea cake]
}

// Any request can be sent, and everything of the session be looked at.
func ExampleVisitor_With() {
	sessions := sessiontest.NewManager(t, session.Options{})
	ada := sessiontest.NewVisitor(t, sessions, newSite(sessions))
	ada.SignIn("ada", session.Remember, session.By("passkey"))
	r := httptest.NewRequest("POST", "/cart?item=tea", nil)
	r.Header.Set("Accept", "application/json")
	ada.Do(r)
	ada.With(func(s *session.Session) {
		info, _ := s.Info()
		fmt.Println(info.Remember, s.Auth()[0].Method, cart.Get(s))
	})
	// Output: true passkey [tea]
}

// t stands for the argument of a test function.
var t testing.TB = exampleT{}

type exampleT struct{ testing.TB }

func (exampleT) Helper()                           {}
func (exampleT) Cleanup(func())                    {}
func (exampleT) Context() context.Context          { return context.Background() }
func (exampleT) Logf(format string, args ...any)   { fmt.Printf(format+"\n", args...) }
func (exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
