package store

import "context"

// A Checker is a store that can tell how the settings of its server affect its promises.
type Checker interface {
	// Check returns a finding for each setting, good or bad.
	Check(ctx context.Context) ([]Finding, error)
}

// A Finding is one setting of a server and its effect on a store's promises.
type Finding struct {
	Severity Severity
	Name     string // the setting in one word, as the server calls it, such as "fsync"
	What     string // its state, such as "fsync is off"
	Means    string // the effect on sessions
	Fix      string // the remedy; empty if nothing is to be done
}

// Severity says how bad a finding is.
type Severity uint8

const (
	Good    Severity = iota + 1 // as it should be
	Unknown                     // the server does not let us ask, as with managed services
	Limit                       // a promise is not made, although it could be
	Danger                      // an answer cannot be believed: refuse to start
)

// String returns "good", "unknown", "limit" or "danger".
func (s Severity) String() string {
	if s < Good || s > Danger {
		return ""
	}
	return [...]string{"good", "unknown", "limit", "danger"}[s-Good]
}
