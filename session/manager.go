package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A Manager gives sessions to the visitors of one site. Its methods may be called from any number of goroutines.
type Manager struct {
	opts   Options
	store  store.Store
	peeker store.Peeker // nil if the store never answers at once, and remembers nothing
	fed    hearing      // whether the store tells of changes
	unfeed func()

	guard     guard
	waiting   crowd // for a record or the switches
	oldGuard  guard // before the store that Options.Migrate reads
	flights   flights
	queues    [256]sync.Mutex // for saves that met a conflict, by the first byte of the ID
	touches   touches
	switches  switches
	ended     graveyard
	lastKnown lastKnown
	visitors  admission
	watchers  watchers
	sweeper   sweeper
	kinds     kinds
}

// New returns a manager that keeps its sessions in st. It panics if the options contradict each other, as they are
// part of the program; use [Options.Check] first where they come from elsewhere.
//
// If st wraps another store and hides an optional interface of that one, as struct{ store.Store } hides [store.Feed]
// and [store.Peeker], New sends [event.CapabilityHidden], or logs it to [slog.Default] without Options.Events.
//
// A manager has no goroutine while it has nothing to do. [Manager.Close] flushes what it still holds.
func New(st store.Store, opts Options) *Manager {
	opts, err := opts.withDefaults()
	if err != nil {
		panic(err)
	}
	m := &Manager{opts: opts, store: st, unfeed: func() {}}
	m.guard.slots = make(chan struct{}, opts.MaxStoreCalls)
	m.oldGuard.slots = make(chan struct{}, opts.MaxStoreCalls)
	m.touches.flushing = make(chan struct{}, 1)
	m.waiting.most = int64(opts.MaxStoreCalls)
	m.peeker, _ = st.(store.Peeker)
	if feed, ok := st.(store.Feed); ok {
		m.fed.always()
		m.unfeed = feed.Subscribe(m.notice)
	}
	m.reportHidden(st)
	return m
}

// Close writes the touches that are still waiting, lets observers hear what has happened, and stops background work.
// The manager goes on serving, but no longer learns what other nodes do. The store stays open.
func (m *Manager) Close(ctx context.Context) error {
	m.unfeed()
	m.fed.lost()
	m.sweeper.stop(ctx)
	err := m.touches.flush(ctx, m)
	m.touches.rest()
	m.opts.Events.Flush(ctx)
	return err
}

// Options returns the options in force, with the defaults filled in: whoever stands beside the manager learns from it
// the cookie's name and the limits of a session.
func (m *Manager) Options() Options { return m.opts }

// notice learns from the store's feed what has changed, here or on another node.
func (m *Manager) notice(n store.Notice) {
	switch n.Kind {
	case store.Replaced:
		m.ended.bury(n.ID, n.By, time.Now())
		fallthrough
	case store.Deleted, store.Swept:
		m.lastKnown.drop(n.ID)
		m.watchers.wake(n.ID)
	case store.Cutoff:
		m.switches.set(n.User, n.At)
		m.watchers.wakeAll()
	case store.Lost:
		// What is known stays known for as long as a beat is believed; what was known last is for [Stale].
		m.switches.asOf(m.fed.lost())
		m.watchers.wakeAll()
	case store.Beat:
		if m.fed.beat(n.At) {
			m.missed() // what was loaded while the feed was down may be from before it was up
		}
	}
}

// missed has everything looked at again that a feed may have failed to tell.
func (m *Manager) missed() {
	m.switches.forget()
	m.lastKnown.dropAll()
	m.watchers.wakeAll()
}

func (m *Manager) emit(e event.Event) { m.opts.Events.Send(e) }

// storeErr wraps an error of the store with what was being done, and reports it.
func (m *Manager) storeErr(doing string, id store.ID, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("session: %s: %w", doing, err)
	m.emit(event.Event{Kind: event.StoreError, Handle: id, Err: err})
	return err
}

