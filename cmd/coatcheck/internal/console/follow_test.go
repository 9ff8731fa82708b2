package console_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A fakeTime is a console without a network, for tests in which time passes by itself.
type fakeTime struct {
	t       *testing.T
	store   *shakyStore
	console *console.Console
	cookie  string
}

func newFakeTime(t *testing.T) *fakeTime {
	m := &fakeTime{t: t, store: &shakyStore{Store: memory.New()}}
	m.console = console.New(console.Options{
		Sessions: session.New(m.store, session.Options{}), Feed: m.store, BaseURL: "http://localhost:8081",
		Operators: staffless(t),
	})
	w := m.ask("GET", path(m.console.SignInLink()))
	value, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	m.cookie = value
	return m
}

func (m *fakeTime) request(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "localhost:8081"
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Cookie", m.cookie)
	return r
}

func (m *fakeTime) ask(method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.console.Handler(m.console.Pages()).ServeHTTP(w, m.request(method, target))
	return w
}

func (m *fakeTime) start(user string) store.ID {
	m.t.Helper()
	now := time.Now()
	r := store.Record{ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now,
		ExpiresAt: now.Add(90 * 24 * time.Hour)}
	if err := m.store.Create(context.Background(), r, store.ID{}); err != nil {
		m.t.Fatal(err)
	}
	return r.ID
}

// A watch is an open page that follows along.
type watch struct {
	leave context.CancelFunc
	over  chan struct{} // closed when the stream has ended

	mu       sync.Mutex
	deadline time.Time
	header   http.Header
	status   int
	sent     strings.Builder // flushed
	held     strings.Builder // written, not yet flushed
}

func (m *fakeTime) watch() *watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{leave: cancel, over: make(chan struct{}), header: http.Header{}}
	go func() {
		defer close(w.over)
		m.console.Handler(m.console.Pages()).ServeHTTP(w, m.request("GET", "/events").WithContext(ctx))
	}()
	synctest.Wait()
	return w
}

func (w *watch) Header() http.Header { return w.header }
func (w *watch) WriteHeader(s int)   { w.status = s }

func (w *watch) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held.Write(b)
}

func (w *watch) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent.WriteString(w.held.String())
	w.held.Reset()
}

func (w *watch) SetWriteDeadline(at time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = at
	return nil
}

// take returns what has been sent since it was last called.
func (w *watch) take() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.sent.Reset()
	return w.sent.String()
}

func (w *watch) ended() bool {
	synctest.Wait()
	select {
	case <-w.over:
		return true
	default:
		return false
	}
}

const (
	changeEvent = "event: change\ndata: sessions\n\n"
	endEvent    = "event: end\ndata: signed out\n\n"
)

func TestFollowTellsOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeTime(t)
		w := m.watch()
		if got := w.take(); got != "retry: 2000\n\n" || w.header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("the stream begins with %q as %q", got, w.header.Get("Content-Type"))
		}
		id := m.start("ada")
		if got := w.take(); got != changeEvent {
			t.Errorf("after a session began: %q", got)
		}
		time.Sleep(time.Second)
		r, err := m.store.Load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.store.Save(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := w.take(); got != "" {
			t.Errorf("after a cart was filled, which is not shown: %q", got)
		}
		if _, err := m.store.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got := w.take(); got != changeEvent {
			t.Errorf("after a session ended: %q", got)
		}
		if until := time.Until(w.deadline); until <= 0 || until > time.Minute {
			t.Errorf("a page that does not read is waited for until %v", w.deadline)
		}
		w.leave()
		if !w.ended() {
			t.Error("the page has gone, and the stream goes on")
		}
		if !w.deadline.IsZero() {
			t.Error("the deadline of the stream is left to the connection's next answer")
		}
	})
}

func TestFollowTellsNoMoreThanFourTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeTime(t)
		w := m.watch()
		w.take()
		for range 1000 { // within 2 seconds
			m.start("ada")
			time.Sleep(2 * time.Millisecond)
		}
		time.Sleep(time.Second)
		got := w.take()
		if n := strings.Count(got, changeEvent); n < 8 || n > 10 || len(got) != n*len(changeEvent) {
			t.Errorf("told %d times in 2 seconds: %q", n, got)
		}
		w.leave()
		w.ended()
	})
}

func TestFollowBeatsWhileItIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeTime(t)
		w := m.watch()
		w.take()
		time.Sleep(time.Minute)
		if got := w.take(); got != strings.Repeat(":\n\n", 4) {
			t.Errorf("in a quiet minute: %q", got)
		}
		w.leave()
		w.ended()
	})
}

