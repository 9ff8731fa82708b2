package gate

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// lasting is how long an exchange goes on before anybody watches its session: almost all are over by then. As often is
// looked again after that.
const lasting = time.Second

// A cutReason is why an exchange was broken off, if it was.
type cutReason int32

const (
	uncut      cutReason = iota
	cutEnded             // the session that let it in has ended
	cutUnknown           // nobody can tell whether it has
)

// An openEnd is how an exchange stands to the end of its session. One without a known end must not outlive it: a
// request that waits for its answer, as in long polling, or an answer that comes in parts. What changes something is
// not broken off half done, and what has a length goes on to its end.
type openEnd struct {
	finite atomic.Bool
	reason atomic.Int32 // a cutReason
}

// watch has an exchange of somebody who is signed in end with the session, if it lasts. Where the route lets in whoever
// was signed in before an outage, there is nothing to watch. Whoever calls it calls stop when the exchange is over.
func (g *Gate) watch(ctx context.Context, x *exchange, method string) (stop func()) {
	if x.session == nil || x.session.User() == "" || x.session.Unknown() {
		return func() {}
	}
	x.end.finite.Store(method != http.MethodGet && method != http.MethodHead)
	handle, user := x.session.Handle(), x.session.User()
	timer := time.AfterFunc(lasting, func() { g.outlive(ctx, x, handle, user) })
	return func() { timer.Stop() }
}

// outlive waits for the end of the session, and breaks the exchange off. The notice of an end may be about a step-up in
// another tab: then the user goes on under another handle.
func (g *Gate) outlive(ctx context.Context, x *exchange, handle store.ID, user string) {
	select {
	case <-ctx.Done():
		return
	case <-x.session.Done():
	}
	again := time.NewTicker(lasting)
	defer again.Stop()
	for {
		var why cutReason
		if handle, why = g.fate(ctx, handle, user); why != uncut && !x.end.finite.Load() {
			x.end.reason.Store(int32(why))
			x.cancel()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// fate looks whether a session has ended, and returns the handle under which it goes on.
func (g *Gate) fate(ctx context.Context, handle store.ID, user string) (store.ID, cutReason) {
	_, lives, err := g.sessions.Lookup(ctx, handle)
	if next, replaced := g.sessions.Successor(handle); err == nil && !lives && replaced {
		info, found, failed := g.sessions.Lookup(ctx, next)
		handle, lives, err = next, found && info.User == user, failed
	}
	switch {
	case err != nil:
		return handle, cutUnknown
	case !lives:
		return handle, cutEnded
	}
	return handle, uncut
}

// answerEnd answers instead of the app where the exchange was broken off before there was an answer, and reports
// whether it was.
func (x *exchange) answerEnd(w http.ResponseWriter) bool {
	switch cutReason(x.end.reason.Load()) {
	case cutEnded:
		http.Error(w, "The session has ended.", http.StatusUnauthorized)
	case cutUnknown:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "Temporarily unavailable. Please try again in a moment.", http.StatusServiceUnavailable)
	default:
		return false
	}
	return true
}
