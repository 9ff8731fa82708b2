package migrate_test

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"coatcheck.dev/jar"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/test/internal/proc"
)

func TestMain(m *testing.M) { proc.Main(m) }

// An item is a type of the application that the old libraries have to be told of.
type item struct {
	Name  string
	Count int
}

func init() { gob.Register([]item{}) }

var cart = session.NewKey[[]item]("cart")

// A site is one address, at which the old library answers first and Coatcheck later.
type site struct {
	t      *testing.T
	server *httptest.Server
	now    atomic.Pointer[http.Handler]
}

// newSite starts a site that the old library answers for. It is on https, for browsers keep Secure cookies there only.
func newSite(t *testing.T, old http.Handler) *site {
	t.Helper()
	s := &site{t: t}
	s.now.Store(&old)
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*s.now.Load()).ServeHTTP(w, r)
	}))
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that a browser opened in vain
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	return s
}

// change has Coatcheck answer from now on.
func (s *site) change(from session.Migration) (*session.Manager, store.Store) {
	s.t.Helper()
	st := memory.New()
	m := session.New(st, session.Options{Migrate: from})
	s.t.Cleanup(func() { _ = m.Close(context.Background()) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		v := session.From(r.Context())
		answer(w, v.User(), cart.Get(v))
	})
	mux.HandleFunc("GET /sign-out", func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignOut(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	next := m.Handler(mux)
	s.now.Store(&next)
	return m, st
}

// answer is what both libraries' handlers say at /who.
func answer(w io.Writer, user string, items []item) { fmt.Fprintf(w, "%q has %v", user, items) }

// A browser keeps cookies as Chromium does.
type browser struct {
	site *site
	jar  *jar.Jar
	http *http.Client
}

func (s *site) browser() *browser {
	j := jar.New(jar.Options{})
	client := *s.server.Client()
	client.Jar = j
	return &browser{site: s, jar: j, http: &client}
}

// copied returns a browser with the same cookies.
func (b *browser) copied() *browser {
	b.site.t.Helper()
	c := b.site.browser()
	if err := c.jar.Add(b.jar.All()...); err != nil {
		b.site.t.Fatal(err)
	}
	return c
}

func (b *browser) get(path string) (status int, body string) {
	b.site.t.Helper()
	res, err := b.http.Get(b.site.server.URL + path)
	if err != nil {
		b.site.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.site.t.Error(err)
	}
	return res.StatusCode, string(text)
}

// says checks what the site says at /who.
func (b *browser) says(when, want string) {
	b.site.t.Helper()
	if status, body := b.get("/who"); status != http.StatusOK || body != want {
		b.site.t.Errorf("%s: %d %s, want %s", when, status, body, want)
	}
}

// names returns the names of the browser's cookies.
func (b *browser) names() (names []string) {
	for _, c := range b.jar.All() {
		names = append(names, c.Name)
	}
	return names
}

const (
	annHas = `"ann" has [{tea 2}]`
	nobody = `"" has []`
)

// moves signs a browser in with the old library and changes the site: the whole story that is told of every library.
func moves(t *testing.T, old http.Handler, from session.Migration, oldRecords func() int) {
	t.Helper()
	s := newSite(t, old)
	ann := s.browser()
	if status, body := ann.get("/sign-in?user=ann"); status != http.StatusOK {
		t.Fatalf("the old library answered %d %s", status, body)
	}
	ann.says("before the change", annHas)
	copied, stranger := ann.copied(), s.browser()

	_, st := s.change(from)
	stranger.says("a stranger", nobody)
	var page sync.WaitGroup
	for range 8 {
		page.Go(func() { ann.says("the first page with its pictures", annHas) })
	}
	page.Wait()
	ann.says("the next page", annHas)
	if names := ann.names(); len(names) != 1 || names[0] != "__Host-session" {
		t.Errorf("the browser has the cookies %v, want the ticket alone", names)
	}
	all, err := st.List(t.Context(), store.Query{User: "ann"})
	if err != nil || len(all) != 1 {
		t.Errorf("%d sessions (%v), want one", len(all), err)
	}
	if n := oldRecords(); n != 0 {
		t.Errorf("%d old records are left, want none", n)
	}

	ann.get("/sign-out")
	ann.says("after sign-out", nobody)
	copied.says("a copy of the old cookie after that", nobody)
}

// expectDown checks that nobody is signed out because the old store is down.
func expectDown(t *testing.T, b *browser) {
	t.Helper()
	before := b.names()
	if status, _ := b.get("/who"); status != http.StatusServiceUnavailable {
		t.Errorf("while the old store is down: %d, want 503", status)
	}
	if after := b.names(); len(after) != 1 || after[0] != before[0] {
		t.Errorf("the cookies are %v, want %v", after, before)
	}
}