func TestFollowEndsWithTheConsole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeTime(t)
		w := m.watch()
		w.take()
		m.console.Close()
		m.console.Close()
		if !w.ended() || w.take() != "" {
			t.Error("the stream goes on, or says that the operator is signed out")
		}
		late := m.watch()
		if !late.ended() || late.status != http.StatusServiceUnavailable {
			t.Errorf("a stream began after Close: status %d", late.status)
		}
		m.start("ada") // nobody is there to be told
	})
}

func TestFollowEndsWithTheOperatorsSession(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*fakeTime)
	}{
		{"signed out", func(m *fakeTime) { m.ask("POST", "/sign-out") }},
		{"idle", func(*fakeTime) { time.Sleep(time.Hour + 30*time.Second) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newFakeTime(t)
				w := m.watch()
				c.end(m)
				if got := w.take(); !w.ended() || !strings.HasSuffix(got, endEvent) {
					t.Errorf("ended %v, with %q", w.ended(), got)
				}
			})
		})
	}
}

// A page that only follows along does not keep its operator signed in; one that is used does.
func TestFollowingIsNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeTime(t)
		for range 5 {
			time.Sleep(50 * time.Minute)
			if w := m.ask("GET", "/"); w.Code != http.StatusOK {
				t.Fatalf("signed out while using it: %d", w.Code)
			}
			time.Sleep(2 * time.Second) // for the touch to be written
		}
		for range 5 {
			time.Sleep(20 * time.Minute)
			r := m.request("GET", "/")
			r.Header.Set("Coatcheck-Live", "1")
			m.console.Handler(m.console.Pages()).ServeHTTP(httptest.NewRecorder(), r)
			w := m.watch()
			w.leave()
			w.ended()
		}
		if w := m.ask("GET", "/"); w.Code != http.StatusSeeOther {
			t.Errorf("still signed in: %d", w.Code)
		}
	})
}

func TestFollowIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeTime(t)
		var all []*watch
		for range 32 {
			all = append(all, m.watch())
		}
		more := m.watch()
		if !more.ended() || more.status != http.StatusServiceUnavailable || more.header.Get("Retry-After") == "" {
			t.Errorf("one too many: status %d", more.status)
		}
		all[0].leave()
		all[0].ended()
		again := m.watch()
		if again.ended() {
			t.Error("the place of one that left is not free")
		}
		for _, w := range append(all, again) {
			w.leave()
			w.ended()
		}
	})
}

// A real connection: events come at once, and Close lets the server shut down.
func TestFollowOverTheNetwork(t *testing.T) {
	d := newDesk(t)
	b := d.operator()
	r, err := http.NewRequestWithContext(t.Context(), "GET", d.server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	next := func() string {
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text()
			}
		}
		return "end"
	}
	if got := next(); got != "retry: 2000" {
		t.Errorf("the stream begins with %q", got)
	}
	d.start("ada", "", 0)
	if got := next() + ", " + next(); got != "event: change, data: sessions" {
		t.Errorf("told %q", got)
	}
	d.console.Close()
	if got := next(); got != "end" {
		t.Errorf("after Close came %q", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := d.server.Config.Shutdown(ctx); err != nil {
		t.Errorf("shut down: %v", err)
	}
}

func TestLinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeTime(t)
		m.cookie = ""
		young, old := path(m.console.SignInLink()), path(m.console.SignInLink())
		time.Sleep(10*time.Minute - time.Second)
		if w := m.ask("GET", young); w.Code != http.StatusOK {
			t.Errorf("after 9:59 minutes: %d", w.Code)
		}
		time.Sleep(time.Second)
		w := m.ask("GET", old)
		if w.Code != http.StatusGone || !strings.Contains(w.Body.String(), "This link has expired.") {
			t.Errorf("after 10 minutes: %d %s", w.Code, w.Body)
		}
		if w.Header().Get("Set-Cookie") != "" {
			t.Error("a cookie came with it")
		}
	})
}

// However many links are made, the newest ones are good.
func TestManyLinks(t *testing.T) {
	d := newDesk(t)
	first := path(d.console.SignInLink())
	var last string
	for range 100 {
		last = path(d.console.SignInLink())
	}
	d.browser().get(last).want(t, 200)
	d.browser().get(first).want(t, 410, "This link is unknown")
}
