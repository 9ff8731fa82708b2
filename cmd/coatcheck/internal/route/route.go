package route

import (
	"errors"
	"time"
)

// A Route says what requests of a pattern need, and what happens if the store cannot tell who makes them. The first
// route that matches a request counts; a request that none matches gets a session if it has one, and 503 if the store
// cannot tell.
//
// What a route requires holds with and without the slash at the end of a path. An app may read a path in another way
// than the gate, because of "//", "..", an encoded slash or capital letters. So a request counts for the routes of all
// these readings, and the strictest of them wins.
type Route struct {
	Match  Pattern
	Access Access

	// Recent lets only users through who proved who they are within that time, and Level only those who did so at that
	// level or a higher one: see session.Manager.RequireRecent and RequireLevel. Both are for Required. The defaults
	// are any time and any level.
	Recent time.Duration
	Level  int

	// Stale is for how long the last known state of a session is believed while the store is down: see session.Stale.
	// The default is not at all.
	Stale time.Duration

	// Passive requests are no use of the session: polling that goes on while nobody is there.
	Passive bool
}

// Access says who may make a request.
type Access uint8

const (
	// AnyVisitor is everybody, signed in or not. While the store cannot tell, the answer is 503. It is the default.
	AnyVisitor Access = iota
	// Public is everybody, and the answer is the same for all: the store is not asked, the identity headers are empty,
	// and what the app says about caching stays.
	Public
	// Optional is everybody, and while the store cannot tell who it is, the request goes on as that of a visitor.
	Optional
	// Required is who is signed in. Others are sent to session.Options.SignInPath, or get 401.
	Required
)

// Check reports what contradicts itself in a route, if anything.
func (r Route) Check() error {
	asks := r.Recent > 0 || r.Level > 0
	switch {
	case r.Recent < 0 || r.Level < 0 || r.Stale < 0:
		return errors.New("times and levels are not negative")
	case asks && r.Access != Required:
		return errors.New("recent and level need access: required")
	case asks && r.Stale > 0:
		return errors.New("recent and level never believe a state that is stale; leave out stale")
	case r.Access == Public && (r.Stale > 0 || r.Passive):
		return errors.New("no session is looked up where access is public, so stale and passive mean nothing there")
	case r.Access == Optional && r.Stale > 0:
		return errors.New("optional goes on as a visitor and stale as the user while the store is down; choose one")
	}
	return nil
}
