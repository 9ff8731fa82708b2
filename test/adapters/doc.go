// Package adapters proves that Coatcheck needs no adapter for the routers that people use. Each takes a plain
// net/http middleware, and that is what [coatcheck.dev/session.Manager.Handler] is. Around the whole of a site:
//
//	http.ListenAndServe(addr, sessions.Handler(router))  // net/http, chi, echo v5 and v4, gin
//
// or among a router's other middleware:
//
//	router.Use(sessions.Handler)                          // chi
//	site.Use(echo.WrapMiddleware(sessions.Handler))       // echo v5 and v4
//
// A handler finds the session in the context of its request, and sets values with keys:
//
//	s := session.From(r.Context())                        // net/http, chi
//	s := session.From(c.Request().Context())              // echo v5 and v4
//	s := session.From(c.Request.Context())                // gin
//
// What guards a route is a net/http middleware as well:
//
//	r.With(sessions.Require).Get("/account", account)                           // chi
//	site.GET("/account", account, echo.WrapMiddleware(sessions.Require))        // echo v5 and v4
//	site.GET("/account", gin.WrapH(sessions.Require(http.HandlerFunc(account))))  // gin
//
// Around the whole is the better place: then the ticket reaches the browser with every response, also that of a
// middleware or of the router's page for errors. Behind a middleware that recovers from panics, what a handler did
// before it panicked is saved when the manager stands outside of it, and dropped when it stands inside.
//
// Each file is the same small site on one router, as its users would write it; suite_test.go has what all of them must
// do: sign-in, values, guarded routes, streams that are flushed, connections that are taken over, and panics, with the
// cookie in the first bytes and in no response twice.
package adapters
