package main

import "time"

// What visitors do is assumed, for nobody's site is everybody's. The peak of a day is peak times its mean.
const (
	visitsPerDay   = 2.0 // of each session
	requestsAVisit = 10  // in the mean
	gap            = 30 * time.Second
	skew           = 0.7  // of Zipf's law: how much more often some sessions are used than others
	writes         = 0.05 // of the requests change a value
	signInsPerDay  = 1.0  // for each session that there is
	signOuts       = 0.3  // of the sessions end by it; the others are swept
	peak           = 3.0
	perNode        = 5000.0 // requests a second, of an application with a session in each
	day            = 24 * 60 * 60.0
)

// The library's rules, with its defaults.
const (
	touchEvery  = 2 * time.Minute // a thirtieth of an hour of idle timeout
	rotateEvery = 30 * time.Minute
	settles     = 30 * time.Second // after a rotation: see session.Options
	takesBack   = 10 * time.Minute
	nearBytes   = 64 << 20
	lease       = 5 * time.Second
)

// What one machine is trusted with: sizes are choices, rates are half of what was measured.
const (
	redisGB    = 16.0  // of sessions on a master of 32 GB: a rewrite of its log may need as much again
	postgresGB = 500.0 // on the disk of a shard
	busy       = 0.5
)
