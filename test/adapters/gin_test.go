package adapters_test

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"coatcheck.dev/session"
)

// ginAround has the manager around the engine. Gin's middleware are not those of net/http, so this is the way.
func ginAround(sessions *session.Manager) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	site := gin.New()
	site.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) {
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	ginRoutes(site, sessions)
	return sessions.Handler(site)
}

func ginRoutes(site *gin.Engine, sessions *session.Manager) {
	site.POST("/sign-in", func(c *gin.Context) {
		err := session.From(c.Request.Context()).SignIn(c.Query("user"), session.By("password"))
		if err != nil {
			c.AbortWithError(http.StatusInternalServerError, err)
			return
		}
		c.String(http.StatusOK, "welcome")
	})
	site.POST("/cart", func(c *gin.Context) {
		if err := add(session.From(c.Request.Context()), c.Query("item")); err != nil {
			c.AbortWithError(http.StatusInternalServerError, err)
		}
	})
	site.GET("/cart", func(c *gin.Context) {
		c.String(http.StatusOK, "%s", owns(session.From(c.Request.Context())))
	})
	site.GET("/account", gin.WrapH(sessions.Require(http.HandlerFunc(account))))
	site.GET("/events", ginEvents)
	site.GET("/echo", func(c *gin.Context) {
		user := session.From(c.Request.Context()).User()
		conn, rw, err := c.Writer.Hijack()
		if err != nil {
			c.AbortWithError(http.StatusInternalServerError, err)
			return
		}
		echoLine(user, conn, rw)
	})
	site.GET("/panic", func(c *gin.Context) {
		if err := add(session.From(c.Request.Context()), "panic"); err == nil {
			panic("on purpose")
		}
	})
	site.GET("/fails", func(c *gin.Context) {
		if err := add(session.From(c.Request.Context()), "fails"); err != nil {
			c.AbortWithError(http.StatusInternalServerError, err)
			return
		}
		c.AbortWithStatus(http.StatusTeapot)
	})
}

func ginEvents(c *gin.Context) {
	if err := add(session.From(c.Request.Context()), "stream"); err != nil {
		c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.Header("Content-Type", "text/event-stream")
	c.Writer.WriteString("data: first\n\n")
	c.Writer.Flush()
	await(c.Request.Context())
	c.Writer.WriteString("data: last\n\n")
}
