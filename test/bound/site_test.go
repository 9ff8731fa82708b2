// Package bound has device bound sessions kept by a real Chromium.
package bound

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/bound"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/test/internal/browser"
)

// site is a site whose sessions are bound.
type site struct {
	t        *testing.T
	url      string
	spki     string
	handler  http.Handler
	sessions *session.Manager
	queue    *event.Queue

	mu       sync.Mutex
	events   []event.Event
	requests []*http.Request
}

func newSite(t *testing.T, st store.Store, opts bound.Options) *site {
	t.Helper()
	s := start(t)
	s.open(st, opts)
	return s
}

// start puts TLS before what is to come, with a certificate that browsers know by its key alone.
func start(t *testing.T) *site {
	s := &site{t: t}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		handler := s.handler
		s.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	sum := sha256.Sum256(server.Certificate().RawSubjectPublicKeyInfo)
	s.spki = base64.StdEncoding.EncodeToString(sum[:])
	s.url = strings.Replace(server.URL, "127.0.0.1", "shop.test", 1)
	return s
}

// open has the site's sessions bound. A store of nil is a new one in memory.
func (s *site) open(st store.Store, opts bound.Options) {
	t := s.t
	if st == nil {
		st = memory.New()
	}
	s.queue = event.NewQueue(func(e event.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	})
	s.sessions = session.New(st, session.Options{Guard: bound.New(opts), Events: s.queue})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<!doctype html><title>A shop</title><h1>%s</h1>", session.From(r.Context()).User())
	})
	mux.HandleFunc("GET /in", func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignIn("ada", session.Remember); err != nil {
			t.Error(err)
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /out", func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignOut(); err != nil {
			t.Error(err)
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.Handle("GET /me", s.sessions.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, session.From(r.Context()).User())
	})))
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	s.mu.Lock() // browsers that are there may ask for something at any time
	defer s.mu.Unlock()
	s.handler = s.sessions.Handler(mux)
}

// sent are all requests.
func (s *site) sent() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// visitor is a browser that keeps keys, without a quota.
func (s *site) visitor() *browser.Browser {
	s.t.Helper()
	b := browser.Start(s.t, browser.Options{HostRules: hosts, Flags: browser.DeviceBound(s.spki, false)})
	b.WatchBinding()
	return b
}

// signedIn is a visitor whose browser has registered a key.
func (s *site) signedIn() *browser.Browser {
	s.t.Helper()
	b := s.visitor()
	b.Navigate(s.url + "/in")
	b.AwaitBindingEvent("creation Success", 1)
	return b
}

// told is what the observers have heard.
func (s *site) told() []event.Event {
	s.queue.Flush(s.t.Context())
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

const hosts = "MAP shop.test 127.0.0.1,MAP *.shop.test 127.0.0.1,MAP news.test 127.0.0.1," +
	"MAP * ~NOTFOUND,EXCLUDE 127.0.0.1,EXCLUDE localhost"

// count is how many events of the kind there were.
func (s *site) count(kind event.Kind) (n int) {
	for _, e := range s.told() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// posts are the requests to one of the guard's addresses.
func (s *site) posts(name string) []*http.Request {
	return slices.DeleteFunc(s.sent(), func(r *http.Request) bool {
		return !strings.HasSuffix(r.URL.Path, "/coatcheck-bound/"+name)
	})
}
