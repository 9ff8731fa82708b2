package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// Require sends browsers to the sign-in page, which finds the page they wanted with ReturnTo. Programs get 401.
func ExampleManager_Require() {
	sessions := session.New(memory.New(), session.Options{SignInPath: "/login"})
	account := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "your account") })
	site := sessions.Handler(sessions.Require(account))

	for _, accept := range []string{"text/html", "application/json"} {
		r := httptest.NewRequest(http.MethodGet, "/account?tab=2", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("Location"))
	}

	page := httptest.NewRequest(http.MethodGet, "/login?return_to=%2Faccount%3Ftab%3D2", nil)
	fmt.Println(session.ReturnTo(page, "/"))
	trap := httptest.NewRequest(http.MethodGet, "/login?return_to=%2F%2Fevil.example", nil)
	fmt.Println(session.ReturnTo(trap, "/"))
	// Output:
	// 303 "/login?return_to=%2Faccount%3Ftab%3D2"
	// 401 ""
	// /account?tab=2
	// /
}
