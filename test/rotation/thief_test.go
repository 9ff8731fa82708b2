package rotation

import (
	"context"
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
// is no good on its first use, and gives the thief away. A thief who says to be the owner's browser, and comes within
// 10 minutes, may be taken for that browser after a crash, if the owner has used the next secret only at once: such a
// one is given away by the owner's next request. All the while the owner's tabs rotate and crash as in the honest
// simulation, without an alarm.
//
// Rows: A14, A17
func TestCopiedCookieIsCaught(t *testing.T) {
	onEveryVerdict(t, func(t *testing.T, v verdict, b backing) {
		d := newDay(t, newSite(t, b, session.Options{Theft: v.policy}), trial.Chance(t))
		caught, alike, thefts := 0, 0, b.times(30)
		for used := range thefts {
			thief := d.browser.copied()
			if used%2 == 0 {
				thief.agent = firefox
			}
			age, within := 1+d.rng.IntN(4), rotateEvery-grace
			switch used % 5 {
			case 0:
				age = 1 + d.rng.IntN(maxAge)
			case 1, 3: // the thief is the owner's browser, by its word, and in a hurry
				age, within = 1, takesBack/2
			}
			d.rotate(age)
			d.running.Wait()
			if falls := d.fallen(); len(falls) != 0 {
				t.Fatalf("honest sign-out: %s", falls[0])
			}
			if n := d.site.alarms(); n != caught {
				t.Fatalf("%d alarms before theft %d, which is no alarm yet", n, used+1)
			}
			time.Sleep(grace + 1 + time.Duration(d.rng.Int64N(int64(within))))
			before := d.recovered()
			caught += d.steal(thief, d.rng.IntN(b.nodes))
			taken := d.recovered() > before
			if taken {
				caught += d.unmask(v, thief, age)
				alike++
			}
			if caught != used+1 {
				t.Errorf("missed theft: nobody noticed a copy that is %d rotations old", age)
				return
			}
			if !taken {
				d.recover(v)
			}
		}
		if thefts >= 30 && alike == 0 {
			t.Error("nobody was taken for a browser after a crash, so that is not tested")
		}
		t.Logf("%d thefts, %d caught, of these %d by the owner's next request, %d rotations", thefts, caught, alike,
			d.rotations())
	})
}

// steal uses a copied cookie, checks that it is no good, unless it was taken back, and returns how many alarms that
// was.
func (d *day) steal(thief *browser, node int) int {
	d.site.t.Helper()
	before, recovered := d.site.count(event.Theft), d.recovered()
	copied := thief.holds()
	var user string
	thief.make(trip{node: node}, seeUser(&user))
	if (user != "" || thief.holds() != copied) && d.recovered() == recovered {
		d.site.t.Errorf("the thief is signed in as %q", user)
	}
	return d.site.count(event.Theft) - before
}

// unmask has the owner come back after a thief was taken for the owner's browser, and returns how many alarms that was.
// Where the policy leaves the session to the thief, the owner signs in again and ends it.
func (d *day) unmask(v verdict, thief *browser, age int) int {
	t := d.site.t
	t.Helper()
	if thief.agent != d.browser.agent || age > 1 {
		t.Errorf("a copy that is %d rotations old is taken for a browser after a crash", age)
	}
	before := d.site.count(event.Theft)
	if user := d.browser.user(); user != "" {
		t.Errorf("%q goes on beside the thief", user)
	}
	alarms := d.site.count(event.Theft) - before
	if user, proven := thief.user(), thief.proven(); user != v.owner || proven != v.proven {
		t.Errorf("the thief is %q after the alarm, and has proved it: %t", user, proven)
	}
	if _, err := d.site.nodes[0].RevokeUser(context.Background(), "ada"); err != nil {
		t.Errorf("end the thief's session: %v", err)
	}
	d.browser.signIn("ada")
	return alarms
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

// The thief is the first to be given the next secret, and the owner comes later. If the thief has gone on with it, the
// owner's old one is the alarm. If not, the owner is let in, as after a crash, and the thief's next request is the
// alarm. Either way the session ends for both, because it is the same.
//
// Rows: A14, A17
func TestThiefWhoRotatesFirstIsCaught(t *testing.T) {
	onEveryVerdict(t, func(t *testing.T, v verdict, b backing) {
		s, rng := newSite(t, b, session.Options{Theft: v.policy}), trial.Chance(t)
		for i := range 20 {
			owner := s.newBrowser()
			owner.signIn("ada")
			thief := owner.copied()
			before := s.count(event.Theft)
			elope(thief, rng)
			late, other := owner, thief
			if i%2 == 0 {
				thief.user() // goes on
				time.Sleep(2 * time.Second)
			} else if late, other = thief, owner; owner.user() != "ada" {
				t.Error("the owner, with the old secret, is not taken for a browser after a crash")
			}
			if got := late.user(); got != "" {
				t.Errorf("the one who is late is %q", got)
			}
			if n := s.count(event.Theft) - before; n != 1 {
				t.Fatalf("%d alarms, want one", n)
			}
			if got := other.user(); got != v.owner {
				t.Errorf("the other one is %q after the alarm, want %q", got, v.owner)
			}
			if got := other.proven(); got != v.proven {
				t.Errorf("the other one counts as having proved who they are: %t, want %t", got, v.proven)
			}
		}
	})
}

// elope has the thief be given the next secret, show it, and wait.
func elope(thief *browser, rng *rand.Rand) {
	time.Sleep(rotateEvery + time.Duration(rng.Int64N(int64(rotateEvery/2))))
	thief.user()
	thief.user()
	time.Sleep(grace + time.Millisecond)
}

// A copy that is older than what a record remembers is refused, and is no alarm: it cannot be told from a made-up
// secret.
//
// Rows: A14, A17
func TestAncientCopyIsRefused(t *testing.T) {
	onEveryBacking(t, func(t *testing.T, b backing) {
		d := newDay(t, newSite(t, b, session.Options{}), trial.Chance(t))
		d.crashes = 0 // each makes a secret last longer
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
		one.user()
		time.Sleep(2 * time.Second)
		if two.user() != "" || one.user() != "" || s.alarms() != 1 {
			t.Errorf("the one that stayed away is no alarm: %d", s.alarms())
		}
	})
}
