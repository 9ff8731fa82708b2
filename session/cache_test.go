package session_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// What a response may be stored by, for each thing that a handler does with the session and with the header itself.
//
// Rows: A25, C6, I8, ASVS 14.3.2
func TestSharedCachesStoreNoSessionPage(t *testing.T) {
	read := func(s *session.Session) { _ = s.User() }
	nobody := func(*testing.T, *browser) {}
	ada := func(_ *testing.T, b *browser) { b.signIn("ada") }
	visitor := func(_ *testing.T, b *browser) { set(b, note, "x") }
	stranger := func(_ *testing.T, b *browser) { b.setTicket(unknownTicket(1)) }
	for _, c := range []struct {
		name     string
		who      func(*testing.T, *browser)
		cache    string // what the handler says itself
		vary     string
		do       func(*session.Session) // nil: the handler does not look at the session
		want     string
		wantVary bool
		overrule bool
	}{
		{"nobody asks", nobody, "", "", nil, "", false, false},
		{"nobody asks, public", nobody, "public, max-age=60", "", nil, "public, max-age=60", false, false},
		{"static file of somebody signed in", ada, "public, max-age=60", "", nil, "public, max-age=60", false, false},
		{"stranger's page", nobody, "", "", read, "", true, false},
		{"stranger's page, public", nobody, "public, max-age=60", "", read, "public, max-age=60", true, false},
		{"unknown ticket", stranger, "", "", read, "", true, false},
		{"read", ada, "", "", read, "private, no-store", true, false},
		{"read by a visitor", visitor, "", "", read, "private, no-store", true, false},
		{"read, private", ada, "private, max-age=60", "", read, "private, no-store", true, false},
		{"read, public", ada, "public, max-age=60", "", read, "private, no-store", true, true},
		{"read, shared age", ada, "s-maxage=60", "", read, "private, no-store", true, true},
		{"read, upper case", ada, "PUBLIC", "", read, "private, no-store", true, true},
		{"read, max-age", ada, "max-age=60", "", read, "private, no-store", true, false},
		{"read, no-cache is not enough", ada, `no-cache="Set-Cookie"`, "", read, "private, no-store", true, false},
		{"read, stricter already", ada, "no-store, no-cache, must-revalidate", "", read,
			"no-store, no-cache, must-revalidate", true, false},
		{"read, Vary there", ada, "", "Accept, cookie", read, "private, no-store", true, false},
		{"read, Vary: *", ada, "", "*", read, "private, no-store", false, false},
		{"write", ada, "public", "", func(s *session.Session) { _ = note.Set(s, "y") }, "private, no-store", true,
			true},
		{"first write", nobody, "public", "", func(s *session.Session) { _ = note.Set(s, "y") }, "private, no-store",
			true, true},
		{"sign-in", nobody, "public", "", func(s *session.Session) { _ = s.SignIn("ada") }, "private, no-store", true,
			true},
		{"sign-out", ada, "public", "", func(s *session.Session) { _ = s.SignOut() }, "private, no-store", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var events recorder
			m := newManager(t, memory.New(), session.Options{Events: event.NewQueue(events.observe)})
			b := newBrowser(t, m)
			c.who(t, b)
			a := b.visit(func(w http.ResponseWriter, r *http.Request) {
				if c.cache != "" {
					w.Header().Set("Cache-Control", c.cache)
				}
				if c.vary != "" {
					w.Header().Set("Vary", c.vary)
				}
				if c.do != nil {
					c.do(session.From(r.Context()))
				}
				_, _ = io.WriteString(w, "hello")
			})
			if got := a.header.Get("Cache-Control"); got != c.want || len(a.header["Cache-Control"]) > 1 {
				t.Errorf("Cache-Control %q, want %q", a.header["Cache-Control"], c.want)
			}
			if got := headerHas(a.header, "Vary", "Cookie"); got != c.wantVary {
				t.Errorf("Vary %q; want Cookie in it: %v", a.header["Vary"], c.wantVary)
			}
			if c.vary == "Accept, cookie" && len(a.header["Vary"]) != 1 {
				t.Errorf("Vary names the same twice: %q", a.header["Vary"])
			}
			if got := len(events.of(t, m, event.Cacheable)) == 1; got != c.overrule {
				t.Errorf("overruled and reported: %v, want %v", got, c.overrule)
			}
		})
	}
}

// A page was made of a session that ends while it is being made. It is that visitor's page nevertheless.
//
// Rows: A25, I8
func TestPageOfAnEndedSessionIsNotCached(t *testing.T) {
	for _, end := range ends {
		for _, work := range works {
			t.Run(end.name+"/"+work.name, func(t *testing.T) {
				m := newManager(t, memory.New(), session.Options{})
				b := newBrowser(t, m)
				handle := b.signIn("ada")
				set(b, cart, []string{"tea"})
				slow := b.copied().begin(func(s *session.Session) { _ = cart.Get(s); work.before(s) }, work.after)
				end.do(t, m, b, handle)
				if a := slow.end(); !headerHas(a.header, "Cache-Control", "no-store") {
					t.Errorf("a page with the cart may be stored: %v", a.header)
				}
			})
		}
	}
}

