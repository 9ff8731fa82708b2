package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// ballast is what a server has in memory beside. Without it the garbage collector would run thousands of times a
// second, and would be most of what is measured.
const ballast = 64 << 20

func TestMain(m *testing.M) {
	held := make([]byte, ballast)
	growHeap()
	code := m.Run()
	runtime.KeepAlive(held)
	os.Exit(code)
}

// growHeap has the system hand out what the heap grows to between two collections. The first benchmark would measure
// that otherwise.
func growHeap() {
	room := make([]byte, ballast+ballast/2)
	for i := 0; i < len(room); i += os.Getpagesize() {
		room[i] = 1
	}
	runtime.KeepAlive(room)
	runtime.GC()
}

// A site is one library as the benchmarks use it: a middleware, and what a handler behind it does with its visitor.
type site struct {
	name    string
	close   func()
	wrap    func(http.Handler) http.Handler
	user    func(*http.Request) string
	theme   func(*http.Request) string
	signIn  func(w http.ResponseWriter, r *http.Request, user string, filled bool) // filled: with three small values
	setView func(w http.ResponseWriter, r *http.Request, views int)
}

const (
	themeValue = "dark"
	userAgent  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)

var cartValue = []string{"tea", "milk"}

// memorySites are the libraries with their stores in memory.
func memorySites() []site {
	return []site{coatcheckSite(memory.New()), scsSite(memstore.NewWithCleanupInterval(0), 0), gorillaSite()}
}

var (
	themeKey = session.NewKey[string]("theme")
	cartKey  = session.NewKey[[]string]("cart", session.Carry)
	viewsKey = session.NewKey[int]("views")
)

func coatcheckSite(st store.Store) site {
	// A disk that is busy with something else is no reason to stop.
	return coatcheckOf(session.New(st, session.Options{StoreTimeout: time.Minute}))
}

func coatcheckOf(m *session.Manager) site {
	return site{
		name:  "coatcheck",
		close: func() { must(m.Close(context.Background())) },
		wrap:  m.Handler,
		user:  func(r *http.Request) string { return session.From(r.Context()).User() },
		theme: func(r *http.Request) string { return themeKey.Get(session.From(r.Context())) },
		signIn: func(_ http.ResponseWriter, r *http.Request, user string, filled bool) {
			s := session.From(r.Context())
			must(s.SignIn(user, session.By("password")))
			if filled {
				must(themeKey.Set(s, themeValue))
				must(cartKey.Set(s, cartValue))
				must(viewsKey.Set(s, 12))
			}
		},
		setView: func(_ http.ResponseWriter, r *http.Request, views int) {
			must(viewsKey.Set(session.From(r.Context()), views))
		},
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// signedIn signs a user in at the site and returns the Cookie line that their browser sends from then on.
func (s site) signedIn(user string, filled bool) string {
	h := s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.signIn(w, r, user, filled) }))
	w := newNullWriter()
	h.ServeHTTP(w, request(""))
	return "theme=dark; " + cookieOf(w)
}

// cookieOf returns name and value of the one cookie that a response sets.
func cookieOf(w http.ResponseWriter) string {
	lines := w.Header()["Set-Cookie"]
	if len(lines) != 1 {
		panic("a response without its one cookie")
	}
	pair, _, _ := strings.Cut(lines[0], ";")
	return pair
}

func request(cookies string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", userAgent)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

// serve has requests answered on all processors, again and again. Each processor serves a browser of its own: open
// returns the handler that answers it and the cookies that it has. What open does is not measured.
func serve(b *testing.B, open func() (h http.Handler, cookies string)) {
	type browser struct {
		h http.Handler
		r *http.Request
	}
	browsers := make(chan browser, runtime.GOMAXPROCS(0))
	for range cap(browsers) {
		h, cookies := open()
		browsers <- browser{h, request(cookies)}
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		its, w := <-browsers, newNullWriter()
		for pb.Next() {
			clear(w.h)
			its.h.ServeHTTP(w, its.r)
		}
	})
}

// nullWriter is a response that nobody reads.
type nullWriter struct{ h http.Header }

func newNullWriter() *nullWriter { return &nullWriter{make(http.Header)} }

func (n *nullWriter) Header() http.Header         { return n.h }
func (n *nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (n *nullWriter) WriteHeader(int)             {}
