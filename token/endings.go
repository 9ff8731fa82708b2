package token

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// endings remember which sessions have ended, for as long as a token of theirs could live. Nobody needs to make room:
// what is older than a token goes, and if there is more than maxEnded the tokens of everybody from before are refused,
// which costs their owners another exchange.
type endings struct {
	any       atomic.Bool
	everybody atomic.Int64 // tokens made at this second or before are refused; 0 is none

	mu       sync.RWMutex
	lost     bool
	sessions map[store.ID]int64 // when it was heard, in seconds since 1970
	users    map[string]int64   // tokens made at this second or before are refused
	swept    int64              // when what is too old last went
}

const maxEnded = 100_000

// notice learns from the feed at the time now.
func (e *endings) notice(n store.Notice, now time.Time) {
	switch n.Kind {
	case store.Deleted, store.Replaced, store.Swept:
		e.note(now, func() { e.sessions[n.ID] = now.Unix() })
	case store.UserDeleted: // those that were kept cannot be told from the others
		e.note(now, func() { e.users[n.User] = max(e.users[n.User], now.Unix()) })
	case store.Cutoff:
		if n.User == "" {
			e.refuseAll(n.At.Unix())
			return
		}
		e.note(now, func() { e.users[n.User] = max(e.users[n.User], n.At.Unix()) })
	case store.Lost:
		e.mu.Lock()
		defer e.mu.Unlock()
		e.lost = true
	case store.Beat:
		e.mu.Lock()
		lost := e.lost
		e.lost = false
		e.mu.Unlock()
		if lost {
			e.refuseAll(now.Unix())
		}
	}
}

func (e *endings) note(now time.Time, change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sweep(now.Unix())
	if len(e.sessions)+len(e.users) >= maxEnded {
		e.sessions, e.users = nil, nil
		e.refuseAll(now.Unix())
	}
	if e.sessions == nil {
		e.sessions, e.users = map[store.ID]int64{}, map[string]int64{}
	}
	change()
	e.any.Store(true)
}

// sweep forgets what no living token can be affected by, at most once a minute.
func (e *endings) sweep(now int64) {
	if now-e.swept < 60 {
		return
	}
	e.swept = now
	old := now - int64((MaxLifetime+leeway)/time.Second)
	for id, at := range e.sessions {
		if at < old {
			delete(e.sessions, id)
		}
	}
	for user, at := range e.users {
		if at < old {
			delete(e.users, user)
		}
	}
}

func (e *endings) refuseAll(until int64) {
	for {
		old := e.everybody.Load()
		if until <= old || e.everybody.CompareAndSwap(old, until) {
			e.any.Store(true)
			return
		}
	}
}

// refuses reports whether the token is of a session that has ended.
func (e *endings) refuses(c *Claims) bool {
	if !e.any.Load() {
		return false
	}
	e.mu.RLock() // before everybody is read, because note moves what it forgets there
	defer e.mu.RUnlock()
	if c.IssuedAt <= e.everybody.Load() {
		return true
	}
	until, ok := e.users[c.User]
	if !ok {
		until = math.MinInt64
	}
	_, ended := e.sessions[c.Session]
	return ended || c.IssuedAt <= until
}
