package api

import (
	"context"
	"io"
	"net/http"
	"time"
)

func alive(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, "ok\n") }

// readyTime is how long the store may take to answer a probe. Probes come every few seconds.
const readyTime = time.Second

// ready asks the store for a session that does not exist. That is one index look-up, because anybody may ask.
func (s sessions) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	answer := make(chan error, 1)
	go func() { answer <- s.manager.Ready(ctx) }() // it goes on when the client has gone
	var err error
	select {
	case err = <-answer:
	case <-ctx.Done():
		err = ctx.Err()
	}
	switch {
	case s.closing.Err() != nil:
		health(w, http.StatusServiceUnavailable, "stopping\n")
	case err != nil:
		health(w, http.StatusServiceUnavailable, "the store does not answer\n")
	default:
		health(w, http.StatusOK, "ok\n")
	}
}

func health(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
