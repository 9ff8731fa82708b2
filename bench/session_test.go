package bench

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

const user = "u42"

// BenchmarkSessionRead finds the session of a request, checks its ticket and reads who is signed in. As everywhere
// here but at sign-in, the session has three small values beside the user.
func BenchmarkSessionRead(b *testing.B) {
	b.Run("limit", limitSessionRead)
	for _, s := range memorySites() {
		b.Run(s.name, func(b *testing.B) { benchRead(b, s) })
	}
	b.Run("coatcheck-near", func(b *testing.B) { benchRead(b, nearSite(b, farMemory())) })
	b.Run("coatcheck-sealed", func(b *testing.B) {
		benchRead(b, coatcheckOf(session.New(memory.New(), session.Options{SealData: seal.New()})))
	})
	b.Run("scs-idle", func(b *testing.B) { benchRead(b, scsSite(memstore.NewWithCleanupInterval(0), time.Hour)) })
}

// farMemory is a store that is called as one in another process is: it cannot be peeked into.
func farMemory() store.Store {
	st := memory.New()
	return struct {
		store.Store
		store.Feed
	}{st, st}
}

func benchRead(b *testing.B, s site) {
	serveSignedIn(b, s, func(_ http.ResponseWriter, r *http.Request) {
		if s.user(r) != user {
			panic("not signed in")
		}
	})
}

// serveSignedIn serves browsers that are signed in.
func serveSignedIn(b *testing.B, s site, handle http.HandlerFunc) {
	h := s.wrap(handle)
	serve(b, func() (http.Handler, string) { return h, s.signedIn(user, true) })
}

// BenchmarkSessionReadKey reads one value of three as well.
func BenchmarkSessionReadKey(b *testing.B) {
	b.Run("limit", limitSessionRead)
	for _, s := range memorySites() {
		b.Run(s.name, func(b *testing.B) {
			serveSignedIn(b, s, func(_ http.ResponseWriter, r *http.Request) {
				if s.user(r) != user || s.theme(r) != themeValue {
					panic("not signed in, or the value is gone")
				}
			})
		})
	}
}

// BenchmarkSessionWrite changes one value of three.
func BenchmarkSessionWrite(b *testing.B) {
	for _, s := range memorySites() {
		b.Run(s.name, func(b *testing.B) {
			serve(b, func() (http.Handler, string) {
				views := 0
				return s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					views++
					s.setView(w, r, views)
				})), s.signedIn(user, true)
			})
		})
	}
}

// BenchmarkAnonymous serves a visitor who has no cookie. The handler asks who is signed in, the bare one without any
// middleware has nobody to ask.
func BenchmarkAnonymous(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		serveCookies(b, "", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
	})
	for _, s := range memorySites() {
		b.Run(s.name, func(b *testing.B) {
			serveCookies(b, "", s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if s.user(r) != "" {
					panic("signed in")
				}
				answer(w)
			})))
		})
	}
}

// serveCookies serves browsers that all send the same cookies.
func serveCookies(b *testing.B, cookies string, h http.Handler) {
	serve(b, func() (http.Handler, string) { return h, cookies })
}

var page = []byte("Hello.")

func answer(w http.ResponseWriter) {
	if _, err := w.Write(page); err != nil {
		panic(err)
	}
}

// BenchmarkGarbageTicket serves a request with a session cookie that is none. No store may be asked.
func BenchmarkGarbageTicket(b *testing.B) {
	garbage := "theme=dark; __Host-session=1" + strings.Repeat("A", 53) + "!"
	s := coatcheckSite(untouchable{memory.New()})
	b.Run(s.name, func(b *testing.B) {
		serveCookies(b, garbage, s.wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if s.user(r) != "" {
				panic("signed in")
			}
		})))
	})
}

// untouchable is a store that must not be asked.
type untouchable struct{ *memory.Store }

var _ store.Peeker = untouchable{}

func (untouchable) Peek(store.ID, time.Time) (store.Encoded, bool) { panic("the store was asked") }

func (untouchable) Load(context.Context, store.ID) (store.Record, error) {
	panic("the store was asked")
}
