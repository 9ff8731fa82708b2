package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// strangeTickets returns values that are no ticket of the site, some of them close to a good one.
func strangeTickets(good string) map[string]string {
	other := func(i int) string { // good with another character at i
		c := byte('A')
		if good[i] == c {
			c = 'B'
		}
		return good[:i] + string(c) + good[i+1:]
	}
	return map[string]string{
		"empty":                 "",
		"one character":         "1",
		"a word":                "admin",
		"truncated by one":      good[:len(good)-1],
		"truncated to the ID":   good[:1+store.IDLen],
		"without its version":   good[1:],
		"next version":          "2" + good[1:],
		"one too long":          good + "A",
		"twice":                 good + good,
		"oversized":             strings.Repeat("A", 64<<10),
		"quoted":                `"` + good + `"`,
		"leading space":         "\u00a0" + good,
		"percent":               "%31" + good[1:],
		"padding":               good[:len(good)-1] + "=",
		"standard alphabet":     good[:len(good)-1] + "+",
		"line end":              good[:len(good)-1] + "\n",
		"NUL":                   good[:len(good)-1] + "\x00",
		"not UTF-8":             good[:len(good)-1] + "\xff",
		"ID not canonical":      good[:store.IDLen] + "_" + good[store.IDLen+1:],
		"well-formed, unknown":  "1" + strings.Repeat("A", len(good)-1),
		"another secret":        other(len(good) - 1),
		"first bit of secret":   other(1 + store.IDLen),
		"another ID":            other(1),
		"secret before the ID":  "1" + good[1+store.IDLen:] + good[1:1+store.IDLen],
		"the ID twice":          "1" + good[1:1+store.IDLen] + good[1:1+store.IDLen] + strings.Repeat("A", 10),
		"a path":                "../../../../etc/passwd",
		"a statement":           "' OR '1'='1",
		"the handle of session": good[1 : 1+store.IDLen],
	}
}

// A ticket that the site has not made is as good as none: nobody is signed in by it, it makes no record and no cookie,
// and the site still works.
//
// Rows: A1, A5, C2, C3, I5
func TestUnknownTicketsCountAsAbsent(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		owner := newBrowser(t, m)
		owner.signIn("ada")
		before := rows(t, st)
		for name, value := range strangeTickets(owner.ticket()) {
			t.Run(name, func(t *testing.T) {
				b := newBrowser(t, m)
				b.setTicket(value)
				var user string
				var handle store.ID
				a := b.with(func(s *session.Session) {
					user, handle = s.User(), s.Handle()
					if v, ok := cart.Lookup(s); ok {
						t.Errorf("it finds a cart: %v", v)
					}
				})
				if a.status != http.StatusOK || user != "" || !handle.IsZero() || len(a.setCookies()) != 0 {
					t.Errorf("user %q, handle %v, answer %s; want an anonymous visitor and no cookie", user, handle,
						describe(a))
				}
				if n := rows(t, st); n != before {
					t.Errorf("%d records, want %d", n, before)
				}
			})
		}
		if owner.user() != "ada" {
			t.Error("the owner of the real ticket was signed out")
		}
	})
}

// Whatever a visitor brings along, the ticket of a new session is the server's.
//
// Rows: A1, I5
func TestChosenIDIsNeverAdopted(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		known := newBrowser(t, m)
		set(known, note, "x")
		for name, value := range strangeTickets(known.ticket()) {
			for _, begin := range []string{"value", "sign-in"} {
				t.Run(name+"/"+begin, func(t *testing.T) {
					b := newBrowser(t, m)
					b.setTicket(value)
					if begin == "value" {
						set(b, note, "x")
					} else {
						b.signIn("ada")
					}
					ticket, handle := b.ticket(), b.handle()
					if len(ticket) != 55 || ticket == value || handle.IsZero() ||
						strings.Contains(value, handle.String()) {
						t.Errorf("ticket %q, handle %v after bringing %q", ticket, handle, value)
					}
				})
			}
		}
	})
}

