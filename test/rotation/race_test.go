package rotation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/test/internal/trial"
)

// rounds is how often each race is run on each backing.
const rounds = 80

// A race is a session that is due for rotation, and 20 tabs that all ask within a tenth of a second.
type race struct {
	site    *site
	user    string // signed in for this race alone
	browser *browser
	rng     *rand.Rand
	running sync.WaitGroup

	// lateWrites has requests store something also if their session has ended before they arrived.
	lateWrites bool
}

const (
	step = 10 * time.Millisecond // requests meet at multiples of it
)

func newRace(s *site, rng *rand.Rand) *race {
	r := &race{site: s, user: fmt.Sprintf("user %x", rng.Uint64()), browser: s.newBrowser(), rng: rng}
	r.browser.signIn(r.user)
	time.Sleep(rotateEvery)
	return r
}

func (r *race) some(n int) time.Duration { return time.Duration(r.rng.IntN(n)) * step }

// tabs sets 20 requests on their way. Each may store something; what they see depends on who comes first.
func (r *race) tabs(seen func(arrived time.Time, user string)) {
	for range 20 {
		t := trip{start: r.some(5), up: r.some(3), work: r.some(5), node: r.rng.IntN(len(r.site.nodes))}
		write := r.rng.IntN(4) == 0
		r.running.Go(func() {
			r.browser.make(t, func(_ http.ResponseWriter, req *http.Request) {
				s := session.From(req.Context())
				user := s.User()
				seen(time.Now(), user)
				time.Sleep(t.work)
				if write && (user != "" || r.lateWrites) {
					_ = visits.Update(s, func(n int) int { return n + 1 })
				}
			})
		})
	}
}

// refused checks that no ticket that was ever made for the browser is good any more, on any node.
func (r *race) refused(t testing.TB, tickets map[string]bool) {
	t.Helper()
	for ticket := range tickets {
		for node := range r.site.nodes {
			b, user := r.site.newBrowser(), ""
			b.ticket = ticket
			b.make(trip{node: node}, seeUser(&user))
			if user != "" {
				t.Errorf("an old ticket is good for %q", user)
			}
		}
	}
}

// olderThan returns the tickets of all sessions but that of the ticket.
func (r *race) olderThan(ticket string) map[string]bool {
	old := r.browser.tickets()
	for other := range old {
		if other[:1+store.IDLen] == ticket[:1+store.IDLen] {
			delete(old, other)
		}
	}
	return old
}

// tickets returns all tickets that were ever made for the browser.
func (b *browser) tickets() map[string]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[string]bool{}
	for ticket := range b.seen {
		all[ticket] = true
	}
	return all
}

// ends are the ways a session ends while it is being rotated. Each returns after the end was acknowledged.
var ends = []struct {
	name string
	kept int // records that are left
	do   func(r *race) error
}{
	{"sign-out", 0, func(r *race) error {
		return with(r.browser, func(s *session.Session) error { return s.SignOut() })
	}},
	{"revoke", 0, func(r *race) error {
		infos, err := r.site.nodes[0].List(context.Background(), r.user)
		for _, info := range infos {
			_, err2 := r.site.nodes[0].Revoke(context.Background(), info.Handle)
			err = errors.Join(err, err2)
		}
		return err
	}},
	{"revoke user", 0, func(r *race) error {
		_, err := r.site.nodes[0].RevokeUser(context.Background(), r.user)
		return err
	}},
	{"cut-off", 1, func(r *race) error {
		return r.site.nodes[0].RevokeUserBefore(context.Background(), r.user, time.Now())
	}},
}

// A session ends while its rotation is under way, on any node. Whoever asks after the end was acknowledged is nobody,
// and nothing brings the session back.
//
// Rows: A15, R3, I1
func TestEndDuringRotationIsFinal(t *testing.T) {
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			onEveryBacking(t, func(t *testing.T, b backing) {
				s, rng := newSite(t, b, session.Options{}), trial.Chance(t)
				_, fed := s.store.(store.Feed)
				late := time.Duration(0)
				if end.kept > 0 && !fed {
					late = 5 * time.Second // nodes that hear nothing of each other ask for cut-offs that often
				}
				for range b.times(rounds) {
					endDuringRotation(t, newRace(s, rng), end.do, end.kept, late)
				}
			})
		})
	}
}

