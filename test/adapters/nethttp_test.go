package adapters_test

import (
	"fmt"
	"io"
	"net/http"

	"coatcheck.dev/session"
)

// netHTTPSite is the site on http.ServeMux. There is nothing in net/http that answers a panic, so it brings its own.
func netHTTPSite(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign-in", signIn)
	mux.HandleFunc("POST /cart", addToCart)
	mux.HandleFunc("GET /cart", showCart)
	mux.Handle("GET /account", sessions.Require(http.HandlerFunc(account)))
	mux.HandleFunc("GET /events", events)
	mux.HandleFunc("GET /echo", echoes)
	mux.HandleFunc("GET /panic", panics)
	mux.HandleFunc("GET /fails", fails)
	return recovered(sessions.Handler(mux))
}

func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "something went wrong", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func signIn(w http.ResponseWriter, r *http.Request) {
	if err := session.From(r.Context()).SignIn(r.FormValue("user"), session.By("password")); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.WriteString(w, "welcome")
}

func addToCart(w http.ResponseWriter, r *http.Request) {
	if err := add(session.From(r.Context()), r.FormValue("item")); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func showCart(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, owns(session.From(r.Context())))
}

func account(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "the account of %s", session.From(r.Context()).User())
}

func events(w http.ResponseWriter, r *http.Request) {
	if err := add(session.From(r.Context()), "stream"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, "data: first\n\n")
	w.(http.Flusher).Flush()
	await(r.Context())
	io.WriteString(w, "data: last\n\n")
}

func echoes(w http.ResponseWriter, r *http.Request) {
	user := session.From(r.Context()).User()
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	echoLine(user, conn, rw)
}

func panics(_ http.ResponseWriter, r *http.Request) {
	if err := add(session.From(r.Context()), "panic"); err == nil {
		panic("on purpose")
	}
}

func fails(w http.ResponseWriter, r *http.Request) {
	if err := add(session.From(r.Context()), "fails"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Error(w, "no coffee", http.StatusTeapot)
}