// Fixation: the attacker hands the victim a real, anonymous ticket of the site, and waits.
//
// Rows: A1, ASVS 7.2.4, C4
func TestSignInChangesTheTicket(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		attacker := newBrowser(t, m)
		set(attacker, cart, []string{"bait"})
		victim := attacker.copied()
		planted := attacker.handle()

		handle := victim.signIn("ada")
		if victim.ticket() == attacker.ticket() || handle == planted {
			t.Error("sign-in kept the ticket or the handle")
		}
		if strings.Contains(victim.ticket(), attacker.ticket()[1:1+store.IDLen]) {
			t.Error("the new ticket has the old ID")
		}
		if u, h := attacker.user(), attacker.handle(); u != "" || !h.IsZero() {
			t.Errorf("the planted ticket still finds a session: %q %v", u, h)
		}
		if n := rows(t, st); n != 1 {
			t.Errorf("%d records, want 1: the old one ends with sign-in", n)
		}
	})
}

// A second sign-in of the same user, as after being asked for the password again, ends the ticket before it.
//
// Rows: ASVS 7.2.4
func TestSignInAgainChangesTheTicket(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		first := b.signIn("ada")
		set(b, note, "kept")
		old := b.copied()
		second := b.signIn("ada")
		if first == second || old.ticket() == b.ticket() {
			t.Error("the ticket is the same after the second sign-in")
		}
		if old.user() != "" {
			t.Error("the first ticket still signs in")
		}
		if got := get(b, note); got != "kept" {
			t.Errorf("the same user's value is %q after signing in again, want it kept", got)
		}
		if n := rows(t, st); n != 1 {
			t.Errorf("%d records, want 1", n)
		}
	})
}

// What goes along when somebody signs in, by who was there before.
//
// Rows: A1, A19
func TestSignInCarriesOverNothingOfAnotherUser(t *testing.T) {
	for _, c := range []struct {
		name               string
		before             string // who is signed in before, "" for an anonymous visitor
		after              string
		wantCart, wantNote bool // cart is declared to be carried, note is not
	}{
		{"visitor becomes user", "", "ada", true, false},
		{"same user again", "ada", "ada", true, true},
		{"another user", "ada", "alan", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
				for _, when := range []string{"saved before", "set in the same request"} {
					t.Run(when, func(t *testing.T) {
						b := newBrowser(t, m)
						if c.before != "" {
							b.signIn(c.before)
						}
						fill := func(s *session.Session) {
							if err := cart.Set(s, []string{"tea"}); err != nil {
								t.Error(err)
							}
							if err := note.Set(s, "mine"); err != nil {
								t.Error(err)
							}
						}
						if when == "saved before" {
							b.with(fill)
							fill = nothing
						}
						b.with(func(s *session.Session) {
							fill(s)
							if err := s.SignIn(c.after); err != nil {
								t.Error(err)
							}
							checkCarried(t, s, c.wantCart, c.wantNote)
						})
						b.with(func(s *session.Session) { checkCarried(t, s, c.wantCart, c.wantNote) })
					})
				}
			})
		})
	}
}

func checkCarried(t *testing.T, s *session.Session, wantCart, wantNote bool) {
	t.Helper()
	if items, ok := cart.Lookup(s); ok != wantCart || wantCart && fmt.Sprint(items) != "[tea]" {
		t.Errorf("cart is %v, %v; want it there: %v", items, ok, wantCart)
	}
	if v, ok := note.Lookup(s); ok != wantNote || wantNote && v != "mine" {
		t.Errorf("note is %q, %v; want it there: %v", v, ok, wantNote)
	}
}

// Session puzzling: a value that another key's code has put there is of another type, and no user is made of it.
//
// Rows: A19
func TestValuesNeverMakeAUser(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		for _, name := range []string{"user", "User", "uid", "signed_in", "auth", "level"} {
			set(b, session.NewKey[string](name, session.Carry), "ada")
		}
		b.with(func(s *session.Session) {
			if s.SignedIn() || s.User() != "" {
				t.Errorf("a visitor's values signed in %q", s.User())
			}
		})
		called := false
		a := b.visit(m.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })).ServeHTTP)
		if called || a.status != http.StatusUnauthorized {
			t.Errorf("Require let a visitor in: %d", a.status)
		}
	})
}

