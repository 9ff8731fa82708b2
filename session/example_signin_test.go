package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// Signing in makes a new session with a new ticket; values of keys that were declared with Carry go along.
func ExampleSession_SignIn() {
	theme := session.NewKey[string]("theme", session.Carry)
	draft := session.NewKey[string]("draft")

	sessions := session.New(memory.New(), session.Options{})
	login := sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		theme.Set(s, "dark")
		draft.Set(s, "written by whoever was here before")

		// The password has been checked. The user ticked "keep me signed in".
		if err := s.SignIn("ada", session.By("password"), session.Remember); err != nil {
			http.Error(w, "Please try again.", http.StatusServiceUnavailable)
			return
		}
		fmt.Printf("user %q, theme %q, draft %q\n", s.User(), theme.Get(s), draft.Get(s))
	}))
	login.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/login", nil))
	// Output:
	// user "ada", theme "dark", draft ""
}
