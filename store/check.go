package store

import "context"

// A Checker is a store that can say how the settings of its server affect what the store promises.
type Checker interface {
	// Check returns a finding for each setting that it looked at, good or bad.
	Check(ctx context.Context) ([]Finding, error)
}

// A Finding is one thing that decides what a store can promise.
type Finding struct {
	Severity Severity
	Name     string // the setting in one word, as the server calls it, such as "fsync"
	What     string // its state, such as "fsync is off"
	Means    string // the effect on sessions
	Fix      string // what to do about it; empty if there is nothing to do
}

// Severity says how bad a finding is.
type Severity uint8

const (
	Good    Severity = iota + 1 // as it should be
	Unknown                     // the server does not let us ask, as with managed services
	Limit                       // a promise that could be made is not
	Danger                      // an answer does not mean what it says: refuse to start
)

// String returns "good", "unknown", "limit" or "danger".
func (s Severity) String() string {
	if s < Good || s > Danger {
		return ""
	}
	return [...]string{"good", "unknown", "limit", "danger"}[s-Good]
}
