package recipes

import (
	"encoding/json"
	"net/http"
	"strings"

	"coatcheck.dev/session"
)

// By path, so that no page of the site can ask for its ticket in a header.
var apiOptions = session.Options{
	Header: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") },
}

func apiSite(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/sign-in", func(w http.ResponseWriter, r *http.Request) {
		var who struct{ User, Password string }
		if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&who) != nil || who.Password != "secret" {
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "Please try again."})
			return
		}
		if err := session.From(r.Context()).SignIn(who.User, session.Remember, session.By("password")); err != nil {
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "Please try again later."})
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"user": who.User}) // the ticket is in the header Session-Ticket
	})
	mux.Handle("GET /api/cart", sessions.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string][]string{"cart": Cart.Get(session.From(r.Context()))})
	})))
	return sessions.Handler(mux)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
