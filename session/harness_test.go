package session_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// The comments of tests name the rows of docs/security.md that they prove: A for attacks, R for reliability, C for
// cheat sheets, N for NIST, ASVS for OWASP's standard, I for invariants.

// stores are the stores that everything here runs on. The second one cannot answer at once, so that the manager loads
// from it as it does from a database.
var stores = []struct {
	name string
	make func() store.Store
}{
	{"memory", func() store.Store { return memory.New() }},
	{"memory without Peek", func() store.Store { return newFaultStore() }},
}

// onEveryStore runs a test on each store, with a manager of its own.
func onEveryStore(t *testing.T, o session.Options, test func(t *testing.T, m *session.Manager, st store.Store)) {
	t.Helper()
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			st := s.make()
			test(t, newManager(t, st, o), st)
		})
	}
}

// newManager returns a manager that is closed at the end of the test.
func newManager(t testing.TB, st store.Store, o session.Options) *session.Manager {
	t.Helper()
	m := session.New(st, o)
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	return m
}

// inBubble runs a subtest in which time stands still but when everything waits.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

const hostCookie = "__Host-session"

// A browser is one visitor of a site. It keeps cookies byte for byte, refuses what a browser refuses of names with the
// prefix __Host-, and has no idea of time: what the server must not rely on is not there.
type browser struct {
	t       testing.TB
	site    func(next http.HandlerFunc) http.Handler // such as Manager.Handler
	mu      sync.Mutex
	cookies map[string]string
	agent   string
	address string
}

func newBrowser(t testing.TB, m *session.Manager) *browser {
	return &browser{
		t: t, site: func(next http.HandlerFunc) http.Handler {
			return m.Handler(next)
		}, cookies: make(map[string]string),
		agent: "Mozilla/5.0 (test)", address: "192.0.2.1:4711",
	}
}

// copied returns a browser that has the same cookies: another tab, a backup, a thief.
func (b *browser) copied() *browser {
	c := &browser{t: b.t, site: b.site, cookies: make(map[string]string), agent: b.agent, address: b.address}
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, value := range b.cookies {
		c.cookies[name] = value
	}
	return c
}

// An answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a *answer) setCookies() []string { return a.header["Set-Cookie"] }

// visit sends a GET request and has it handled by fn, behind the manager.
func (b *browser) visit(fn http.HandlerFunc) *answer {
	b.t.Helper()
	return b.send(httptest.NewRequest(http.MethodGet, "/", nil), fn)
}

// with runs fn on the session of a request and answers 200.
func (b *browser) with(fn func(*session.Session)) *answer {
	b.t.Helper()
	return b.visit(func(w http.ResponseWriter, r *http.Request) {
		fn(session.From(r.Context()))
		_, _ = io.WriteString(w, "done")
	})
}

// send adds what the browser knows to a request and has it handled.
func (b *browser) send(r *http.Request, fn http.HandlerFunc) *answer {
	b.t.Helper()
	r.RemoteAddr = b.address
	r.Header.Set("User-Agent", b.agent)
	if line := b.cookieHeader(); line != "" {
		r.Header.Set("Cookie", line)
	}
	w := httptest.NewRecorder()
	b.site(fn).ServeHTTP(w, r)
	return b.take(w.Result())
}

// take reads a response and keeps its cookies.
func (b *browser) take(res *http.Response) *answer {
	b.t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Errorf("read body: %v", err)
	}
	for _, line := range res.Header["Set-Cookie"] {
		b.keep(line)
	}
	return &answer{res.StatusCode, res.Header, string(body)}
}

func (b *browser) cookieHeader() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	return strings.Join(pairs, "; ")
}

// keep does with a Set-Cookie line what a browser does.
func (b *browser) keep(line string) {
	b.t.Helper()
	pair, rest, _ := strings.Cut(line, ";")
	name, value, _ := strings.Cut(pair, "=")
	attributes := attributesOf(rest)
	_, secure := attributes["secure"]
	_, domain := attributes["domain"]
	if strings.HasPrefix(name, "__Host-") && (!secure || domain || attributes["path"] != "/") {
		b.t.Errorf("a browser drops the cookie %q", line)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if attributes["max-age"] == "0" {
		delete(b.cookies, name)
		return
	}
	b.cookies[name] = value
}

func attributesOf(rest string) map[string]string {
	attributes := make(map[string]string)
	for part := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		attributes[strings.ToLower(name)] = value
	}
	return attributes
}

func (b *browser) ticket() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cookies[hostCookie]
}

func (b *browser) setTicket(value string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cookies[hostCookie] = value
}