// Rendering the sign-in page neither makes nor ends a session: only SignIn does.
//
// Rows: A13
func TestSignInPageKeepsTheSession(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		page := func(s *session.Session) { _ = s.SignedIn() }
		fresh := newBrowser(t, m)
		if a := fresh.with(page); len(a.setCookies()) != 0 || rows(t, st) != 0 {
			t.Errorf("the page cost a stranger %d cookies and %d records", len(a.setCookies()), rows(t, st))
		}
		b := newBrowser(t, m)
		b.signIn("ada")
		if a := b.with(page); len(a.setCookies()) != 0 || b.user() != "ada" {
			t.Errorf("the page changed the session of who is signed in: %s", describe(a))
		}
	})
}

// Signing in is refused without a name, and with one that lists and logs could not show; then nothing has changed.
//
// Rows: A1, A44, ASVS 16.4.1
func TestSignInNeedsAUser(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		for _, user := range []string{
			"", strings.Repeat("u", session.MaxUserLen+1), "a\xff", "a\x00", "a\nb", "\x1b[31m", "a\x7f", "a\u009bb",
		} {
			b := newBrowser(t, m)
			a := b.with(func(s *session.Session) {
				if err := s.SignIn(user); err == nil {
					t.Errorf("%.20q signed in", user)
				}
			})
			if len(a.setCookies()) != 0 || rows(t, st) != 0 {
				t.Errorf("a refused sign-in left %d cookies and %d records", len(a.setCookies()), rows(t, st))
			}
		}
		b := newBrowser(t, m)
		for _, user := range []string{strings.Repeat("u", session.MaxUserLen), "עדה", "a da", "a\u202eb", "\uFFFD"} {
			if b.signIn(user); b.user() != user {
				t.Errorf("%q is not kept", user)
			}
		}
	})
}

// One browser, one ticket: a request that left before sign-in, and comes back after it, does not take the new cookie
// away.
//
// Rows: A1
func TestLateAnonymousRequestKeepsTheNewCookie(t *testing.T) {
	for _, late := range []string{"handled during sign-in", "arrives after sign-in", "arrives after sign-out"} {
		t.Run(late, func(t *testing.T) {
			var events recorder
			onEveryStore(t, session.Options{Events: event.NewQueue(events.observe)},
				func(t *testing.T, m *session.Manager, st store.Store) {
					b := newBrowser(t, m)
					set(b, cart, []string{"tea"})
					tab := b.copied()
					write := func(s *session.Session) {
						if err := note.Set(s, "late"); err != nil {
							t.Errorf("a late request cannot be told from others, but set says %v", err)
						}
					}
					var a *answer
					if late == "handled during sign-in" {
						slow := tab.begin(write, nothing)
						b.signIn("ada")
						a = slow.end()
					} else {
						b.signIn("ada")
						if late == "arrives after sign-out" {
							tab = b.copied()
							b.with(func(s *session.Session) {
								if err := s.SignOut(); err != nil {
									t.Error(err)
								}
							})
						}
						a = tab.with(write)
					}
					if a.status != http.StatusOK || len(a.setCookies()) != 0 {
						t.Errorf("the late request is answered %s; want 200 and no cookie", describe(a))
					}
					want := 1
					if late == "arrives after sign-out" {
						want = 0
					}
					if n := rows(t, st); n != want {
						t.Errorf("%d records, want %d", n, want)
					}
					if dropped := events.of(t, m, event.Dropped); len(dropped) == 0 {
						t.Errorf("nobody is told of what was dropped; events: %s", events.kinds())
					}
				})
		})
	}
}

// The same on two nodes: the one that sees the late request has learned of the sign-in from the store's feed.
//
// Rows: A1
func TestLateAnonymousRequestOnAnotherNodeKeepsTheNewCookie(t *testing.T) {
	st := newFaultStore()
	here, there := newManager(t, st, session.Options{}), newManager(t, st, session.Options{})
	b := newBrowser(t, here)
	set(b, cart, []string{"tea"})
	tab := newBrowser(t, there)
	tab.setTicket(b.ticket())
	b.signIn("ada")
	if a := set(tab, note, "late"); len(a.setCookies()) != 0 {
		t.Errorf("the other node gave the browser a cookie that takes the new one's place: %s", describe(a))
	}
}

