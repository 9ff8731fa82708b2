package session

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

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

	// ErrPlainHTTP says that the user was not signed in, because a browser drops a Secure cookie that comes over plain
	// HTTP, but from localhost: see [Session.CookieProblem].
	ErrPlainHTTP = errors.New("session: browsers drop a Secure cookie over plain http")

	errUser    = errors.New("session: the name of a user has 1 to 255 bytes of UTF-8 without control characters")
	errKeyName = errors.New("session: a key's name has 1 to 64 letters, digits, dots, hyphens or underscores")
	errPast    = errors.New("session: Until is not after now: to end a session, use SignOut or Manager.Revoke")
	errRemote  = fmt.Errorf("session: Manager.Update has no browser to tell, and changes only values and the end: %w",
		ErrTooLate)
	errHijack = fmt.Errorf("session: the connection cannot be hijacked while a new ticket waits to be sent: "+
		"write status 101 first: %w", ErrTooLate)
)

// A mistake is a wrong use of this package that the program goes on with, but not as its author thinks. It is written
// to [slog.Default] with the place in the program, once for each place, because From has no manager to ask for
// observers.
type mistake struct{ what, do string }

var (
	unhandled = mistake{
		"a request has no session, because it has not passed through this Manager.Handler",
		"wrap the handler in Manager.Handler, and use the context of the request that it is given",
	}
	unguarded = mistake{
		"nobody is let in, because Manager.Require, or another handler of the manager, is outside Manager.Handler",
		"put it inside: sessions.Handler(sessions.Require(page))",
	}
	late = mistake{
		"a session is used after its request is over; what is set now is not saved",
		"let the handler wait for its goroutines, or keep the session's Handle and call Manager.Update",
	}
)

// told are the mistakes that were written, with their places.
var told firsts[string]

// panickers is how many managers with Options.PanicOnMisuse there are.
var panickers atomic.Int32

// report tells of a mistake at a place. It panics in a test that asks for it.
func (k *mistake) report(calls []uintptr) {
	at := place(calls)
	if panickers.Load() > 0 {
		panic(fmt.Sprintf("session: %s (%s): %s", k.what, at, k.do))
	}
	if told.first(k.what + at) {
		slog.Default().Warn("session: "+k.what, "at", at, "do", k.do)
	}
}

// mayPanic lets mistakes panic in a test if the options say so, until the manager is closed.
func (m *Manager) mayPanic() {
	if m.opts.PanicOnMisuse && testing.Testing() && m.panics.CompareAndSwap(false, true) {
		panickers.Add(1)
	}
}

func (m *Manager) mayNotPanic() {
	if m.panics.CompareAndSwap(true, false) {
		panickers.Add(-1)
	}
}

// callers returns at most so many calls that lead here, the caller of the caller first.
func callers(most int) []uintptr {
	calls := make([]uintptr, most)
	return calls[:runtime.Callers(3, calls)]
}

const (
	deep    = 12 // calls to leave this package from anywhere
	shallow = 4  // calls to leave it from where a handler is made, which some programs do for each request
)

// place returns file and line of the first call that is not by this library.
func place(calls []uintptr) string {
	frames := runtime.CallersFrames(calls)
	for {
		frame, more := frames.Next()
		library := strings.HasPrefix(frame.Function, "coatcheck.dev/session.") ||
			strings.HasPrefix(frame.Function, "coatcheck.dev/devices.")
		if !library || !more {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
	}
}

// refusedKey marks the context of a request that Options.Unavailable answers: that there is no session is no mistake.
type refusedKey struct{}

// use is lock for what a handler does with its session.
func (s *Session) use() *state {
	st := s.lock()
	if s.phase.Load() == phaseOver {
		s.mu.Unlock()
		late.report(callers(deep))
		s.mu.Lock()
	}
	return st
}
