package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"coatcheck.dev/session"
)

// Each of a browser's two tabs counts for itself.
var counts = map[string]session.Key[int]{"a": session.NewKey[int]("a"), "b": session.NewKey[int]("b")}

// site is an app with no pages: it says who is asking, and does what it is told.
func site(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		json.NewEncoder(w).Encode(map[string]any{
			"user": s.User(), "counts": map[string]int{"a": counts["a"].Get(s), "b": counts["b"].Get(s)},
		})
	})
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		answer(w, session.From(r.Context()).SignIn(r.FormValue("user")))
	})
	mux.HandleFunc("POST /out", func(w http.ResponseWriter, r *http.Request) {
		answer(w, session.From(r.Context()).SignOut())
	})
	mux.HandleFunc("POST /count", func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if !s.SignedIn() {
			http.Error(w, "nobody", http.StatusUnauthorized)
			return
		}
		n, err := strconv.Atoi(r.FormValue("to"))
		if err == nil {
			err = counts[r.FormValue("tab")].Set(s, n)
		}
		if err == nil {
			err = s.Save()
		}
		answer(w, err)
	})
	mux.HandleFunc("POST /end", func(w http.ResponseWriter, r *http.Request) {
		_, err := sessions.RevokeUser(r.Context(), r.FormValue("user"))
		answer(w, err)
	})
	mux.HandleFunc("GET /stream", stream)
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) {
		answer(w, sessions.Ready(r.Context()))
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// stream sends a byte every so often until the session ends.
func stream(w http.ResponseWriter, r *http.Request) {
	s := session.From(r.Context())
	if !s.SignedIn() {
		http.Error(w, "nobody", http.StatusUnauthorized)
		return
	}
	every, err := time.ParseDuration(r.FormValue("every"))
	if err != nil {
		every = 100 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := io.WriteString(w, "."); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-s.Done():
			return
		case <-r.Context().Done():
			return
		}
	}
}
