package rotation

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/test/internal/trial"
)

var visits = session.NewKey[int]("visits")

// A day is a browser that is used for hours, and what came of it.
type day struct {
	site    *site
	browser *browser
	rng     *rand.Rand
	writes  float64 // the share of requests that also store something
	crashes float64 // the share of rotations after which the browser crashes, or an older profile is put back

	running sync.WaitGroup
	mu      sync.Mutex
	asked   int // requests that reached the site
	wrote   int // of those, how many stored something
	ousted  []string
}

const (
	lostShare = 0.10  // responses that never arrive
	slowShare = 0.05  // requests that are slow somewhere on their way
	goneShare = 0.02  // requests that never arrive
	longShare = 0.001 // handlers that take longer than a secret lives, such as a big export

	latency = 20 * time.Millisecond // of each way, so that those who ask at once all ask with the same cookie
)

func newDay(t testing.TB, s *site, rng *rand.Rand) *day {
	t.Helper()
	d := &day{site: s, browser: s.newBrowser(), rng: rng, writes: 0.1, crashes: 0.25}
	d.browser.signIn("ada")
	return d
}

// trip draws a request that sets out within the window.
func (d *day) trip(window time.Duration) trip {
	t := trip{
		up: latency, down: latency,
		node:     d.rng.IntN(len(d.site.nodes)),
		lostDown: d.rng.Float64() < lostShare,
		lostUp:   d.rng.Float64() < goneShare,
	}
	if window > 0 {
		t.start = time.Duration(d.rng.Int64N(int64(window)))
	}
	switch {
	case d.rng.Float64() < longShare:
		t.work = rotateEvery + time.Duration(d.rng.Int64N(int64(3*rotateEvery)))
	case d.rng.Float64() < slowShare:
		slow := time.Duration(d.rng.Int64N(int64(grace - 2*latency)))
		switch d.rng.IntN(3) {
		case 0:
			t.up += slow
		case 1:
			t.work = 4 * slow
		case 2:
			t.down += slow
		}
	}
	return t
}

// burst has n tabs ask at once, or within a window, and waits until the window is over.
func (d *day) burst(n int, window time.Duration) {
	for range n {
		t, write := d.trip(window), d.rng.Float64() < d.writes
		d.running.Go(func() { d.visit(t, write) })
	}
	time.Sleep(window + time.Second)
}

// visit makes one trip and notes whether the site knew who was there.
func (d *day) visit(t trip, write bool) {
	d.browser.make(t, func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		user := s.User()
		time.Sleep(t.work)
		if write && user != "" {
			if err := visits.Update(s, func(n int) int { return n + 1 }); err != nil {
				d.site.t.Errorf("update: %v", err)
			}
		}
		_ = s.Save() // before it is counted; what goes wrong is seen below
		d.mu.Lock()
		defer d.mu.Unlock()
		d.asked++
		if write && user != "" {
			d.wrote++
		}
		if user != "ada" || s.User() != "ada" {
			d.ousted = append(d.ousted, fmt.Sprintf("%+v: %q, then %q", t, user, s.User()))
		}
	})
}

// rest lets the browser lie until its session is due for rotation, and a little longer.
func (d *day) rest() {
	time.Sleep(rotateEvery + time.Duration(d.rng.Int64N(int64(10*time.Minute))))
}

// rotate uses the session until it has been given a new secret n times more, each time with 50 requests in parallel.
func (d *day) rotate(n int) {
	for goal := d.rotations() + n; d.rotations() < goal; {
		d.rest()
		var window time.Duration
		if d.rng.IntN(2) == 0 {
			window = time.Duration(1 + d.rng.Int64N(int64(time.Minute)))
		}
		d.burst(50, window)
		d.burst(2, time.Second) // somebody clicks on, with the new secret
		if d.rng.Float64() < d.crashes {
			d.crash(window)
		}
		if d.site.t.Failed() || len(d.fallen()) > 0 {
			return
		}
	}
}

// crash has the browser crash within half a minute, and come back with its tabs within 10 minutes of the rotation. What
// it was given in the last half a minute may be lost. If it was not used for longer than that since, somebody may as
// well put a profile of before the rotation back.
func (d *day) crash(window time.Duration) {
	lost := time.Duration(1 + d.rng.Int64N(int64(diskDelay)))
	if window == 0 && d.rng.IntN(2) == 0 {
		lost = diskDelay + time.Duration(d.rng.Int64N(int64(20*time.Minute)))
	}
	time.Sleep(time.Duration(d.rng.Int64N(int64(diskDelay - 5*time.Second))))
	d.browser.crash(time.Now().Add(-lost))
	time.Sleep(time.Duration(d.rng.Int64N(int64(takesBack - diskDelay - 2*time.Minute))))
	recovered, rotations := d.recovered(), d.rotations()
	d.burst(10, 0)
	for d.recovered() > recovered && d.rotations() == rotations && len(d.fallen()) == 0 {
		d.burst(2, time.Second) // somebody clicks on, with the secret that is given for the lost one
	}
}

const (
	diskDelay = 30 * time.Second // how late a browser writes a cookie to disk
	takesBack = 10 * time.Minute // how long after its successor was shown a secret may be shown again
)

func (d *day) recovered() int { return d.site.count(event.Recovered) }

func (d *day) rotations() int { return d.site.count(event.Rotated) }

// fallen returns the requests that were taken for somebody else's.
func (d *day) fallen() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ousted
}

// check waits for the slow requests and reports what an honest browser must never see.
func (d *day) check(t testing.TB) {
	t.Helper()
	d.running.Wait()
	for i, how := range d.fallen() {
		if i < 5 {
			t.Errorf("honest sign-out: %s", how)
		}
	}
	if n := d.site.alarms(); n != 0 {
		t.Errorf("%d false alarms", n)
	}
	if got := with(d.browser, visits.Get); got != d.wrote {
		t.Errorf("%d visits were stored, want %d: rotation lost some", got, d.wrote)
	}
	t.Logf("%d rotations, %d requests, %d crashes and old profiles, %d secrets taken back, %d honest sign-outs, "+
		"%d false alarms", d.rotations(), d.asked, d.browser.runs(), d.recovered(), len(d.fallen()), d.site.alarms())
}

// More than a thousand new secrets, fifty requests in parallel at each, one response in ten lost, one request in twenty
// slow, and after one rotation in four the browser loses its last cookies: nobody is signed out, nobody is taken for a
// thief, nothing that was stored is lost.
//
// Rows: A14, A17, R5, I4, R17
func TestHonestBrowserIsNeverSignedOut(t *testing.T) {
	onEveryBacking(t, func(t *testing.T, b backing) {
		d := newDay(t, newSite(t, b, session.Options{}), trial.Chance(t))
		d.rotate(b.times(1100))
		d.check(t)
		if n := d.recovered(); n < d.rotations()/20 {
			t.Errorf("%d secrets were taken back in %d rotations, so little was tested", n, d.rotations())
		}
	})
}