// Two sign-ins at the same time, as of a double click: both succeed, and no ticket of before is good.
//
// Rows: A18
func TestParallelSignInsBothSucceed(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		visitor := newBrowser(t, m)
		set(visitor, cart, []string{"tea"})
		const n = 32
		tabs := make([]*browser, n)
		var wg sync.WaitGroup
		for i := range tabs {
			tabs[i] = visitor.copied()
			wg.Go(func() { tabs[i].signIn("ada") })
		}
		wg.Wait()
		carried := 0
		for _, tab := range tabs {
			if tab.user() != "ada" {
				t.Error("a sign-in that was answered with a ticket is not signed in")
			}
			carried += len(get(tab, cart))
		}
		if visitor.handle() != (store.ID{}) {
			t.Error("the visitor's ticket is still good")
		}
		if carried == 0 {
			t.Error("the cart was carried into no session")
		}
		if got := rows(t, st); got != n {
			t.Errorf("%d records, want %d", got, n)
		}
	})
}

// The second click of a double click comes after the first one has replaced the visitor's session. Whichever of the two
// cookies the browser takes last, the cart is there; somebody else who signs in with the old ticket gets nothing of it.
//
// Rows: A18, A19
func TestSecondClickOnSignInKeepsTheCart(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		first := newBrowser(t, m)
		set(first, cart, []string{"tea"})
		second, stranger := first.copied(), first.copied()
		first.signIn("ada")
		second.signIn("ada")
		stranger.signIn("alan")
		for name, b := range map[string]*browser{"first": first, "second": second} {
			if got := get(b, cart); b.user() != "ada" || len(got) != 1 {
				t.Errorf("%s click: user %q, cart %v", name, b.user(), got)
			}
		}
		if got := get(stranger, cart); stranger.user() != "alan" || len(got) != 0 {
			t.Errorf("another user: user %q, cart %v", stranger.user(), got)
		}
	})
}

// An attacker on a sibling host can push the cookie out of the browser's jar. That signs nobody in as somebody else:
// the visitor is anonymous, what they begin then has nothing of a planted ticket, and the session that lost its cookie
// can still be found and ended.
//
// Rows: A7
func TestEvictedCookieSignsNobodyIn(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		lost := b.signIn("ada")
		b.setTicket("")
		if b.user() != "" {
			t.Error("signed in without a ticket")
		}
		attacker := newBrowser(t, m)
		set(attacker, cart, []string{"bait"})
		b.setTicket(attacker.ticket())
		b.signIn("ada")
		if attacker.user() != "" || b.handle() == attacker.handle() {
			t.Error("the attacker shares the session that began under a planted ticket")
		}
		infos, err := m.List(t.Context(), "ada")
		if err != nil || len(infos) != 2 {
			t.Errorf("listed %v, %v; want the lost session too", infos, err)
		}
		if existed, err := m.Revoke(t.Context(), lost); !existed || err != nil {
			t.Errorf("revoke: %v, %v", existed, err)
		}
	})
}

// What tokens in forms are bound to belongs to the sign-in: there is nothing before, each sign-in has its own, and
// after the sign-out there is nothing again.
//
// Rows: C10
func TestBindingIsOfTheSignIn(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	b := newBrowser(t, m)
	var last string
	binding := func(change func(s *session.Session) error) string {
		b.visit(func(_ http.ResponseWriter, r *http.Request) {
			if err := change(session.From(r.Context())); err != nil {
				t.Error(err)
			}
			last = m.Binding(r)
		})
		return last
	}
	look := func(*session.Session) error { return nil }
	signIn := func(s *session.Session) error { return s.SignIn("ada") }
	if got := binding(look); got != "" {
		t.Errorf("a visitor: %q", got)
	}
	if got := binding(func(s *session.Session) error { return cart.Set(s, []string{"tea"}) }); got != "" {
		t.Errorf("a visitor with a cart: %q", got)
	}
	first := binding(signIn)
	if again := binding(look); first == "" || again != first {
		t.Errorf("after the sign-in: %q, and then %q", first, again)
	}
	if second := binding(signIn); second == "" || second == first {
		t.Errorf("another sign-in: %q, and before %q", second, first)
	}
	if got := binding((*session.Session).SignOut); got != "" {
		t.Errorf("after the sign-out: %q", got)
	}
	if got := m.Binding(httptest.NewRequest("GET", "/", nil)); got != "" {
		t.Errorf("outside of the manager: %q", got)
	}
}
