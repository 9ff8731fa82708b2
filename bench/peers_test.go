package bench

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/sessions"
)

// scsSite is scs on a store, with its own codec, encoding/gob.
func scsSite(st scs.Store, idle time.Duration) site {
	m := scs.New()
	m.HashTokenInStore = true // a copy of the store is then worth nothing, as with Coatcheck
	m.Cookie.Secure = true
	m.IdleTimeout = idle
	m.Store = st
	return site{
		name:  "scs",
		close: func() {},
		wrap:  m.LoadAndSave,
		user:  func(r *http.Request) string { return m.GetString(r.Context(), "user") },
		theme: func(r *http.Request) string { return m.GetString(r.Context(), "theme") },
		signIn: func(_ http.ResponseWriter, r *http.Request, user string, filled bool) {
			must(m.RenewToken(r.Context()))
			m.Put(r.Context(), "user", user)
			if filled {
				m.Put(r.Context(), "theme", themeValue)
				m.Put(r.Context(), "cart", cartValue)
				m.Put(r.Context(), "views", 12)
			}
		},
		setView: func(_ http.ResponseWriter, r *http.Request, views int) { m.Put(r.Context(), "views", views) },
	}
}

// gorillaSite is gorilla/sessions with everything in a signed cookie. There is no store, so nobody can end such a
// session.
func gorillaSite() site {
	key := make([]byte, 32)
	rand.Read(key)
	st := sessions.NewCookieStore(key)
	st.Options = &sessions.Options{
		Path: "/", MaxAge: 86400, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	of := func(r *http.Request) *sessions.Session {
		s, err := st.Get(r, "session")
		must(err)
		return s
	}
	text := func(r *http.Request, key string) string {
		s, _ := of(r).Values[key].(string)
		return s
	}
	return site{
		name:  "gorilla",
		close: func() {},
		// It keeps its sessions in the request itself, which a server makes anew each time.
		wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				before := *r
				next.ServeHTTP(w, r)
				*r = before
			})
		},
		user:  func(r *http.Request) string { return text(r, "user") },
		theme: func(r *http.Request) string { return text(r, "theme") },
		signIn: func(w http.ResponseWriter, r *http.Request, user string, filled bool) {
			s := of(r)
			s.Values["user"] = user
			if filled {
				s.Values["theme"], s.Values["cart"], s.Values["views"] = themeValue, cartValue, 12
			}
			must(s.Save(r, w))
		},
		setView: func(w http.ResponseWriter, r *http.Request, views int) {
			s := of(r)
			s.Values["views"] = views
			must(s.Save(r, w))
		},
	}
}
