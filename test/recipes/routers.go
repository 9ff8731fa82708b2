package recipes

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v5"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// chi: what logs, compresses and recovers stands before the manager, what needs a session after it.
func chiSite(sessions *session.Manager) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer, middleware.Compress(5), sessions.Handler, csrf.New(csrf.Options{}).Handler)
	r.With(sessions.Require).Get("/account", account)
	return r
}

// echo: the same; Handler and Require are middleware of net/http.
func echoSite(sessions *session.Manager) http.Handler {
	e := echo.New()
	e.Use(echo.WrapMiddleware(sessions.Handler), echo.WrapMiddleware(csrf.New(csrf.Options{}).Handler))
	e.GET("/account", echo.WrapHandler(http.HandlerFunc(account)), echo.WrapMiddleware(sessions.Require))
	return e
}

// gin: its middleware are its own, so the manager stands around the engine.
func ginSite(sessions *session.Manager) http.Handler {
	engine := gin.New()
	engine.GET("/account", gin.WrapH(sessions.Require(http.HandlerFunc(account))))
	return sessions.Handler(csrf.New(csrf.Options{}).Handler(engine))
}

func account(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte("the account of " + session.From(r.Context()).User()))
}
