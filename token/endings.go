package token

import (
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
	cutoff    atomic.Int64 // those of sessions that began at this microsecond or before, likewise

	mu       sync.RWMutex
	lost     bool
	sessions map[store.ID]int64 // when it was heard, in seconds since 1970
	users    map[string]userEnd
	swept    int64 // when what is too old last went
}

// A userEnd is what has ended of one user's. A cutoff is about when sessions began: a node that hears of it late makes
// tokens of them meanwhile, and it may lie in the past. Of the other ends each is told by its handle as well.
type userEnd struct {
	heard  int64 // in seconds since 1970
	made   int64 // tokens made at this second or before are refused; 0 is none
	cutoff int64 // those of sessions that began at this microsecond or before, likewise
}

func (u userEnd) refuses(c *Claims) bool { return c.IssuedAt <= u.made || c.began() <= u.cutoff }

// began is when the session began, in microseconds since 1970. Issuers of before this claim did not tell: then the
// token stands for it, which is as good where the cutoff is of the moment.
func (c *Claims) began() int64 {
	if c.Began == 0 {
		return c.IssuedAt * 1e6
	}
	return c.Began
}

const maxEnded = 100_000

// notice learns from the feed at the time now.
func (e *endings) notice(n store.Notice, now time.Time) {
	switch n.Kind {
	case store.Deleted, store.Replaced, store.Swept:
		e.note(now, func() { e.sessions[n.ID] = now.Unix() })
	case store.UserDeleted: // those that were kept cannot be told from the others
		e.noteUser(n.User, userEnd{heard: now.Unix(), made: now.Unix()})
	case store.Cutoff:
		if n.User == "" {
			e.raise(&e.cutoff, n.At.UnixMicro())
			return
		}
		e.noteUser(n.User, userEnd{heard: now.Unix(), cutoff: n.At.UnixMicro()})
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
		e.sessions, e.users = map[store.ID]int64{}, map[string]userEnd{}
	}
	change()
	e.any.Store(true)
}

func (e *endings) noteUser(user string, u userEnd) {
	e.note(time.Unix(u.heard, 0), func() {
		was := e.users[user]
		e.users[user] = userEnd{max(was.heard, u.heard), max(was.made, u.made), max(was.cutoff, u.cutoff)}
	})
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
	for user, u := range e.users {
		if u.heard < old {
			delete(e.users, user)
		}
	}
}

func (e *endings) refuseAll(until int64) { e.raise(&e.everybody, until) }

// raise sets one of the bounds, which never become lower.
func (e *endings) raise(bound *atomic.Int64, to int64) {
	for {
		old := bound.Load()
		if to <= old || bound.CompareAndSwap(old, to) {
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
	if c.IssuedAt <= e.everybody.Load() || c.began() <= e.cutoff.Load() || e.users[c.User].refuses(c) {
		return true
	}
	_, ended := e.sessions[c.Session]
	return ended
}
