package session

import (
	"context"
	"net/http"
	"time"
)

// A visit is one request under one manager. It is the request's context, its session and its response in one piece
// of memory, as they live and die together.
type visit struct {
	session  Session
	response response
}

// newVisit returns a visit. If the visitor has a ticket, the session's state is in the same piece of memory as well.
func newVisit(r *http.Request, ticket bool) *visit {
	var v *visit
	if ticket {
		both := new(struct {
			visit
			state
		})
		v = &both.visit
		v.session.state = &both.state
	} else {
		v = new(visit)
	}
	v.session.request, v.session.response, v.response.session = r, &v.response, &v.session
	return v
}

// Value answers for the session, and otherwise as the request's context does.
func (v *visit) Value(key any) any {
	if _, ok := key.(contextKey); ok {
		return v
	}
	return v.outer().Value(key)
}

// outer is the context that the request came with.
func (v *visit) outer() context.Context { return v.session.request.Context() }

func (v *visit) Deadline() (time.Time, bool) { return v.outer().Deadline() }
func (v *visit) Done() <-chan struct{}       { return v.outer().Done() }
func (v *visit) Err() error                  { return v.outer().Err() }

// asked notes that the response depends on the session, and returns it.
func (v *visit) asked() *Session {
	if !v.response.asked.Load() { // loads are shared between processors, stores are not
		v.response.asked.Store(true)
	}
	return &v.session
}

// writer returns the response in a type that has the same optional methods as the one it stands for.
func (v *visit) writer() http.ResponseWriter {
	return v.response.disguise(v.session.m.kinds.capabilities(v.response.inner))
}

// end runs when the handler has returned or panicked.
func (v *visit) end() {
	if v.response.over {
		v.response.finish()
		return
	}
	v.response.abandon()
}
