package session_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// malformed returns the n-th of endlessly many texts that have the length and the alphabet of a ticket, but not its
// version.
func malformed(n int) string { return "2" + unknownTicket(n)[1:] }

// unknownTicket returns the n-th of endlessly many tickets that are well-formed, and that nobody has made.
func unknownTicket(n int) string {
	id, secret := fmt.Appendf(nil, "%016d", n), fmt.Appendf(nil, "%024d", n)
	return "1" + base64.RawURLEncoding.EncodeToString(id) + base64.RawURLEncoding.EncodeToString(secret)
}

// A visitor who stores nothing costs nothing: no record, no cookie, no call of the store.
//
// Rows: I6, A43, C6
func TestAnonymousVisitorCostsNothing(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	for range 1000 {
		a := newBrowser(t, m).with(func(s *session.Session) {
			_, _, _ = cart.Get(s), s.User(), s.Handle()
			_ = cart.Delete(s)
			if _, ok := s.Info(); ok {
				t.Error("there is a session to show")
			}
		})
		if len(a.setCookies()) != 0 {
			t.Fatalf("Set-Cookie %q for a visitor who stored nothing", a.setCookies())
		}
	}
	if n, calls := rows(t, st), st.count()-st.count("Count"); n != 0 || calls != 0 {
		t.Errorf("%d records and %d calls of the store, want none", n, calls)
	}
}

// A text that is no ticket is refused before the store is asked; a ticket that nobody made costs one load.
//
// Rows: A3, A11, R16, I5
func TestGarbageAsksTheStoreAtMostOnce(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	owner := newBrowser(t, m)
	owner.signIn("ada")
	for name, value := range strangeTickets(owner.ticket()) {
		b := newBrowser(t, m)
		b.setTicket(value)
		before := st.count()
		b.user()
		most := 0
		if name == "well-formed, unknown" || name == "another ID" || name == "another secret" ||
			name == "first bit of secret" ||
			name == "the ID twice" || name == "secret before the ID" {
			most = 1
		}
		if calls := st.count() - before; calls > most {
			t.Errorf("%s: %d calls of the store, want at most %d", name, calls, most)
		}
	}
}

// 100,000 garbage tickets leave memory as it was.
//
// Rows: A11, R6, R16, I9
func TestGarbageLeavesMemoryFlat(t *testing.T) {
	const n = 100_000
	st := memory.New()
	m := newManager(t, st, session.Options{})
	h := m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if session.From(r.Context()).SignedIn() {
			t.Error("garbage signs in")
		}
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	send := func(i int) {
		value := malformed(i)
		if i%2 == 0 {
			value = unknownTicket(i)
		}
		r.Header["Cookie"] = []string{hostCookie + "=" + value}
		h.ServeHTTP(&discard{make(http.Header)}, r)
	}
	for i := range n / 10 {
		send(i)
	}
	before := heap()
	for i := range n {
		send(i)
	}
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes in %d requests", grown, n)
	}
	if n := rows(t, st); n != 0 {
		t.Errorf("%d records, want none", n)
	}
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// A malformed ticket costs no more allocations than no cookie at all.
//
// Rows: R16, A11
func TestMalformedTicketAllocatesNothing(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	h := m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = session.From(r.Context()).User()
	}))
	allocations := func(cookies ...string) float64 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if len(cookies) > 0 {
			r.Header["Cookie"] = cookies
		}
		return testing.AllocsPerRun(100, func() { h.ServeHTTP(&discard{make(http.Header)}, r) })
	}
	bare := allocations()
	for name, line := range map[string]string{
		"malformed": hostCookie + "=" + malformed(1),
		"oversized": hostCookie + "=" + strings.Repeat("A", 1<<16),
		"many":      strings.Repeat("a=b; ", 3000),
	} {
		if got := allocations(line); got > bare {
			t.Errorf("%s: %v allocations, %v without a cookie", name, got, bare)
		}
	}
}

// A request takes one piece of memory, whether or not it has a session, and no second one for its ticket.
func TestOneAllocationARequest(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	var user string
	h := m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user = session.From(r.Context()).User()
	}))
	w := &discard{make(http.Header)}
	for who, ticket := range map[string]string{"": malformed(1), "ada": b.ticket()} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", hostCookie+"="+ticket)
		n := testing.AllocsPerRun(100, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		})
		if n != 1 || user != who {
			t.Errorf("user %q: %v allocations, and %q is signed in", who, n, user)
		}
	}
}

