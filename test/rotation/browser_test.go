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
	site  *site
	agent string // what it says that it is

	mu      sync.Mutex
	ticket  string
	had     []kept          // since when it has which ticket
	seen    map[string]bool // every ticket that a response ever had for it, arrived or not
	crashes int
}

// A kept is a ticket as the browser was given it.
type kept struct {
	ticket string
	at     time.Time
}

// Browsers that people have.
const (
	chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
	firefox  = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

func (s *site) newBrowser() *browser {
	return &browser{site: s, agent: chromium, seen: make(map[string]bool)}
}

// copied returns a browser that has the same cookie, and says that it is the same: a thief's.
func (b *browser) copied() *browser {
	c := b.site.newBrowser()
	c.agent, c.ticket = b.agent, b.holds()
	return c
}

// crash has the browser forget what it was given since then. Nothing that is on its way from it arrives any more, and
// nothing reaches it.
func (b *browser) crash(since time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.had) > 0 && b.had[len(b.had)-1].at.After(since) {
		b.had = b.had[:len(b.had)-1]
	}
	b.ticket = b.had[len(b.had)-1].ticket
	b.crashes++
}

// runs is how often the browser had crashed.
func (b *browser) runs() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.crashes
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
	ticket, run := b.holds(), b.runs()
	time.Sleep(t.up)
	if t.lostUp || run != b.runs() {
		return nil
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("User-Agent", b.agent)
	if ticket != "" {
		r.Header["Cookie"] = []string{cookieName + "=" + ticket}
	}
	w := httptest.NewRecorder()
	b.site.handler(t.node, fn).ServeHTTP(w, r)
	res := w.Result()
	value, found := ticketIn(res.Header)
	b.note(value)
	time.Sleep(t.down)
	if found && !t.lostDown && run == b.runs() {
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
	if ticket != b.ticket {
		b.had = append(b.had, kept{ticket, time.Now()})
	}
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
