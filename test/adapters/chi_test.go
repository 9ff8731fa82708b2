package adapters_test

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"coatcheck.dev/session"
)

// chiAround has the manager around the router.
func chiAround(sessions *session.Manager) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	return sessions.Handler(chiRoutes(r, sessions))
}

// chiInside has the manager among the router's middleware, where it wraps what chi's own wrappers have wrapped.
func chiInside(sessions *session.Manager) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Compress(5), middleware.Recoverer, sessions.Handler)
	return chiRoutes(r, sessions)
}

// chiRoutes: chi's handlers are those of net/http.
func chiRoutes(r chi.Router, sessions *session.Manager) http.Handler {
	r.Post("/sign-in", signIn)
	r.Post("/cart", addToCart)
	r.Get("/cart", showCart)
	r.With(sessions.Require).Get("/account", account)
	r.Get("/events", events)
	r.Get("/echo", echoes)
	r.Get("/panic", panics)
	r.Get("/fails", fails)
	return r
}
