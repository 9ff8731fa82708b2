package session

import (
	"errors"
	"fmt"

	"coatcheck.dev/session/internal/client"
)

var (
	// ErrNoManager says that a session was taken from a context that has not passed through [Manager.Handler].
	ErrNoManager = errors.New("session: this request has not passed through Manager.Handler")

	// ErrUnavailable says that the store was not asked, because it has just failed several times or is as busy as
	// Options.MaxStoreCalls allows. Nothing has been changed.
	ErrUnavailable = client.ErrUnavailable

	// ErrEnded says that the session has ended while the request ran, or that nobody is signed in.
	ErrEnded = errors.New("session: it has ended")

	// ErrTooLate says that the response has begun, so that no new ticket can be set any more.
	ErrTooLate = errors.New("session: the response has begun: change the session before the first byte is written")

	// ErrTooLarge says that a change would make the session's data larger than Options.MaxBytes or MaxKeys.
	ErrTooLarge = errors.New("session: the data would be too large")

	// ErrConflict says that another request has changed a key that was declared with [Reject].
	ErrConflict = errors.New("session: another request has changed the value")

	// ErrTooManySessions says that the user has as many sessions as Options.MaxSessions allows.
	ErrTooManySessions = errors.New("session: the user has too many sessions")

	// ErrTooManyVisitors says that more new visitors have stored something within a minute than Options.MaxVisitors
	// allows.
	ErrTooManyVisitors = errors.New("session: too many new visitors at once")

	errUser    = errors.New("session: the name of a user has 1 to 255 bytes of UTF-8 without control characters")
	errKeyName = errors.New("session: a key's name has 1 to 64 letters, digits, dots, hyphens or underscores")
	errPast    = errors.New("session: Until is not after now: to end a session, use SignOut or Manager.Revoke")
	errRemote  = fmt.Errorf("session: Manager.Update has no browser to tell, and changes only values and the end: %w",
		ErrTooLate)
	errHijack = fmt.Errorf("session: the connection cannot be hijacked while a new ticket waits to be sent: "+
		"write status 101 first: %w", ErrTooLate)
)
