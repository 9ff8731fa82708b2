package token_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/token"
)

// A site calls its service for orders, and says for whom.
func Example() {
	users := memory.New()
	sessions := session.New(users, session.Options{})
	issuer := token.NewIssuer(sessions, seal.New(), token.Options{Issuer: "https://shop.example"})

	orders := token.NewVerifier(token.VerifierOptions{
		Issuer: "https://shop.example", Audience: "orders", Keys: issuer.Keys, Feed: users,
	})
	service := httptest.NewServer(orders.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := token.From(r.Context())
		fmt.Println("orders of", claims.User)
	})))
	defer service.Close()

	page := func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if err := s.SignIn("ada"); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		text, err := issuer.Issue(s, "orders")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		call, _ := http.NewRequestWithContext(r.Context(), "GET", service.URL, nil)
		call.Header.Set("Authorization", "Bearer "+text)
		if answer, err := http.DefaultClient.Do(call); err == nil {
			answer.Body.Close()
			fmt.Println(answer.Status)
		}
	}
	sessions.Handler(http.HandlerFunc(page)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output:
	// orders of ada
	// 200 OK
}

// The service that was given a ticket has it exchanged at POST /token, with its own name and secret.
func ExampleIssuer_Exchange() {
	sessions := session.New(memory.New(), session.Options{})
	issuer := token.NewIssuer(sessions, seal.New(), token.Options{Issuer: "https://shop.example"})
	mux := http.NewServeMux()
	mux.Handle("GET /.well-known/jwks.json", issuer.JWKS())
	mux.Handle("POST /token", issuer.Exchange(token.Client{
		Name: "orders", Secret: "from a secret store, 32 bytes or more", Audience: "orders",
	}))
}
