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
	returned bool // whether the handler returned, rather than panicked
}

// newVisit returns a visit. If the visitor has a ticket, the session's state is in the same piece of memory as well.
func newVisit(ctx context.Context, ticket bool) *visit {
	if !ticket {
		return &visit{Context: ctx}
	}
	v := new(struct {
		visit
		state
	})
	v.Context, v.session.state = ctx, &v.state
	return &v.visit
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
	v.response.session = &v.session
	v.session.response = &v.response
	return v.response.disguise(v.session.m.kinds.capabilities(v.response.inner))
}

// end runs when the handler has returned or panicked.
func (v *visit) end() {
	if v.returned {
		v.response.finish()
		return
	}
	v.response.abandon()
}