// load returns the record of an ID. A damaged record is absent, and reported: its visitor can begin a new session, and
// is not shown an error for ever.
func (m *Manager) load(ctx context.Context, id store.ID) (*store.Record, error) {
	if m.peeker != nil {
		if sealed, known := m.peeker.Peek(id, time.Now()); known {
			if sealed.ID.IsZero() {
				return nil, nil
			}
			r, err := sealed.Record()
			if err != nil {
				m.storeErr("load", id, err)
				return nil, nil
			}
			return &r, nil
		}
	}
	if err := m.guard.shut(); err != nil {
		return nil, m.storeErr("load", id, err)
	}
	if !m.waiting.enter() {
		return nil, m.storeErr("load", id, m.guard.full())
	}
	defer m.waiting.leave()
	r, err := m.flights.load(ctx, id, func() (r store.Record, err error) {
		err = m.guard.do(ctx, m.opts.StoreTimeout, func(ctx context.Context) error {
			r, err = m.store.Load(ctx, id)
			return err
		})
		return r, err
	})
	switch {
	case err == nil:
		if m.opts.OnFailure != nil {
			m.lastKnown.put(r, time.Now())
		}
		return &r, nil
	case errors.Is(err, store.ErrNotFound):
		m.lastKnown.drop(id)
		return nil, nil
	case errors.Is(err, store.ErrDamaged):
		m.storeErr("load", id, err)
		return nil, nil
	}
	return nil, m.storeErr("load", id, err)
}

// write calls the store to change something.
func (m *Manager) write(ctx context.Context, call func(context.Context) error) error {
	m.sweeper.wake(m)
	return m.guard.do(ctx, m.opts.StoreTimeout, call)
}

// detached returns a context for work that belongs to no request.
func detached(timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), timeout)
}

type contextKey struct{}

// From returns the session of the request that ctx belongs to. There always is one behind [Manager.Handler]; a visitor
// for whom nothing is stored has an empty one. With several managers it is that of the innermost handler; use
// [Manager.From] there. Without any it is an empty session that refuses changes with [ErrNoManager].
func From(ctx context.Context) *Session {
	if v, ok := ctx.Value(contextKey{}).(*visit); ok {
		return v.asked()
	}
	return &Session{}
}

// From returns the session that this manager has for the request that ctx belongs to.
func (m *Manager) From(ctx context.Context) *Session {
	for {
		v, ok := ctx.Value(contextKey{}).(*visit)
		if !ok {
			return &Session{}
		}
		if v.session.m == m {
			return v.asked()
		}
		ctx = v.outer()
	}
}

// Handler gives every request that next sees a session. The session is loaded before next is called; if the store
// cannot tell whether there is one, the answer is 503 with Retry-After, the cookie stays, and next is not called.
//
// Changes are saved before the first byte of the response goes out, whatever sends it, so that an answer means that
// they are durable. If they cannot be saved, the response is 503 instead of what next wrote.
func (m *Manager) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := m.shown(r)
		v := newVisit(r, f.n == 1)
		v.session.m = m
		v.response.inner = w
		within, writer := r.WithContext(v), v.writer()
		if err := v.session.open(r, &f); err != nil {
			m.refuse(w, r, err)
			return
		}
		defer v.end()
		next.ServeHTTP(writer, within)
		v.response.over = true
	})
}

// withheld are the headers of a response that does not go out.
var withheld = []string{
	"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location",
	"Content-Range", "Content-Type", "Etag", "Last-Modified", "Location", "Set-Cookie", "Trailer",
}

// refuse answers a request for which the store cannot tell whether there is a session, or whose changes cannot be
// saved.
func (m *Manager) refuse(w http.ResponseWriter, r *http.Request, err error) {
	header := w.Header()
	for _, name := range withheld {
		delete(header, name)
	}
	header.Set("Cache-Control", "no-store")
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrTooLarge) {
		http.Error(w, "Someone else changed this at the same time. Reload the page and try again.", http.StatusConflict)
		return
	}
	header.Set("Retry-After", "5")
	m.opts.Unavailable.ServeHTTP(&statusWriter{ResponseWriter: w, status: http.StatusServiceUnavailable}, r)
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "Temporarily unavailable. Please try again in a moment.", http.StatusServiceUnavailable)
}

// statusWriter writes a status of its own where the handler writes none.
type statusWriter struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (w *statusWriter) WriteHeader(status int) {
	w.wrote = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(w.status)
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
