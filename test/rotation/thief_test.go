package rotation

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/test/internal/trial"
)

// A verdict is what a theft policy makes of the session.
type verdict struct {
	name   string
	policy session.TheftPolicy
	owner  string // who the owner is after the alarm
	proven bool   // whether the owner still counts as having proved it
}

var verdicts = []verdict{
	{"revoke", session.TheftRevoke, "", false},
	{"step up", session.TheftStepUp, "ada", false},
	{"log only", session.TheftLogOnly, "ada", true},
}

// onEveryVerdict runs a test for each policy on each backing.
func onEveryVerdict(t *testing.T, test func(t *testing.T, v verdict, b backing)) {
	t.Helper()
	for _, v := range verdicts {
		for _, b := range backings {
			t.Run(v.name+"/"+b.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { test(t, v, b) })
			})
		}
	}
}

// maxAge is how many rotations old a copied cookie may be and is still recognised for what it is; an older one is
// refused without an alarm.
const maxAge = 32

// Somebody copies the cookie, now or then. Once the browser has shown its next secret, and the grace is over, the copy
// is no good on its first use, and gives the thief away. All the while the owner's tabs rotate as in the honest
// simulation, without an alarm.
//
// Rows: A14, A17
func TestCopiedCookieIsCaught(t *testing.T) {
	onEveryVerdict(t, func(t *testing.T, v verdict, b backing) {
		d := newDay(t, newSite(t, b, session.Options{Theft: v.policy}), trial.Chance(t))
		caught, thefts := 0, b.times(30)
		for used := range thefts {
			thief := d.browser.copied()
			age := 1 + d.rng.IntN(4)
			if used%5 == 0 {
				age = 1 + d.rng.IntN(maxAge)
			}
			d.rotate(age)
			d.running.Wait()
			if falls := d.fallen(); len(falls) != 0 {
				t.Fatalf("honest sign-out: %s", falls[0])
			}
			if n := d.site.alarms(); n != caught {
				t.Fatalf("%d alarms before theft %d, which is no alarm yet", n, used+1)
			}
			time.Sleep(grace + 1 + time.Duration(d.rng.Int64N(int64(rotateEvery-grace))))
			if caught += d.steal(thief, d.rng.IntN(b.nodes)); caught != used+1 {
				t.Errorf("missed theft: nobody noticed a copy that is %d rotations old", age)
				return
			}
			d.recover(v)
		}
		t.Logf("%d thefts, %d caught, %d rotations", thefts, caught, d.rotations())
	})
}

// steal uses a copied cookie, checks that it is no good and returns how many alarms that was.
func (d *day) steal(thief *browser, node int) int {
	d.site.t.Helper()
	before := d.site.count(event.Theft)
	copied := thief.holds()
	var user string
	thief.make(trip{node: node}, seeUser(&user))
	if user != "" || thief.holds() != copied {
		d.site.t.Errorf("the thief is signed in as %q", user)
	}
	return d.site.count(event.Theft) - before
}

// recover checks what the policy has made of the session, on all nodes, and has the owner go on.
func (d *day) recover(v verdict) {
	t := d.site.t
	t.Helper()
	for node := range d.site.nodes {
		var user string
		d.browser.make(trip{node: node}, seeUser(&user))
		if user != v.owner {
			t.Errorf("the owner is %q after the alarm, want %q", user, v.owner)
		}
	}
	if got := d.browser.proven(); got != v.proven {
		t.Errorf("the owner has proved who they are: %t, want %t", got, v.proven)
	}
	switch v.policy {
	case session.TheftRevoke:
		if n := d.site.rows("ada"); n != 0 {
			t.Errorf("%d records are left of the revoked session", n)
		}
		d.browser.signIn("ada")
	case session.TheftStepUp:
		if err := with(d.browser, func(s *session.Session) error { return s.StepUp() }); err != nil {
			t.Errorf("step up: %v", err)
		}
	}
}

// The thief is the first to be given the next secret, and the owner comes later. The alarm is the same, and the thief's
// session ends as well: it is the same session.
//
// Rows: A14, A17
func TestThiefWhoRotatesFirstIsCaught(t *testing.T) {
	onEveryVerdict(t, func(t *testing.T, v verdict, b backing) {
		s, rng := newSite(t, b, session.Options{Theft: v.policy}), trial.Chance(t)
		for range 20 {
			owner := s.newBrowser()
			owner.signIn("ada")
			thief := owner.copied()
			before := s.count(event.Theft)
			elope(thief, rng)
			if got := owner.user(); got != "" {
				t.Errorf("the owner, with the old secret, is %q", got)
			}
			if n := s.count(event.Theft) - before; n != 1 {
				t.Fatalf("%d alarms, want one", n)
			}
			if got := thief.user(); got != v.owner {
				t.Errorf("the thief is %q after the alarm, want %q", got, v.owner)
			}
			if got := thief.proven(); got != v.proven {
				t.Errorf("the thief counts as having proved who they are: %t, want %t", got, v.proven)
			}
		}
	})
}

// elope has the thief be given the next secret, show it, and wait.
func elope(thief *browser, rng *rand.Rand) {
	time.Sleep(rotateEvery + time.Duration(rng.Int64N(int64(rotateEvery/2))))
	thief.user()
	thief.user()
	time.Sleep(grace + 1)
}

// A copy that is older than what a record remembers is refused, and is no alarm: it cannot be told from a made-up
// secret.
//
// Rows: A14, A17
func TestAncientCopyIsRefused(t *testing.T) {
	onEveryBacking(t, func(t *testing.T, b backing) {
		d := newDay(t, newSite(t, b, session.Options{}), trial.Chance(t))
		thief := d.browser.copied()
		d.rotate(maxAge + 2)
		d.running.Wait()
		time.Sleep(grace)
		if n := d.steal(thief, 0); n != 0 {
			t.Errorf("%d alarms: if older copies are recognised now, say so in maxAge", n)
		}
		if n := d.site.count(event.Forged); n != 1 {
			t.Errorf("%d events of a wrong secret, want one", n)
		}
		if got := d.browser.user(); got != "ada" {
			t.Errorf("the owner is %q", got)
		}
	})
}

// Two browsers with the same cookie that both keep up are given the same secrets: nothing tells them apart, and nobody
// is signed out. It is the first one that stays away over a rotation and its grace that raises the alarm.
//
// Rows: A14, R5
func TestCopyThatKeepsUpRaisesNoAlarm(t *testing.T) {
	onEveryBacking(t, func(t *testing.T, b backing) {
		s, rng := newSite(t, b, session.Options{}), trial.Chance(t)
		one := s.newBrowser()
		one.signIn("ada")
		two := one.copied()
		for range 20 {
			time.Sleep(rotateEvery + time.Duration(rng.Int64N(int64(5*time.Minute))))
			for range 3 {
				if one.user() != "ada" || two.user() != "ada" {
					t.Fatal("one of two browsers was signed out within the grace")
				}
				time.Sleep(grace / 3)
			}
		}
		if n := s.alarms(); n != 0 || one.holds() != two.holds() {
			t.Errorf("%d alarms, same ticket: %t", n, one.holds() == two.holds())
		}
		elope(one, rng)
		if two.user() != "" || one.user() != "" || s.alarms() != 1 {
			t.Errorf("the one that stayed away is no alarm: %d", s.alarms())
		}
	})
}
