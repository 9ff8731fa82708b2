package adapters_test

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"coatcheck.dev/session"
)

// echo5Around has the manager around the router.
func echo5Around(sessions *session.Manager) http.Handler {
	site := newEcho5()
	echo5Routes(site, sessions)
	return sessions.Handler(site)
}

// echo5Inside has the manager among the router's middleware.
func echo5Inside(sessions *session.Manager) http.Handler {
	site := newEcho5()
	site.Use(echo.WrapMiddleware(sessions.Handler))
	echo5Routes(site, sessions)
	return site
}

func newEcho5() *echo.Echo {
	site := echo.New()
	site.Logger = slog.New(slog.DiscardHandler) // panics are on purpose
	site.Use(middleware.Recover())
	return site
}

func echo5Routes(site *echo.Echo, sessions *session.Manager) {
	site.POST("/sign-in", func(c *echo.Context) error {
		return session.From(c.Request().Context()).SignIn(c.FormValue("user"), session.By("password"))
	})
	site.POST("/cart", func(c *echo.Context) error {
		if err := add(session.From(c.Request().Context()), c.FormValue("item")); err != nil {
			return err
		}
		return c.NoContent(http.StatusOK)
	})
	site.GET("/cart", func(c *echo.Context) error {
		return c.String(http.StatusOK, owns(session.From(c.Request().Context())))
	})
	site.GET("/account", func(c *echo.Context) error {
		return c.String(http.StatusOK, "the account of "+session.From(c.Request().Context()).User())
	}, echo.WrapMiddleware(sessions.Require))
	site.GET("/events", echo5Events)
	site.GET("/echo", func(c *echo.Context) error {
		user := session.From(c.Request().Context()).User()
		conn, rw, err := http.NewResponseController(c.Response()).Hijack()
		if err != nil {
			return err
		}
		echoLine(user, conn, rw)
		return nil
	})
	site.GET("/panic", func(c *echo.Context) error {
		if err := add(session.From(c.Request().Context()), "panic"); err != nil {
			return err
		}
		panic("on purpose")
	})
	site.GET("/fails", func(c *echo.Context) error {
		if err := add(session.From(c.Request().Context()), "fails"); err != nil {
			return err
		}
		return echo.NewHTTPError(http.StatusTeapot, "no coffee")
	})
}

func echo5Events(c *echo.Context) error {
	if err := add(session.From(c.Request().Context()), "stream"); err != nil {
		return err
	}
	w := c.Response()
	w.Header().Set(echo.HeaderContentType, "text/event-stream")
	if _, err := io.WriteString(w, "data: first\n\n"); err != nil {
		return err
	}
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	await(c.Request().Context())
	_, err := io.WriteString(w, "data: last\n\n")
	return err
}
