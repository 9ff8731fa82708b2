package recipes

import (
	"fmt"
	"net/http"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

func htmxSite(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<script src="/htmx.min.js"></script>
<button hx-post="/cart" hx-vals='{"item": "tea"}' hx-target="#count">Add tea</button>
<span id="count">%d</span>`, len(Cart.Get(session.From(r.Context()))))
	})
	mux.Handle("POST /cart", sessions.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if err := add(s, r.PostFormValue("item")); err != nil {
			http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, len(Cart.Get(s))) // a part of the page; the ticket travels in its headers, as with any answer
	})))
	return sessions.Handler(csrf.New(csrf.Options{}).Handler(mux))
}
