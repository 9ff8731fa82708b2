package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/session/internal/client"
	"coatcheck.dev/store"
)

// A Manager gives sessions to the visitors of one site. Its methods may be called from any number of goroutines.
type Manager struct {
	opts     Options
	store    *client.Client
	old      *client.Calls   // of the store that Options.Migrate reads
	queues   [256]sync.Mutex // for saves that met a conflict, by the first byte of the ID
	visitors visitorLimit
	writers  writers
	panics   atomic.Bool // see Options.PanicOnMisuse

	unreadable firsts[sessionKey]
	troubled   firsts[string] // hosts that were told of: see Session.CookieProblem
}

// New returns a manager that keeps its sessions in st. It panics if the options contradict each other, because they are
// part of the program; use [Options.Check] first where they come from elsewhere.
//
// If st wraps another store and hides an optional interface of that one, as struct{ store.Store } hides [store.Feed]
// and [store.Peeker], New sends event.CapabilityHidden, or logs it to slog.Default without Options.Events.
//
// A manager has no goroutine while it has nothing to do. [Manager.Close] flushes what it still holds.
func New(st store.Store, opts Options) *Manager {
	opts, err := opts.withDefaults()
	if st == nil {
		err = errors.Join(errors.New("session: New needs a store: memory.New() is one to begin with"), err)
	}
	if err != nil {
		panic(err)
	}
	m := &Manager{
		opts: opts,
		old:  client.NewCalls(opts.StoreTimeout, opts.MaxStoreCalls),
		store: client.New(st, client.Options{
			Timeout: opts.StoreTimeout, MaxCalls: opts.MaxStoreCalls, SweepInterval: opts.SweepInterval,
			KeepLast: opts.OnFailure != nil, Events: opts.Events, SealData: opts.SealData,
		}),
	}
	m.mayPanic()
	return m
}

// Close writes the touches that are still waiting, lets observers hear what has happened, and stops background work.
// The manager goes on serving, but no longer learns what other nodes do. The store stays open.
func (m *Manager) Close(ctx context.Context) error {
	m.mayNotPanic()
	err := m.store.Close(ctx)
	m.opts.Events.Flush(ctx)
	return err
}

// Options returns the options in force, with the defaults filled in: whoever stands beside the manager learns from it
// the cookie's name and the limits of a session.
func (m *Manager) Options() Options { return m.opts }

// Ready returns nil if the store tells all that a session needs, for a readiness probe. It asks the store each time.
func (m *Manager) Ready(ctx context.Context) error { return m.store.Ready(ctx) }

// Reseal encrypts the data of all sessions with the newest key of Options.SealData that hangs on an older one, or on
// none, so that the older ones can be retired. It returns how many sessions it has changed, and how many it had to
// leave because their data cannot be read. Requests go on meanwhile. After an error it can be called again, and goes on
// where it was. Without keys it does nothing.
//
//	go keys.Follow(ctx, func(err error) {
//		if err == nil { // they have changed
//			_, _, err = sessions.Reseal(ctx)
//		}
//		...
//	})
func (m *Manager) Reseal(ctx context.Context) (done, left int, err error) {
	if m.opts.SealData == nil {
		return 0, 0, nil
	}
	return m.store.Reseal(ctx)
}

// Format prints the name of the manager's cookie, for every verb.
func (m *Manager) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "sessions(%s)", m.opts.Cookie) }

// firsts tells whether something happens for the first time, so that it is reported once. What it remembers is bounded:
// after maxFirsts others, something may be the first again.
type firsts[K comparable] struct {
	mu   sync.Mutex
	seen map[K]struct{}
}

const maxFirsts = 1000

func (f *firsts[K]) first(k K) bool { return f.firstOf(k, math.MaxInt) }

// firstOf is first for no more than so many, where strangers choose what they are.
func (f *firsts[K]) firstOf(k K, most int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.seen[k]; ok || len(f.seen) >= most {
		return false
	}
	if f.seen == nil || len(f.seen) == maxFirsts {
		f.seen = make(map[K]struct{})
	}
	f.seen[k] = struct{}{}
	return true
}

// visitorLimit bounds how many sessions of visitors who have not signed in begin within a minute.
type visitorLimit struct {
	mu     sync.Mutex
	minute time.Time
	count  int
}

func (l *visitorLimit) admit(most int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if since := now.Sub(l.minute); since >= time.Minute || since < 0 {
		l.minute, l.count = now, 0
	}
	l.count++
	return l.count <= most
}
