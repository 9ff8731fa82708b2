package session

import (
	"context"
	"net/http"
)

// A visit is one request under one manager. It is the request's context, its session and its response in one piece
// of memory, as they live and die together.
type visit struct {
	context.Context
	session  Session
	response response
}

// newVisit returns a visit. If the visitor has a ticket, the session's state is in the same piece of memory as well.
func newVisit(ctx context.Context, ticket bool) *visit {
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
	v.Context, v.session.response, v.response.session = ctx, &v.response, &v.session
	return v
}

// Value answers for the session, and otherwise as the request's context does.
func (v *visit) Value(key any) any {
	if _, ok := key.(contextKey); ok {
		return v
	}
	return v.Context.Value(key)
}

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
