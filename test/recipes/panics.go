package recipes

import (
	"log/slog"
	"net/http"

	"coatcheck.dev/session"
)

func panickingSite(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /order", func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		_ = add(s, "tea")
		if r.FormValue("sure") != "" {
			_ = s.Save() // durable from here on
		}
		panic("out of stock")
	})
	return recovered(sessions.Handler(mux))
}

// recovered stands around the manager, so that the panic passes it: what a handler has not saved is dropped, and the
// visitor gets an error instead of half an order. Inside of it, the recovery's answer would save what was done so far.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p == http.ErrAbortHandler { // a wish, not a failure
				panic(p)
			} else if p != nil {
				slog.Error("handler panicked", "panic", p, "path", r.URL.Path)
				http.Error(w, "Something went wrong here.", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
