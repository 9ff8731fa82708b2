package session

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// A Failure says how a request is answered for which the store cannot tell whether there is a session. The zero value
// is [Required].
type Failure struct {
	optional bool
	within   time.Duration // how long the request waits for the store, if not as long as Options.StoreTimeout says
	stale    time.Duration
}

// Required answers 503 with Retry-After and keeps the cookie.
var Required = Failure{}

// Optional lets the request through without a session, as if from a visitor; [Session.Unknown] tells that it is not
// certain. It keeps the cookie, and refuses changes. It is for public pages.
var Optional = Failure{optional: true}

// OptionalWithin is Optional for pages that cannot wait: for them a store that has not answered after d cannot tell. Its
// call goes on, and later requests have the use of the answer. While the store is merely slow, signed-in users look like
// visitors there, so d is to be well above what it mostly takes. It does not bound how long the store takes that
// Options.Migrate reads.
func OptionalWithin(d time.Duration) Failure {
	return Failure{optional: true, within: max(d, 1)}
}

// Stale answers from the last known state of the session if this program has seen it within d, and is Required
// otherwise. A session that was revoked on another node within this time is still let in, so d is to be short.
// [Manager.RequireRecent] and [Manager.RequireLevel] never accept it, and changes fail.
func Stale(d time.Duration) Failure { return Failure{stale: d} }

// Unknown reports whether the store could not tell what this session is: it is a guess, either none (see [Optional])
// or the last known state (see [Stale]).
func (s *Session) Unknown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != nil && s.unknown
}

// onFailure says how a request is to be answered.
func (o *Options) onFailure(r *http.Request) Failure {
	if o.OnFailure == nil {
		return Required
	}
	return o.OnFailure(r)
}

// guess goes on without the store if the route allows it, and returns the store's error otherwise.
func (s *Session) guess(c *claim, err error, now time.Time) error {
	policy := s.m.opts.onFailure(s.request)
	if policy.stale > 0 {
		record, ok := s.m.recall(c.ticket.id, now.Add(-policy.stale))
		if !ok || record.Over(now) || s.m.switches.refuses(&record) || stand(&record, &c.hash) != current {
			return err
		}
		s.adopt(&record)
	} else if !policy.optional {
		return err
	}
	s.unknown = true
	return nil
}

// errSlow says that a request has waited for the store as long as it may.
var errSlow = fmt.Errorf("%w: it takes longer than the request may wait", ErrUnavailable)

// find returns the record of an ID, and waits for it as long as the request may.
func (m *Manager) find(r *http.Request, id store.ID, now time.Time) (*store.Record, error) {
	within := m.opts.onFailure(r).within
	if within == 0 {
		return m.ask(r.Context(), id, now)
	}
	type answer struct {
		record *store.Record
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		a := answer{err: errPanicked}
		defer func() {
			_ = recover()
			answered <- a
		}()
		a.record, a.err = m.ask(r.Context(), id, now)
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case a := <-answered:
		return a.record, a.err
	case <-timer.C:
		return nil, m.storeErr("load", id, errSlow)
	}
}

// ask is find without a bound of its own.
func (m *Manager) ask(ctx context.Context, id store.ID, now time.Time) (*store.Record, error) {
	if err := m.loadSwitches(ctx, now); err != nil {
		return nil, err
	}
	return m.load(ctx, id)
}

// recall returns what was known last of a session, at since or later.
func (m *Manager) recall(id store.ID, since time.Time) (store.Record, bool) {
	if m.peeker == nil {
		return m.lastKnown.get(id, since)
	}
	sealed, ok := m.peeker.Recall(id, since)
	if !ok {
		return store.Record{}, false
	}
	r, err := sealed.Record()
	return r, err == nil
}

// lastKnown keeps records for Stale, each as it was when it was last loaded. It holds at most two generations.
type lastKnown struct {
	mu         sync.Mutex
	young, old map[store.ID]known
}

type known struct {
	record store.Record
	at     time.Time
}

const lastKnownGeneration = 1 << 14

func (l *lastKnown) put(r store.Record, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.young == nil || len(l.young) >= lastKnownGeneration {
		l.young, l.old = make(map[store.ID]known), l.young
	}
	l.young[r.ID] = known{r, now}
}

// get returns a record that was loaded at or after since.
func (l *lastKnown) get(id store.ID, since time.Time) (store.Record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.young[id]
	if !ok {
		k, ok = l.old[id]
	}
	if !ok || k.at.Before(since) {
		return store.Record{}, false
	}
	return k.record, true
}

func (l *lastKnown) drop(id store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.young, id)
	delete(l.old, id)
}

func (l *lastKnown) dropAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.young, l.old = nil, nil
}
