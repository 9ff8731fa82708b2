package gate_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A site is an app behind a gate, over real connections.
type site struct {
	t        *testing.T
	url      string
	store    *flakyStore
	sessions *session.Manager
	log      *logBuffer
}

type setup struct {
	gate    gate.Options
	session session.Options
}

func newSite(t *testing.T, app http.HandlerFunc, change ...func(*setup)) *site {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/probe" {
			echo(w, r)
			return
		}
		app(w, r)
	}))
	t.Cleanup(upstream.Close)
	return newSiteAt(t, upstream.URL, change...)
}

func newSiteAt(t *testing.T, upstream string, change ...func(*setup)) *site {
	t.Helper()
	u, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, store: &flakyStore{Store: memory.New()}, log: &logBuffer{}}
	up := setup{
		gate: gate.Options{Upstream: u, Hidden: []string{"__Host-coatcheck-console"},
			Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))},
		session: session.Options{
			MaxBytes: gate.MaxBytes, MaxKeys: gate.MaxKeys, PrivateCaching: true, Events: event.NewQueue(),
		},
	}
	for _, c := range change {
		c(&up)
	}
	s.sessions = session.New(s.store, up.session)
	t.Cleanup(func() { s.sessions.Close(context.Background()) })
	front := httptest.NewUnstartedServer(gate.New(s.sessions, up.gate))
	httpserver.Watch(front.Config, gate.WithClient)
	front.Start()
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// A visitor keeps the session cookie as a browser does.
type visitor struct {
	site   *site
	ticket string
}

func (s *site) visitor() *visitor { return &visitor{site: s} }

// signedIn returns a visitor who has signed in as user, straight through the manager.
func (s *site) signedIn(user string) *visitor {
	s.t.Helper()
	return s.with(func(sess *session.Session) error { return sess.SignIn(user) })
}

// with returns a visitor for whose session do was called.
func (s *site) with(do func(*session.Session) error) *visitor {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := do(s.sessions.From(r.Context())); err != nil {
			s.t.Fatal(err)
		}
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	v := s.visitor()
	v.keep(w.Result())
	if v.ticket == "" {
		s.t.Fatal("no ticket")
	}
	return v
}

func (v *visitor) keep(res *http.Response) {
	for _, c := range res.Cookies() {
		if c.Name == "__Host-session" {
			v.ticket = c.Value
		}
	}
}

// A reply is an answer that was read to its end.
type reply struct {
	*http.Response
	body string
}

func (v *visitor) get(path string) reply { return v.do("GET", path, nil) }

func (v *visitor) do(method, path string, header http.Header) reply {
	v.site.t.Helper()
	req, err := http.NewRequest(method, v.site.url+path, nil)
	if err != nil {
		v.site.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if v.ticket != "" {
		req.Header.Add("Cookie", "__Host-session="+v.ticket)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		v.site.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.site.t.Fatal(err)
	}
	v.keep(res)
	return reply{res, string(body)}
}

// state says what the visitor's session is, as the app is told.
func (v *visitor) state() string {
	v.site.t.Helper()
	told := v.get("/probe").seen(v.site.t).Header
	return told.Get("Coatcheck-User") + " " + told.Get("Coatcheck-Data")
}

// handleOf returns the public half of a visitor's ticket.
func (s *site) handleOf(v *visitor) store.ID {
	s.t.Helper()
	id, err := store.ParseID(v.ticket[1 : 1+store.IDLen])
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *site) count(user string) int {
	s.t.Helper()
	n, err := s.store.Store.Count(context.Background(), user, time.Time{})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// snapshot is everything in the store that a request could change, but for when sessions were last seen.
func (s *site) snapshot() map[store.ID]string {
	s.t.Helper()
	records, err := s.store.Store.List(context.Background(), store.Query{})
	if err != nil {
		s.t.Fatal(err)
	}
	all := make(map[store.ID]string)
	for _, r := range records {
		all[r.ID] = string(r.AppendBody(nil))
	}
	return all
}

// setCookies returns the lines that set or delete the cookie of a name.
func (r reply) setCookies(name string) (lines []string) {
	for _, line := range r.Header["Set-Cookie"] {
		if _, n := cookie.Lookup([]string{strings.SplitN(line, ";", 2)[0]}, name); n > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// leaks returns what an answer has that is Coatcheck's and not for browsers.
func (r reply) leaks() (names []string) {
	for _, h := range []http.Header{r.Header, r.Trailer} {
		for name := range h {
			if strings.HasPrefix(strings.ToLower(name), "coatcheck") {
				names = append(names, name)
			}
		}
	}
	return names
}

// A flakyStore fails all writes, or everything, when it is told to.
type flakyStore struct {
	store.Store
	noWrites, down atomic.Bool
}

var errDown = errors.New("disk full")

func (s *flakyStore) write() error {
	if s.noWrites.Load() || s.down.Load() {
		return errDown
	}
	return nil
}

func (s *flakyStore) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if s.down.Load() {
		return store.Record{}, errDown
	}
	return s.Store.Load(ctx, id)
}

func (s *flakyStore) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if err := s.write(); err != nil {
		return err
	}
	return s.Store.Create(ctx, r, replaces)
}

func (s *flakyStore) Save(ctx context.Context, r store.Record) error {
	if err := s.write(); err != nil {
		return err
	}
	return s.Store.Save(ctx, r)
}

func (s *flakyStore) Delete(ctx context.Context, id store.ID) (bool, error) {
	if err := s.write(); err != nil {
		return false, err
	}
	return s.Store.Delete(ctx, id)
}

func (s *flakyStore) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if err := s.write(); err != nil {
		return nil, err
	}
	return s.Store.DeleteUser(ctx, user, keep...)
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	return u
}