// signIn signs a user in and returns the new session's handle.
func (b *browser) signIn(user string, options ...session.SignInOption) (handle store.ID) {
	b.t.Helper()
	a := b.with(func(s *session.Session) {
		if err := s.SignIn(user, options...); err != nil {
			b.t.Errorf("sign in: %v", err)
		}
		handle = s.Handle()
	})
	if a.status != http.StatusOK || len(a.setCookies()) != 1 {
		b.t.Fatalf("sign-in answered %d with %d cookies, want 200 and one", a.status, len(a.setCookies()))
	}
	return handle
}

// user returns who is signed in as the site sees it.
func (b *browser) user() (user string) {
	b.t.Helper()
	b.with(func(s *session.Session) { user = s.User() })
	return user
}

// handle returns the session that the site sees, or the zero handle.
func (b *browser) handle() (handle store.ID) {
	b.t.Helper()
	b.with(func(s *session.Session) { handle = s.Handle() })
	return handle
}

func get[T any](b *browser, k session.Key[T]) (v T) {
	b.t.Helper()
	b.with(func(s *session.Session) { v = k.Get(s) })
	return v
}

func set[T any](b *browser, k session.Key[T], v T) *answer {
	b.t.Helper()
	return b.with(func(s *session.Session) {
		if err := k.Set(s, v); err != nil {
			b.t.Errorf("set %s: %v", k.Name(), err)
		}
	})
}

// rows returns how many records a store has.
func rows(t testing.TB, st store.Store) int {
	t.Helper()
	n, err := st.Count(t.Context(), "", time.Time{})
	if err != nil {
		t.Fatalf("count: %v", err)
	}
	return n
}

// A slow visit is a request whose handler waits in the middle.
type slowVisit struct {
	entered, proceed chan struct{}
	answer           chan *answer
}

// begin starts a request, runs before in its handler, and returns when the handler waits; after runs when it goes on.
func (b *browser) begin(before, after func(*session.Session)) *slowVisit {
	b.t.Helper()
	v := &slowVisit{make(chan struct{}), make(chan struct{}), make(chan *answer, 1)}
	go func() {
		v.answer <- b.with(func(s *session.Session) {
			before(s)
			close(v.entered)
			<-v.proceed
			after(s)
		})
	}()
	<-v.entered
	return v
}

// end lets the handler go on and returns its answer.
func (v *slowVisit) end() *answer {
	close(v.proceed)
	return <-v.answer
}

func nothing(*session.Session) {}

// A recorder keeps the events that it is told.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
}

func (r *recorder) observe(e event.Event) {
	if e.Kind == event.CapabilityHidden {
		return // fault stores hide Peek on purpose
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// all waits until m has told everything, and returns it.
func (r *recorder) all(t testing.TB, m *session.Manager) []event.Event {
	t.Helper()
	if err := m.Close(context.Background()); err != nil {
		t.Logf("close: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]event.Event(nil), r.events...)
}

// of returns the events of a kind that were told by now.
func (r *recorder) of(t testing.TB, m *session.Manager, kind event.Kind) (found []event.Event) {
	t.Helper()
	for _, e := range r.all(t, m) {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// the returns the only event of a kind.
func (r *recorder) the(t testing.TB, m *session.Manager, kind event.Kind) event.Event {
	t.Helper()
	found := r.of(t, m, kind)
	if len(found) != 1 {
		t.Fatalf("%d events %s, want one; all: %s", len(found), kind, r.kinds())
	}
	return found[0]
}

func (r *recorder) kinds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kinds []string
	for _, e := range r.events {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}

var (
	cart    = session.NewKey[[]string]("cart", session.Carry)
	note    = session.NewKey[string]("note")
	counter = session.NewKey[int]("counter")
)

func appendTo(k session.Key[[]string], s *session.Session, item string) error {
	return k.Update(s, func(items []string) []string { return append(items, item) })
}

// headerHas reports whether a comma-separated header has a directive.
func headerHas(h http.Header, name, directive string) bool {
	for _, line := range h[name] {
		for d := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(d), directive) {
				return true
			}
		}
	}
	return false
}

// within fails the test if f takes longer than anything here can take.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s hangs", what)
	}
}

func ticketOf(t testing.TB, a *answer) string {
	t.Helper()
	var found []string
	for _, line := range a.setCookies() {
		pair, _, _ := strings.Cut(line, ";")
		if name, value, _ := strings.Cut(pair, "="); name == hostCookie {
			found = append(found, value)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d tickets in the response, want one: %v", len(found), a.setCookies())
	}
	return found[0]
}

func describe(a *answer) string { return fmt.Sprintf("%d %v %q", a.status, a.header, a.body) }
