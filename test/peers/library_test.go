package peers

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/gorilla/sessions"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A library is a session library as an application uses it that follows its documentation.
type library interface {
	// handler gives the requests of a site sessions.
	handler(fn func(s visit, w http.ResponseWriter, r *http.Request)) http.Handler
	// revokeAll lists the sessions of a user and ends each.
	revokeAll(user string) error
}

// A visit is the session of one request. Changes are saved in the way of the library: by its middleware, or at once
// where the application has to.
type visit interface {
	user() string
	signIn(user string)
	signOut()
	get(key string) string
	put(key, value string)
	renew() error // gives the session a new secret
	save()        // for libraries that leave it to the application
}

// errNone says that a library has no such function.
var errNone = errors.New("no such function")

var libraries = []struct {
	name string
	open func(t testing.TB) library
}{
	{"coatcheck", func(t testing.TB) library { return newCoatcheck(t) }},
	{"scs", func(testing.TB) library { return newSCS() }},
	{"scs, idle timeout", func(testing.TB) library { l := newSCS(); l.IdleTimeout = 2 * time.Hour; return l }},
	{"scs, hashed tokens", func(testing.TB) library { l := newSCS(); l.HashTokenInStore = true; return l }},
	{"gorilla files", func(t testing.TB) library { return gorilla{sessions.NewFilesystemStore(t.TempDir(), testKey)} }},
	{"gorilla cookie", func(testing.TB) library { return gorilla{sessions.NewCookieStore(testKey)} }},
}

// The values below are strings, so that no library is asked for a type that it has to be told of.

type coatcheck struct{ *session.Manager }

func newCoatcheck(t testing.TB) coatcheck {
	m := session.New(memory.New(), session.Options{IdleTimeout: 2 * time.Hour})
	t.Cleanup(func() {
		if err := m.Close(t.Context()); err != nil {
			t.Logf("close: %v", err)
		}
	})
	return coatcheck{m}
}

func (l coatcheck) handler(fn func(visit, http.ResponseWriter, *http.Request)) http.Handler {
	return l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fn(coatcheckVisit{session.From(r.Context())}, w, r)
	}))
}

func (l coatcheck) revokeAll(user string) error {
	infos, err := l.List(detached, user)
	for _, info := range infos {
		_, revokeErr := l.Revoke(detached, info.Handle)
		err = errors.Join(err, revokeErr)
	}
	return err
}

type coatcheckVisit struct{ s *session.Session }

func (v coatcheckVisit) user() string          { return v.s.User() }
func (v coatcheckVisit) signIn(user string)    { must(v.s.SignIn(user)) }
func (v coatcheckVisit) signOut()              { must(v.s.SignOut()) }
func (v coatcheckVisit) get(key string) string { return session.NewKey[string](key).Get(v.s) }
func (v coatcheckVisit) put(key, value string) { must(session.NewKey[string](key).Set(v.s, value)) }
func (v coatcheckVisit) renew() error          { return nil } // it does so by itself, when it is due
func (v coatcheckVisit) save()                 {}

type scsLibrary struct{ *scs.SessionManager }

// defaultSCS is made before any test, as the goroutine of the store in it does not end (scs#228).
var defaultSCS = scs.New()

func newSCS() scsLibrary {
	m := *defaultSCS
	m.Store = memstore.NewWithCleanupInterval(0)
	return scsLibrary{&m}
}

func (l scsLibrary) handler(fn func(visit, http.ResponseWriter, *http.Request)) http.Handler {
	return l.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fn(scsVisit{l.SessionManager, r}, w, r)
	}))
}

func (l scsLibrary) revokeAll(user string) error {
	return l.Iterate(detached, func(ctx context.Context) error {
		if l.GetString(ctx, "user") != user {
			return nil
		}
		return l.Destroy(ctx)
	})
}

type scsVisit struct {
	m *scs.SessionManager
	r *http.Request
}

func (v scsVisit) user() string          { return v.get("user") }
func (v scsVisit) signIn(user string)    { must(v.renew()); v.put("user", user) }
func (v scsVisit) signOut()              { must(v.m.Destroy(v.r.Context())) }
func (v scsVisit) get(key string) string { return v.m.GetString(v.r.Context(), key) }
func (v scsVisit) put(key, value string) { v.m.Put(v.r.Context(), key, value) }
func (v scsVisit) renew() error          { return v.m.RenewToken(v.r.Context()) }
func (v scsVisit) save()                 {}

type gorilla struct{ store sessions.Store }

var testKey = []byte("a key of a test, 32 bytes long..")

func (l gorilla) handler(fn func(visit, http.ResponseWriter, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := l.store.Get(r, "session") // it is a new one if the cookie is no good
		fn(gorillaVisit{s, w, r}, w, r)
	})
}

func (l gorilla) revokeAll(string) error { return errNone }

type gorillaVisit struct {
	s *sessions.Session
	w http.ResponseWriter
	r *http.Request
}

func (v gorillaVisit) user() string          { return v.get("user") }
func (v gorillaVisit) signIn(user string)    { v.put("user", user); v.save() }
func (v gorillaVisit) get(key string) string { text, _ := v.s.Values[key].(string); return text }
func (v gorillaVisit) put(key, value string) { v.s.Values[key] = value }
func (v gorillaVisit) renew() error          { return errNone }
func (v gorillaVisit) save()                 { must(v.s.Save(v.r, v.w)) }

func (v gorillaVisit) signOut() {
	v.s.Options.MaxAge = -1
	clear(v.s.Values)
	v.save()
}
