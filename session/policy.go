package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A Failure says how a request is answered for which the store cannot tell whether there is a session. The zero value
// is [Required].
type Failure struct {
	optional bool
	within   time.Duration // how long the request waits for the store, if not as long as Options.StoreTimeout says
	stale    time.Duration
}

// Required answers 503 with Retry-After and keeps the cookie.
var Required = Failure{}

// Optional lets the request through without a session, as if from a visitor; [Session.Unknown] tells that it is not
// certain. It keeps the cookie, and refuses changes. It is for public pages.
var Optional = Failure{optional: true}

// OptionalWithin is [Optional], but waits for the store only for d. Set d well above its usual latency: while the store
// is merely slow, signed-in users look like visitors. The call goes on, and later requests have the use of its answer.
// d does not limit Options.Migrate.
func OptionalWithin(d time.Duration) Failure { return Failure{optional: true, within: max(d, 1)} }

// Stale answers from the last known state of the session if this program has seen it within d, and is [Required]
// otherwise. A session that was revoked on another node within this time is still let in, so keep d short.
// [Manager.RequireRecent] and [Manager.RequireLevel] never accept it, and changes fail. What Options.Guard asks for is
// asked for all the same.
func Stale(d time.Duration) Failure { return Failure{stale: d} }

// TheftPolicy says what happens to a session when a secret is presented that its browser has given up.
type TheftPolicy uint8

const (
	// TheftRevoke ends the session, for the thief and the user. It is the default.
	TheftRevoke TheftPolicy = iota
	// TheftStepUp lets the session go on. RequireRecent and RequireLevel refuse until the user proves again who they
	// are.
	TheftStepUp
	// TheftLogOnly tells the observers.
	TheftLogOnly
)

// LimitPolicy says what happens when a user signs in who has Options.MaxSessions sessions already.
type LimitPolicy uint8

const (
	// LimitEndOldest ends the session that began first. It is the default.
	LimitEndOldest LimitPolicy = iota
	// LimitEndLeastUsed ends the session that was not seen for the longest time.
	LimitEndLeastUsed
	// LimitRefuse fails the sign-in with ErrTooManySessions.
	LimitRefuse
)

// AAL1 returns Options with the timeouts of NIST SP 800-63B-4 for authenticator assurance level 1: no session is
// older than 30 days (section 2.1.3). It is for sites where little is at stake.
func AAL1() Options { return timeouts(24*time.Hour, 7*24*time.Hour, 14*24*time.Hour, 30*24*time.Hour) }

// AAL2 returns Options with the timeouts for level 2: idle 1 hour, 24 hours at most (section 2.2.3), also for users
// who want to stay signed in.
func AAL2() Options { return timeouts(time.Hour, 24*time.Hour, time.Hour, 24*time.Hour) }

// AAL3 returns Options with the timeouts for level 3: idle 15 minutes, 12 hours at most (section 2.3.3).
func AAL3() Options {
	o := timeouts(15*time.Minute, 12*time.Hour, 15*time.Minute, 12*time.Hour)
	o.RotateEvery = 10 * time.Minute
	return o
}

// OWASPLow returns Options with the timeouts of the OWASP session management cheat sheet for applications of low
// risk: idle 30 minutes, 8 hours at most.
func OWASPLow() Options { return timeouts(30*time.Minute, 8*time.Hour, 30*time.Minute, 8*time.Hour) }

// OWASPHigh returns Options with its timeouts for high-value applications: idle 5 minutes, 4 hours at most.
func OWASPHigh() Options {
	o := timeouts(5*time.Minute, 4*time.Hour, 5*time.Minute, 4*time.Hour)
	o.RotateEvery = 5 * time.Minute
	return o
}

func timeouts(idle, lifetime, rememberIdle, rememberLifetime time.Duration) Options {
	return Options{
		IdleTimeout: idle, Lifetime: lifetime,
		RememberIdleTimeout: rememberIdle, RememberLifetime: rememberLifetime,
	}
}

// makeRoom refuses a sign-in that is over the limit, if that is the policy. The session that is being replaced does
// not count.
func (m *Manager) makeRoom(ctx context.Context, user string, replaces store.ID) error {
	most := m.opts.MaxSessions
	if most < 0 || m.opts.AtLimit != LimitRefuse {
		return nil
	}
	live, err := m.store.Live(ctx, user, most+1)
	if err != nil {
		return err
	}
	live = slices.DeleteFunc(live, func(s store.Summary) bool { return s.ID == replaces })
	if len(live) < most {
		return nil
	}
	m.opts.Events.Send(event.Event{Kind: event.Limit, User: user, Count: len(live), Reason: "sign-in refused"})
	return fmt.Errorf("%w: %d", ErrTooManySessions, len(live))
}

// maxTrim is how many sessions a sign-in ends one by one.
const maxTrim = 100

// trim ends sessions of a user who has more than the limit after the session of keep has begun. Its work and time are
// bounded: of so many that it does not see all, one cut-off ends those that are older than all that stay, and what a
// slow store has not ended in time is left to the next sign-in.
func (m *Manager) trim(ctx context.Context, keep *store.Record) error {
	user, most := keep.User, m.opts.MaxSessions
	if most < 0 || m.opts.AtLimit == LimitRefuse {
		return nil
	}
	live, err := m.store.Live(ctx, user, most+maxTrim)
	if err != nil || len(live) <= most {
		return err
	}
	slices.SortStableFunc(live, func(a, b store.Summary) int {
		switch {
		case a.ID == keep.ID:
			return -1
		case b.ID == keep.ID:
			return 1
		case m.opts.AtLimit == LimitEndLeastUsed:
			return b.LastSeen.Compare(a.LastSeen)
		}
		return 0 // newest first
	})
	kept, surplus := live[:most], live[most:]
	m.opts.Events.Send(event.Event{Kind: event.Limit, User: user, Count: len(surplus), Reason: "older sessions ended"})
	ctx = WithActor(ctx, "", "limit of sessions reached")
	if len(surplus) == maxTrim {
		oldest := keep.CreatedAt
		for _, s := range kept {
			if s.CreatedAt.Before(oldest) {
				oldest = s.CreatedAt
			}
		}
		if err := m.setCutoff(ctx, user, oldest.Add(-time.Microsecond)); err != nil {
			return err
		}
	}
	for began, i := time.Now(), len(surplus)-1; i >= 0 && time.Since(began) < m.opts.StoreTimeout; i-- {
		if _, err := m.Revoke(ctx, surplus[i].ID); err != nil {
			return err
		}
	}
	return nil
}