// The header that one response is given is its own: what a handler or a middleware does to it is not seen in another.
//
// Rows: A25, A26
func TestCacheHeaderIsNotShared(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	b.visit(func(w http.ResponseWriter, r *http.Request) {
		_ = session.From(r.Context()).User()
		w.WriteHeader(http.StatusOK)
		w.Header().Add("Cache-Control", "public")
		w.Header().Set("Cache-Control", "public")
	})
	if a := b.with(func(s *session.Session) { _ = s.User() }); a.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("Cache-Control %q", a.header["Cache-Control"])
	}
}

// Headers that are for certain caches alone are above Cache-Control there, so none of them says anything else.
//
// Rows: A25, I8
func TestNoCacheIsToldOtherwise(t *testing.T) {
	for _, c := range []struct {
		name, value string
		kept        bool
	}{
		{"CDN-Cache-Control", "max-age=600", false},
		{"CDN-Cache-Control", "Max-Age=600, Public", false},
		{"CDN-Cache-Control", "no-store", true},
		{"Cloudflare-CDN-Cache-Control", "max-age=600", false},
		{"Vercel-CDN-Cache-Control", "s-maxage=600", false},
		{"Example-Cache-Control", "max-age=600", false},
		{"Surrogate-Control", "max-age=600", false},
		{"Surrogate-Control", `content="ESI/1.0"`, false},
		{"Surrogate-Control", "no-store", true},
		{"Edge-Control", "!no-cache, max-age=600", false},
		{"X-Accel-Expires", "600", false},
		{"X-Accel-Expires", "@1893456000", false},
		{"X-Accel-Expires", "0", true},
		{"X-Cache-Controller", "max-age=600", true},
	} {
		for _, asks := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s: %s, session read: %v", c.name, c.value, asks), func(t *testing.T) {
				var events recorder
				m := newManager(t, memory.New(), session.Options{Events: event.NewQueue(events.observe)})
				b := newBrowser(t, m)
				b.signIn("ada")
				a := b.visit(func(w http.ResponseWriter, r *http.Request) {
					w.Header()[c.name] = []string{c.value} // as it is spelled here
					if asks {
						_ = session.From(r.Context()).User()
					}
				})
				kept := c.kept || !asks
				if got := a.header[c.name]; (len(got) == 1) != kept {
					t.Errorf("%s: %q, want it kept: %v", c.name, got, kept)
				}
				if got := len(events.of(t, m, event.Cacheable)) == 1; got == kept {
					t.Errorf("overruled and reported: %v", got)
				}
			})
		}
	}
}

// With PrivateCaching a handler says how long the visitor's own browser may keep a page, and that is all.
//
// Rows: A25, I8
func TestPrivateCaching(t *testing.T) {
	write := func(r *http.Request) { _ = note.Set(session.From(r.Context()), "y") }
	signIn := func(r *http.Request) { _ = session.From(r.Context()).SignIn("bea") }
	signOut := func(r *http.Request) { _ = session.From(r.Context()).SignOut() }
	for _, c := range []struct {
		says, want string
		do         func(*http.Request)
	}{
		{"public, max-age=60", "private, max-age=60", nil},
		{"max-age=60, immutable", "private, max-age=60, immutable", nil},
		{"no-cache", "private, no-cache", nil},
		{"", "private, no-store", nil},
		{"public, max-age=60", "private, max-age=60", write}, // the handler may know what it does
		{"public, max-age=60", "private, no-store", signIn},
		{"public, max-age=60", "private, no-store", signOut},
	} {
		var events recorder
		m := newManager(t, memory.New(), session.Options{PrivateCaching: true, Events: event.NewQueue(events.observe)})
		b := newBrowser(t, m)
		b.signIn("ada")
		a := b.visit(func(w http.ResponseWriter, r *http.Request) {
			if c.says != "" {
				w.Header().Set("Cache-Control", c.says)
			}
			_ = session.From(r.Context()).User()
			if c.do != nil {
				c.do(r)
			}
		})
		if got := a.header.Get("Cache-Control"); got != c.want || !headerHas(a.header, "Vary", "Cookie") {
			t.Errorf("%q: Cache-Control %q, Vary %q; want %q", c.says, got, a.header["Vary"], c.want)
		}
	}
}

// A response that is the same for everybody stays as the handler wants it, unless it brings a ticket.
//
// Rows: I8
func TestShareResponse(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*session.Session)
		want string
	}{
		"read":    {func(s *session.Session) { _ = s.User() }, "public"},
		"sign-in": {func(s *session.Session) { _ = s.SignIn("bea") }, "private, no-store"},
	} {
		m := newManager(t, memory.New(), session.Options{})
		b := newBrowser(t, m)
		b.signIn("ada")
		a := b.visit(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public")
			c.do(session.From(r.Context()))
			m.ShareResponse(r.Context())
			_ = session.From(r.Context()).User()
		})
		varies := headerHas(a.header, "Vary", "Cookie")
		if got := a.header.Get("Cache-Control"); got != c.want || varies == (c.want == "public") {
			t.Errorf("%s: Cache-Control %q, Vary %q; want %q", name, got, a.header["Vary"], c.want)
		}
	}
}