// Several cookies of the session's name: one of them was planted, and nothing tells which, so all are refused.
//
// Rows: A6, C8
func TestDuplicateCookiesAreRefused(t *testing.T) {
	var events recorder
	o := session.Options{Events: event.NewQueue(events.observe)}
	onEveryStore(t, o, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		own := hostCookie + "=" + b.ticket()
		other := newBrowser(t, m)
		other.signIn("mallory")
		planted := hostCookie + "=" + other.ticket()
		for name, lines := range map[string][]string{
			"own first":           {own + "; " + planted},
			"planted first":       {planted + "; " + own},
			"the same twice":      {own + "; " + own},
			"in two lines":        {own, planted},
			"one is empty":        {own + "; " + hostCookie + "="},
			"others between them": {own + "; theme=dark; " + planted},
		} {
			t.Run(name, func(t *testing.T) {
				called := false
				h := m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					called = true
					if s := session.From(r.Context()); s.User() != "" {
						t.Errorf("%q is signed in", s.User())
					}
				}))
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header["Cookie"] = lines
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if !called || w.Code != http.StatusOK || w.Header().Get("Set-Cookie") != "" {
					t.Errorf("handler called: %v, answer %d %v", called, w.Code, w.Header())
				}
			})
		}
		if b.user() != "ada" {
			t.Error("the session itself has ended")
		}
		for _, e := range events.of(t, m, event.Duplicate) {
			if e.Count != 2 {
				t.Errorf("duplicates are reported as %d cookies, want 2", e.Count)
			}
		}
		if len(events.of(t, m, event.Duplicate)) == 0 {
			t.Error("duplicates are not reported")
		}
	})
}

