package session

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// A Failure says how a request is answered for which the store cannot tell whether there is a session. The zero value
// is [Required].
type Failure struct {
	optional bool
	stale    time.Duration
}

// Required answers 503 with Retry-After and keeps the cookie.
var Required = Failure{}

// Optional lets the request through without a session, as if from a visitor; [Session.Unknown] tells that it is not
// certain. It keeps the cookie, and refuses changes. It is for public pages.
var Optional = Failure{optional: true}

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

// guess goes on without the store if the route allows it, and returns the store's error otherwise.
func (s *Session) guess(c *claim, err error, now time.Time) error {
	if s.m.opts.OnFailure == nil {
		return err
	}
	policy := s.m.opts.OnFailure(s.request)
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

// recall returns what was known last of a session, at since or later.
func (m *Manager) recall(id store.ID, since time.Time) (store.Record, bool) {
	if m.recaller == nil {
		return m.lastKnown.get(id, since)
	}
	sealed, ok := m.recaller.Recall(id, since)
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
