package store

import "context"

// A Checker is a store that can look at how its server is set up, and say what that makes of the promises.
type Checker interface {
	// Check returns what was looked at, whether or not it is as it should be.
	Check(ctx context.Context) ([]Finding, error)
}

// A Finding is one thing that decides what a store can promise.
type Finding struct {
	Severity Severity
	Name     string // what was looked at, in one word as the server calls it, such as "fsync"
	What     string // what is so, as "fsync is off"
	Means    string // what that does to sessions
	Fix      string // what to do about it; empty if there is nothing to do
}

// Severity says how bad a finding is.
type Severity uint8

const (
	Good    Severity = iota + 1 // as it should be
	Unknown                     // it may not be asked, as managed services have it
	Limit                       // something is not promised that could be
	Danger                      // an answer does not mean what it says; to be refused
)

// String returns "good", "unknown", "limit" or "danger".
func (s Severity) String() string {
	if s < Good || s > Danger {
		return ""
	}
	return [...]string{"good", "unknown", "limit", "danger"}[s-Good]
}