// The cookie's name is compared byte by byte, and nothing of the header is decoded, trimmed or unquoted.
//
// Rows: A8, A9
func TestCookieNameIsComparedByteByByte(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	value := b.ticket()
	for name, line := range map[string]string{
		"other case":          "__host-session=" + value,
		"upper case":          "__HOST-SESSION=" + value,
		"percent":             "%5F%5FHost-session=" + value,
		"dot for hyphen":      "__Host.session=" + value,
		"underscore":          "__Host_session=" + value,
		"U+2000 before":       "\u2000__Host-session=" + value,
		"U+00A0 before":       "\u00a0__Host-session=" + value,
		"nameless":            "=__Host-session=" + value,
		"no prefix":           "session=" + value,
		"as a suffix":         "x__Host-session=" + value,
		"as a prefix":         "__Host-sessionx=" + value,
		"space before equals": "__Host-session =" + value,
		"space after equals":  "__Host-session= " + value,
		"quoted":              `__Host-session="` + value + `"`,
		"inside another":      `a="; __Host-session=` + value + `"`,
		"$Version sandwich":   `$Version=1; a="b; __Host-session=` + value + `"; $Path="/"`,
		"with $Path":          "__Host-session=" + value + ",$Path=/",
		"comma":               "a=b, __Host-session=" + value,
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header["Cookie"] = []string{line}
			m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if u := session.From(r.Context()).User(); u != "" {
					t.Errorf("%q is signed in", u)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

// Tickets come from the cookie alone: not from the URL, a header, a form or an Authorization.
//
// Rows: C3, A8, ASVS 14.2.1
func TestTicketsComeFromTheCookieAlone(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	value := b.ticket()
	pair := hostCookie + "=" + value
	for name, r := range map[string]*http.Request{
		"query":         httptest.NewRequest(http.MethodGet, "/?"+pair, nil),
		"path":          httptest.NewRequest(http.MethodGet, "/;jsessionid="+value, nil),
		"form":          httptest.NewRequest(http.MethodPost, "/", strings.NewReader(pair)),
		"Authorization": headed("Authorization", "Cookie "+pair),
		"Cookie2":       headed("Cookie2", pair),
		"X-Session":     headed("X-Session-Id", value),
	} {
		t.Run(name, func(t *testing.T) {
			m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if u := session.From(r.Context()).User(); u != "" {
					t.Errorf("%q is signed in", u)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

func headed(name, value string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(name, value)
	return r
}

// Tickets are random: no bit of ID or secret is the same more often than chance has it, none repeats.
//
// Rows: A2, C1, N4, ASVS 7.2.2, ASVS 7.2.3, ASVS 11.5.1
func TestTicketsAreRandom(t *testing.T) {
	const n = 2000
	m := newManager(t, memory.New(), session.Options{MaxVisitors: -1})
	seen := make(map[string]bool)
	ones := make([]int, 40*8)
	for range n {
		b := newBrowser(t, m)
		set(b, note, "x")
		ticket := b.ticket()
		if len(ticket) != 55 || ticket[0] != '1' {
			t.Fatalf("ticket %q; want a version and 54 characters", ticket)
		}
		id, err1 := base64.RawURLEncoding.Strict().DecodeString(ticket[1:23])
		secret, err2 := base64.RawURLEncoding.Strict().DecodeString(ticket[23:])
		if err1 != nil || err2 != nil || len(id) != 16 || len(secret) != 24 {
			t.Fatalf("ticket %q does not hold 128 and 192 bits: %v %v", ticket, err1, err2)
		}
		if seen[ticket[:23]] || seen[ticket[23:]] {
			t.Fatal("an ID or a secret repeats")
		}
		seen[ticket[:23]], seen[ticket[23:]] = true, true
		for i, c := range append(id, secret...) {
			for bit := range 8 {
				ones[i*8+bit] += int(c>>bit) & 1
			}
		}
	}
	for i, c := range ones {
		if c < n/2-250 || c > n/2+250 { // 11 standard deviations
			t.Errorf("bit %d is set in %d of %d tickets", i, c, n)
		}
	}
}

// A secret is compared by its hash; a wrong one is refused wherever its first wrong bit is.
//
// Rows: A4, ASVS 11.2.4
func TestEveryBitOfTheSecretCounts(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	good := b.ticket()
	secret, err := base64.RawURLEncoding.DecodeString(good[23:])
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(secret) * 8 {
		flipped := append([]byte(nil), secret...)
		flipped[bit/8] ^= 1 << (bit % 8)
		b.setTicket(good[:23] + base64.RawURLEncoding.EncodeToString(flipped))
		if u := b.user(); u != "" {
			t.Errorf("%q is signed in although bit %d of the secret is wrong", u, bit)
		}
	}
	b.setTicket(good)
	if b.user() != "ada" {
		t.Error("the good ticket is not good any more")
	}
}

// The cookie as browsers get it.
//
// Rows: ASVS 3.3.1, ASVS 3.3.2, ASVS 3.3.3, ASVS 3.3.4, N5, C15
func TestCookieAttributesFollowTheOptions(t *testing.T) {
	for _, c := range []struct {
		name     string
		o        session.Options
		remember bool
		want     string // after the value
	}{
		{"default", session.Options{}, false, "; Path=/; Secure; HttpOnly; SameSite=Lax"},
		{"remember", session.Options{}, true, "; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax"},
		{"strict", session.Options{SameSiteStrict: true}, false, "; Path=/; Secure; HttpOnly; SameSite=Strict"},
		{"named", session.Options{Cookie: "__Host-shop"}, false, "; Path=/; Secure; HttpOnly; SameSite=Lax"},
		{"insecure", session.Options{InsecureCookie: true}, false, "; Path=/; HttpOnly; SameSite=Lax"},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			m := newManager(t, memory.New(), c.o)
			name := c.o.Cookie
			if name == "" {
				name = hostCookie
			}
			if c.o.InsecureCookie {
				name = "session"
			}
			a := newBrowser(t, m).with(func(s *session.Session) {
				var options []session.SignInOption
				if c.remember {
					options = append(options, session.Remember)
				}
				if err := s.SignIn("ada", options...); err != nil {
					t.Error(err)
				}
			})
			line := a.header.Get("Set-Cookie")
			if len(a.setCookies()) != 1 || len(line) < len(name)+56 || line[:len(name)+1] != name+"=" ||
				line[len(name)+56:] != c.want {
				t.Errorf("Set-Cookie %q, want %s=, 55 characters and %q", a.setCookies(), name, c.want)
			}
			if len(name)+55 > 4096 {
				t.Error("name and value are longer than browsers keep")
			}
			if strings.Contains(line, "ada") {
				t.Error("the cookie names the user")
			}
		})
	}
}