// endDuringRotation allows an end to reach the other nodes late.
func endDuringRotation(t *testing.T, r *race, end func(*race) error, kept int, late time.Duration) {
	var mu sync.Mutex
	var over time.Time
	r.tabs(func(arrived time.Time, user string) {
		mu.Lock()
		defer mu.Unlock()
		if !over.IsZero() && arrived.After(over) && user != "" {
			t.Errorf("a request that arrived after the end is %q's", user)
		}
	})
	r.running.Go(func() {
		time.Sleep(r.some(8))
		if err := end(r); err != nil {
			t.Errorf("end: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		over = time.Now().Add(late)
	})
	r.running.Wait()
	time.Sleep(late)
	if n := r.site.rows(r.user); n != kept {
		t.Errorf("%d records, want %d", n, kept)
	}
	r.refused(t, r.browser.tickets())
	if n := r.site.alarms(); n != 0 {
		t.Errorf("%d false alarms", n)
	}
}

// renewals replace the session by a new one while its secret is being rotated.
var renewals = []struct {
	name    string
	another bool // whether the new session is another user's
	do      func(*session.Session) error
}{
	{"step-up", false, func(s *session.Session) error { return s.StepUp(session.Level(2)) }},
	{"sign-in again", false, func(s *session.Session) error { return s.SignIn(s.User(), session.Level(2)) }},
	{"user switch", true, func(s *session.Session) error { return s.SignIn(other(s.User()), session.Level(2)) }},
}

func other(user string) string { return "not " + user }

// A tab replaces the session while others are offered the successor of its secret. The browser stays with the new
// session, however late the others answer; all older tickets are dead.
//
// Rows: A14, A36, R5, I4
func TestNewSessionWinsOverRotation(t *testing.T) {
	for _, renewal := range renewals {
		t.Run(renewal.name, func(t *testing.T) {
			onEveryBacking(t, func(t *testing.T, b backing) {
				s, rng := newSite(t, b, session.Options{}), trial.Chance(t)
				for range b.times(rounds) {
					r := newRace(s, rng)
					// Where nodes hear nothing of each other, the other one takes a late request for a new visitor's.
					_, r.lateWrites = r.site.store.(store.Feed)
					user := r.user
					if renewal.another {
						user = other(user)
					}
					renewDuringRotation(t, r, user, renewal.do)
				}
			})
		})
	}
}

func renewDuringRotation(t *testing.T, r *race, user string, renew func(*session.Session) error) {
	r.tabs(func(time.Time, string) {})
	var err error
	// Between two steps, so that the order in which responses reach the browser is the order in which they are sent.
	at := trip{start: r.some(8) + step/2, node: r.rng.IntN(len(r.site.nodes))}
	r.running.Go(func() {
		r.browser.make(at, func(_ http.ResponseWriter, req *http.Request) { err = renew(session.From(req.Context())) })
	})
	r.running.Wait()
	if err != nil {
		t.Fatalf("renew: %v", err)
	}
	if got := r.browser.user(); got != user {
		t.Errorf("%q is signed in, want %q: a late response took the new ticket away", got, user)
	}
	if n := r.site.rows(""); n != 1 {
		t.Errorf("%d records, want one", n)
	}
	r.refused(t, r.olderThan(r.browser.holds()))
	if _, err := r.site.nodes[0].RevokeUser(context.Background(), user); err != nil {
		t.Errorf("clean up: %v", err)
	}
	if n := r.site.count(event.Theft); n != 0 {
		t.Errorf("%d false alarms", n)
	}
}

// As above, but the step-up meets the others at the same moments. Which response reaches the browser last is chance;
// what the site holds must not be.
//
// Rows: A14, A36, I1
func TestStepUpWinsOverRotation(t *testing.T) {
	onEveryBacking(t, func(t *testing.T, b backing) {
		s, rng := newSite(t, b, session.Options{}), trial.Chance(t)
		for range b.times(rounds) {
			r := newRace(s, rng)
			r.tabs(func(time.Time, string) {})
			var renewed string
			r.running.Go(func() {
				own := r.site.newBrowser()
				time.Sleep(r.some(8))
				own.ticket = r.browser.holds()
				if err := with(own, func(s *session.Session) error { return s.StepUp() }); err != nil {
					t.Errorf("step up: %v", err)
				}
				renewed = own.holds()
			})
			r.running.Wait()
			fresh := r.site.newBrowser()
			fresh.ticket = renewed
			if fresh.user() != r.user || r.site.rows(r.user) != 1 {
				t.Errorf("the new session is %q's, among %d records", fresh.user(), r.site.rows(r.user))
			}
			r.refused(t, r.browser.tickets())
		}
	})
}
