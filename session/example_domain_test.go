package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// One session for www.shop.example and api.shop.example. Every host below shop.example gets its ticket.
func ExampleOptions_insecureDomain() {
	sessions := session.New(memory.New(), session.Options{InsecureDomain: "shop.example"})
	login := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignIn("ada"); err != nil {
			fmt.Println(err)
		}
	}))
	w := httptest.NewRecorder()
	login.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "https://www.shop.example/login", nil))
	name, rest, _ := strings.Cut(w.Header().Get("Set-Cookie"), "=")
	_, attributes, _ := strings.Cut(rest, "; ")
	fmt.Println(name, attributes)
	// Output:
	// __Secure-session Path=/; Domain=shop.example; Secure; HttpOnly; SameSite=Lax
}
