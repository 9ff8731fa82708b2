package rotation

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/session"
)

const cookieName = "__Host-session"

// A browser is a cookie jar, which all its tabs share. It has one cookie, and no idea of time.
type browser struct {
	site *site

	mu     sync.Mutex
	ticket string
	seen   map[string]bool // every ticket that a response ever had for it, arrived or not
}

func (s *site) newBrowser() *browser { return &browser{site: s, seen: make(map[string]bool)} }

// copied returns a browser that has the same cookie: a thief's.
func (b *browser) copied() *browser {
	c := b.site.newBrowser()
	c.ticket = b.holds()
	return c
}

func (b *browser) holds() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ticket
}

// A trip is the way of one request. The cookie is attached when it starts; what the response says counts when it
// arrives.
type trip struct {
	start    time.Duration // until the tab asks
	up       time.Duration // until the request reaches the site
	work     time.Duration // what the handler takes
	down     time.Duration // until the response reaches the browser
	lostUp   bool          // the request never arrives
	lostDown bool          // the response never arrives
	node     int
}

// make makes a trip, and has fn handle it.
func (b *browser) make(t trip, fn http.HandlerFunc) *http.Response {
	time.Sleep(t.start)
	ticket := b.holds()
	time.Sleep(t.up)
	if t.lostUp {
		return nil
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if ticket != "" {
		r.Header["Cookie"] = []string{cookieName + "=" + ticket}
	}
	w := httptest.NewRecorder()
	b.site.handler(t.node, fn).ServeHTTP(w, r)
	res := w.Result()
	value, found := ticketIn(res.Header)
	b.note(value)
	time.Sleep(t.down)
	if found && !t.lostDown {
		b.keep(value)
	}
	return res
}

func (b *browser) note(ticket string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ticket != "" {
		b.seen[ticket] = true
	}
}

func (b *browser) keep(ticket string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ticket = ticket
}

// ticketIn returns the ticket that a response sets, which is empty if it takes the cookie away.
func ticketIn(h http.Header) (value string, found bool) {
	for _, line := range h["Set-Cookie"] {
		pair, attributes, _ := strings.Cut(line, ";")
		name, v, _ := strings.Cut(pair, "=")
		if name != cookieName {
			continue
		}
		if strings.Contains(attributes, "Max-Age=0") {
			v = ""
		}
		value, found = v, true
	}
	return value, found
}

// with makes a trip without delay and returns what fn makes of the session.
func with[T any](b *browser, fn func(*session.Session) T) (v T) {
	b.make(trip{}, func(w http.ResponseWriter, r *http.Request) { v = fn(session.From(r.Context())) })
	return v
}

// seeUser notes who is signed in.
func seeUser(user *string) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { *user = session.From(r.Context()).User() }
}

// user returns who is signed in.
func (b *browser) user() string { return with(b, (*session.Session).User) }

// signIn signs a user in.
func (b *browser) signIn(user string) {
	b.site.t.Helper()
	if err := with(b, func(s *session.Session) error { return s.SignIn(user, session.By("password")) }); err != nil {
		b.site.t.Fatalf("sign in: %v", err)
	}
}

// proven reports whether the session's user has proved who they are, as RequireRecent sees it.
func (b *browser) proven() bool {
	return with(b, func(s *session.Session) bool { return len(s.Auth()) > 0 })
}
