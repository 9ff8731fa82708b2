package session

import "time"

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
