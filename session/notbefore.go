package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// RevokeBefore ends all sessions of everybody that began at t or before, in one step however many there are: for the
// day on which tickets may have leaked. A t in the future is taken for now. When it returns nil the switch is
// durable, and holds here at once; other nodes have it as soon as the store's feed tells them.
func (m *Manager) RevokeBefore(ctx context.Context, t time.Time) error {
	return m.setNotBefore(ctx, "", t)
}

// RevokeUserBefore ends all sessions of one user that began at t or before. See [Manager.RevokeBefore].
func (m *Manager) RevokeUserBefore(ctx context.Context, user string, t time.Time) error {
	if user == "" {
		return errUser
	}
	return m.setNotBefore(ctx, user, t)
}

func (m *Manager) setNotBefore(ctx context.Context, user string, t time.Time) error {
	if now := time.Now(); t.After(now) {
		t = now
	}
	t = t.UTC().Truncate(time.Microsecond)
	err := m.write(ctx, func(ctx context.Context) error { return m.store.SetNotBefore(ctx, user, t) })
	if err != nil {
		return m.storeErr("set not-before switch", store.ID{}, err)
	}
	m.switches.set(user, t)
	m.watchers.wakeAll()
	m.emit(revoked(ctx, event.Event{User: user}))
	return nil
}

// switches holds the not-before switches in memory. The common cases, none at all or only that of everybody, cost one
// atomic load.
type switches struct {
	everybody atomic.Int64 // microseconds since 1970; 0 is not set
	some      atomic.Bool  // whether any user has a switch
	loadedAt  atomic.Int64 // nanoseconds since 1970; 0 means that they have to be loaded

	loading sync.Mutex // guards what follows
	load    *switchLoad

	mu        sync.RWMutex
	users     map[string]time.Time
	forgotten int // how often
}

// A switchLoad is one look at the store's switches, for all who need them.
type switchLoad struct {
	done chan struct{}
	err  error
}

// switchesAge is how long switches are good without asking again, for stores that have no feed.
const switchesAge = 5 * time.Second

func (w *switches) set(user string, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if user == "" {
		if us := t.UnixMicro(); us > w.everybody.Load() {
			w.everybody.Store(us)
		}
		return
	}
	if w.users == nil {
		w.users = make(map[string]time.Time)
	}
	w.users[user] = later(w.users[user], t)
	w.some.Store(true)
}

// notBefore returns the moment after which a session of the user has to have begun.
func (w *switches) notBefore(user string) time.Time {
	var t time.Time
	if us := w.everybody.Load(); us != 0 {
		t = time.UnixMicro(us)
	}
	if w.some.Load() {
		w.mu.RLock()
		t = later(t, w.users[user])
		w.mu.RUnlock()
	}
	return t
}

// beginning returns when a session of the user that begins now is to have begun: now, unless a switch of this moment
// would end it at once, or one of later, as when the clock was set back since. Records keep microseconds.
func (w *switches) beginning(user string, now time.Time) time.Time {
	now = now.Truncate(time.Microsecond)
	if after := w.notBefore(user); !now.After(after) {
		return after.Add(time.Microsecond)
	}
	return now
}

// refuses reports whether a switch has ended the session.
func (w *switches) refuses(r *store.Record) bool {
	if w.everybody.Load() == 0 && !w.some.Load() {
		return false
	}
	return !r.CreatedAt.After(w.notBefore(r.User))
}

// any reports whether there are switches.
func (w *switches) any() bool { return w.everybody.Load() != 0 || w.some.Load() }

// known reports whether the switches have been loaded, and are told by a feed or have been loaded a moment ago.
func (w *switches) known(fed bool, now time.Time) bool {
	at := w.loadedAt.Load()
	return at != 0 && (fed || now.UnixNano()-at < int64(switchesAge))
}

// forget makes the next request load the switches again, also if they are being loaded just now.
func (w *switches) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgotten++
	w.loadedAt.Store(0)
}

// asOf has the switches count as loaded at a moment that is past; never if it is zero.
func (w *switches) asOf(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case t.IsZero():
		w.forgotten++
		w.loadedAt.Store(0)
	case w.loadedAt.Load() != 0:
		w.loadedAt.Store(t.UnixNano())
	}
}

func (w *switches) timesForgotten() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.forgotten
}

// loaded notes that the switches are known, unless they were forgotten since.
func (w *switches) loaded(now time.Time, forgotten int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.forgotten == forgotten {
		w.loadedAt.Store(now.UnixNano())
	}
}

// knowsSwitches reports whether what is in memory of the switches is all that there is to know at the time now.
func (m *Manager) knowsSwitches(now time.Time) bool {
	return m.switches.known(m.fed.good(now), now)
}

// loadSwitches makes sure that the switches are known. Until they are, nobody can tell which sessions are good.
func (m *Manager) loadSwitches(ctx context.Context, now time.Time) error {
	if m.knowsSwitches(now) {
		return nil
	}
	if err := m.guard.shut(); err != nil {
		return m.storeErr("load not-before switches", store.ID{}, err)
	}
	if !m.waiting.enter() {
		return m.storeErr("load not-before switches", store.ID{}, m.guard.full())
	}
	defer m.waiting.leave()
	load, mine := m.switches.join()
	if !mine {
		select {
		case <-load.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if load.err != nil || m.knowsSwitches(now) {
			return load.err
		}
		return m.readSwitches(ctx, now) // that look began before what was needed now
	}
	defer m.switches.part(load)
	load.err = errPanicked
	load.err = m.readSwitches(ctx, now)
	return load.err
}

// join returns the look that is under way, or a new one that the caller makes.
func (w *switches) join() (load *switchLoad, mine bool) {
	w.loading.Lock()
	defer w.loading.Unlock()
	if w.load == nil {
		w.load, mine = &switchLoad{done: make(chan struct{})}, true
	}
	return w.load, mine
}

func (w *switches) part(load *switchLoad) {
	w.loading.Lock()
	defer w.loading.Unlock()
	w.load = nil
	close(load.done)
}

// readSwitches asks the store.
func (m *Manager) readSwitches(ctx context.Context, now time.Time) error {
	forgotten := m.switches.timesForgotten()
	var all map[string]time.Time
	err := m.guard.do(ctx, m.opts.StoreTimeout, func(ctx context.Context) (err error) {
		all, err = m.store.NotBefore(ctx)
		return err
	})
	if err != nil {
		return m.storeErr("load not-before switches", store.ID{}, err)
	}
	for user, t := range all {
		m.switches.set(user, t)
	}
	m.switches.loaded(now, forgotten)
	return nil
}
