package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"coatcheck.dev/internal/defaultstatus"
	"coatcheck.dev/internal/wrapped"
	"coatcheck.dev/store"
)

// Handler gives every request that next sees a session. The session is loaded before next is called; if the store
// cannot tell whether there is one, the answer is 503 with Retry-After, the cookie stays, and next is not called.
//
// Changes are saved before the first byte of the response goes out, whatever sends it, so that an answer means that
// they are durable. If they cannot be saved, the response is 503 instead of what next wrote.
func (m *Manager) Handler(next http.Handler) http.Handler {
	wrapped.MustBe(next, "session: Handler")
	if m.opts.Guard != nil {
		next = m.opts.Guard.Wrap(m, next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := present(&m.opts, r)
		v, request, found := newVisit(&p)
		v.session.m, v.session.request, v.session.bearer = m, r, p.bearer
		v.response.inner, v.response.session = w, &v.session
		if err := v.session.open(&p, found); err != nil {
			m.refuse(w, r, err)
			return
		}
		if r.URL.RawQuery != "" && strings.Contains(r.URL.RawQuery, handOverParam) {
			v.session.takeOver()
		}
		defer v.end()
		*request = *r.WithContext(v)
		next.ServeHTTP(m.writers.wrap(&v.response), request)
		v.response.over = true
	})
}

// withheld are the headers of a response that does not go out.
var withheld = []string{
	"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Location", "Content-Range", "Content-Type", "Etag", "Last-Modified", "Location", "Set-Cookie", "Trailer",
}

// refuse answers a request for which the store cannot tell whether there is a session, or whose changes cannot be
// saved.
func (m *Manager) refuse(w http.ResponseWriter, r *http.Request, err error) {
	header := w.Header()
	for _, name := range withheld {
		delete(header, name)
	}
	header.Set("Cache-Control", "no-store")
	r = r.WithContext(context.WithValue(r.Context(), refusedKey{}, true))
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrTooLarge) {
		m.opts.Conflict.ServeHTTP(defaultstatus.Writer(w, http.StatusConflict), r)
		return
	}
	header.Set("Retry-After", "5")
	m.opts.Unavailable.ServeHTTP(defaultstatus.Writer(w, http.StatusServiceUnavailable), r)
}

// A visit is one request under one manager. It is the request's context, its session and its response in one piece
// of memory, because they live and die together.
type visit struct {
	session  Session
	response response
}

// newVisit returns a visit. In the same piece of memory there is room for the request that handlers see and, if the
// visitor has a ticket, for the record. They are beside the visit, because package fmt prints all of what is in it.
func newVisit(p *presented) (*visit, *http.Request, *store.Encoded) {
	if !p.valid {
		v := new(struct {
			visit
			request http.Request
		})
		return &v.visit, &v.request, nil
	}
	v := new(struct {
		visit
		request http.Request
		found   store.Encoded
	})
	return &v.visit, &v.request, &v.found
}

// end runs when the handler has returned or panicked.
func (v *visit) end() {
	if v.response.over {
		v.response.finish()
		return
	}
	v.response.abandon()
}

type contextKey struct{}

// Value answers for the session, and otherwise as the request's context does.
func (v *visit) Value(key any) any {
	if _, ok := key.(contextKey); ok {
		return v
	}
	return v.session.context().Value(key)
}

func (v *visit) Deadline() (time.Time, bool) { return v.session.context().Deadline() }
func (v *visit) Done() <-chan struct{}       { return v.session.context().Done() }
func (v *visit) Err() error                  { return v.session.context().Err() }

// Format prints the context that a handler finds in its request.
func (v *visit) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%v.With%v", v.session.context(), &v.session)
}

// asked notes that the response depends on the session, and returns it.
func (v *visit) asked() *Session {
	if v.response.depends.Load() == dependsNot { // loads are shared between processors, stores are not
		v.response.depends.CompareAndSwap(dependsNot, dependsOnSession)
	}
	return &v.session
}

// From returns the session of the request that ctx belongs to. There always is one behind [Manager.Handler]; a visitor
// for whom nothing is stored has an empty one. With several managers it is that of the innermost handler; use
// [Manager.From] there. Without any it is an empty session that refuses changes with [ErrNoManager].
func From(ctx context.Context) *Session {
	if v, ok := ctx.Value(contextKey{}).(*visit); ok {
		return v.asked()
	}
	return absent(ctx, nil)
}

// From returns the session that this manager has for the request that ctx belongs to.
func (m *Manager) From(ctx context.Context) *Session {
	if v := m.visit(ctx); v != nil {
		return v.asked()
	}
	return absent(ctx, nil)
}

// absent returns the session of a request that has none, and reports that: as a mistake in the use of From or, if there
// are calls, of a handler of the manager that was made there.
func absent(ctx context.Context, calls []uintptr) *Session {
	switch {
	case ctx.Value(refusedKey{}) != nil:
	case calls != nil:
		unguarded.report(calls)
	default:
		unhandled.report(callers(deep))
	}
	return &Session{}
}

// guarded returns the session of a request for a handler of the manager that was made by the calls.
func (m *Manager) guarded(ctx context.Context, calls []uintptr) *Session {
	if v := m.visit(ctx); v != nil {
		return v.asked()
	}
	return absent(ctx, calls)
}

// Binding returns what ties a request to its sign-in: the handle of its session once somebody has signed in, and ""
// before. It is what package csrf binds tokens to. Rotation leaves it alone; every sign-in changes it.
func (m *Manager) Binding(r *http.Request) string {
	if s := m.From(r.Context()); s.SignedIn() {
		return s.Handle().String()
	}
	return ""
}

// visit returns this manager's visit of the request that ctx belongs to, or nil.
func (m *Manager) visit(ctx context.Context) *visit {
	for {
		v, ok := ctx.Value(contextKey{}).(*visit)
		if !ok || v.session.m == m {
			return v
		}
		ctx = v.session.context()
	}
}

// ShareResponse says of the request that ctx belongs to that its response is the same for everybody, although the
// session was looked at. What the handler says about caching stays then, for shared caches too. A response that brings
// a ticket to the browser is not shared in spite of it.
func (m *Manager) ShareResponse(ctx context.Context) {
	if v := m.visit(ctx); v != nil {
		v.response.depends.Store(dependsDenied)
		return
	}
	absent(ctx, nil)
}
