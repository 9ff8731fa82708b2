package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A manager wraps the site's handler. Zero options are the safe ones.
func ExampleNew() {
	sessions := session.New(memory.New(), session.Options{})

	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if r.URL.Path == "/login" {
			if err := s.SignIn("ada"); err != nil {
				http.Error(w, "Please try again.", http.StatusServiceUnavailable)
				return
			}
		}
		fmt.Fprintf(w, "hello %q", s.User())
	})
	server := httptest.NewTLSServer(sessions.Handler(site))
	defer server.Close()

	for _, path := range []string{"/", "/login"} {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		response.Body.Close()
		for _, line := range response.Header["Set-Cookie"] {
			name, rest, _ := strings.Cut(line, "=")
			_, attributes, _ := strings.Cut(rest, "; ")
			fmt.Printf("%s: %s=...; %s\n", path, name, attributes)
		}
	}
	// Output:
	// /login: __Host-session=...; Path=/; Secure; HttpOnly; SameSite=Lax
}
