package session

import "time"

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
// [Manager.RequireRecent] and [Manager.RequireLevel] never accept it, and changes fail.
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
