package session

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A Session is what a handler sees of one visitor's session during one request. A visitor for whom nothing is stored
// has an empty one; the first value that is set makes it real.
//
// Its methods may be called from several goroutines. What is read is the state when the request began, with the changes
// that this request has made; what is written is put together with the changes of other requests, key by key.
type Session struct {
	m       *Manager
	request *http.Request
	found   *store.Encoded // the record, if it was good as it is; never changes; nil if there was none, or more to do
	phase   atomic.Uint32  // of the response
	bearer  bool           // the ticket travels in headers of its own, not in the cookie
	passive bool           // Options.Passive says that the request is no use of the session
	remote  bool           // of Manager.Update: the request is nobody's, and there is no response

	scattered bool // the browser has several cookies of the session's name, and this response may leave it one

	mu    sync.Mutex
	known atomic.Pointer[state] // nil as long as found is all that the request wants to know; set under mu
}

// The phases of a response.
const (
	phaseOpen  uint32 = iota
	phaseBegun        // the headers are out, or on their way
	phaseOver         // the handler has returned
)

func (s *Session) begun() bool { return s.phase.Load() != phaseOpen }

// state is what a request knows of its session and has done to it, once that is more than the session found. The
// session's lock guards it.
type state struct {
	*Session
	record  store.Record // as far as the request knows; the zero ID while nothing is stored for the visitor
	view    store.Data   // the record's data with this request's changes
	changes []change
	room    [1]change // for the changes of most requests

	ticket *ticket       // that the browser is given, or is given a successor of; package fmt prints only its address
	cookie pendingCookie // what the response has to tell the browser
	ended  store.ID      // the session that was presented, if it ended a moment ago: its ticket begins nothing new
	kept   *store.Record // the session that was presented, if the guard keeps the request out of it
	until  time.Time     // this request has the session end then at the latest; zero if it does not
	usedAt time.Time     // when the request used the session; zero if it is passive, or once that is noted
	done   *awaitedEnd   // nil until somebody asks
	failed error         // why 503 went out instead of what the handler writes

	passive bool // the request is no use of the session
	private bool // the request had a session at some time, so that what it answers is for this visitor alone
	unknown bool // the store could not tell; record is a guess

	tell func(http.Header) // what the guard adds to the response
}

// pendingCookie says what the response's Set-Cookie is to do.
type pendingCookie uint8

const (
	cookieKeep pendingCookie = iota
	cookieSet
	cookieOffer // a rotation's successor: if this response cannot take it, another one will
	cookieDelete
)

// lock locks the session for those who need its state.
func (s *Session) lock() *state {
	s.mu.Lock()
	if st := s.known.Load(); st != nil {
		return st
	}
	st := s.newState()
	if s.found == nil {
		return st
	}
	if record := s.m.store.Decode(s.found); record != nil { // else its front alone was good, and there is no session
		st.adopt(record)
	}
	return st
}

// newState gives the session an empty state. The caller holds the lock, or is alone with the session.
func (s *Session) newState() *state {
	st := &state{Session: s, passive: s.passive}
	s.known.Store(st)
	return st
}

// adopt makes a record that of the session.
func (st *state) adopt(record *store.Record) {
	st.record, st.view, st.private = *record, record.Data, true
}

// exists reports whether something is stored for the visitor.
func (st *state) exists() bool { return !st.record.ID.IsZero() }

// forget empties a session that is no longer in the store. What this request has changed goes with it: an ended session
// never comes back.
func (st *state) forget(reason string) {
	st.dropChanges(reason)
	st.ended = st.record.ID
	st.record, st.view, st.cookie = store.Record{}, store.Data{}, cookieKeep
}

func (st *state) dropChanges(reason string) {
	if len(st.changes) > 0 {
		st.emit(event.Event{Kind: event.Dropped, Count: len(st.changes), Reason: reason})
	}
	st.changes, st.until = nil, time.Time{}
}

// emit reports what happened to this session.
func (st *state) emit(e event.Event) {
	if e.Handle.IsZero() {
		e.Handle, e.User = st.record.ID, st.record.User
	}
	st.Session.emit(e)
}

// emit reports what happened to a session that the event names.
func (s *Session) emit(e event.Event) {
	if s.m == nil || s.m.opts.Events == nil {
		return
	}
	e.Address = event.ClientAddress(s.request, s.m.opts.TrustedProxies)
	s.m.opts.Events.Send(e)
}

// warn emits an event that tells of a mistake in how the program is set up. It is written to [slog.Default] if nobody
// takes events, because without a word nobody would find out.
func (s *Session) warn(e event.Event) {
	if s.m.opts.Events != nil {
		s.emit(e)
		return
	}
	e.At, e.Address = time.Now(), event.ClientAddress(s.request, s.m.opts.TrustedProxies)
	event.LogEvents(slog.Default())(e)
}

// User returns who is signed in, or "" for a visitor who is not.
func (s *Session) User() string {
	if s.phase.Load() == phaseOver {
		late.report(callers(deep))
	}
	if s.known.Load() != nil {
		st := s.lock()
		defer s.mu.Unlock()
		return st.record.User
	}
	if s.found != nil {
		return s.found.User()
	}
	return ""
}

// SignedIn reports whether somebody is signed in.
func (s *Session) SignedIn() bool { return s.User() != "" }

// Handle returns the session's public name, which is safe in logs, lists and URLs; it is zero if nothing is stored for
// the visitor.
func (s *Session) Handle() store.ID {
	if s.known.Load() != nil {
		st := s.lock()
		defer s.mu.Unlock()
		return st.record.ID
	}
	if s.found != nil {
		return s.found.ID
	}
	return store.ID{}
}

// Auth returns how the user proved who they are in this session, the newest last; at most 8 events are kept.
func (s *Session) Auth() []store.Auth {
	st := s.use()
	defer s.mu.Unlock()
	return slices.Clone(st.record.Auth)
}

// Unknown reports whether the store could not tell what this session is: it is a guess, either none (see [Optional])
// or the last known state (see [Stale]).
func (s *Session) Unknown() bool {
	if s.known.Load() == nil {
		return false
	}
	st := s.lock()
	defer s.mu.Unlock()
	return st.unknown
}

// Passive says that the request is no use of the session: its idle timeout goes on as if the request had not been
// made. It has an effect until the response begins. It is for polling, and for pages that show how much time is left.
func (s *Session) Passive() {
	st := s.use()
	defer s.mu.Unlock()
	st.usedAt, st.passive = time.Time{}, true
}

// Use says that the session is used now, although no request of its browser tells of it: in [Manager.Update], of a
// WebSocket on which its user is active. The idle timeout begins anew, as with a request. It proves nothing of the
// cookies that the browser has kept.
func (s *Session) Use() {
	if s.m == nil {
		return
	}
	st := s.use()
	defer s.mu.Unlock()
	if st.exists() {
		st.usedAt, st.passive = st.seenAt(s.m.store.Now()), false
	}
}

// Values yields each key with its JSON value, sorted by key: all that [Key.Get] would find. It is for tools that hand
// on data which they do not know.
func (s *Session) Values() iter.Seq2[string, json.RawMessage] {
	view := s.data()
	return func(yield func(string, json.RawMessage) bool) {
		for key, value := range view.All() {
			if !yield(key, json.RawMessage(value.JSON)) {
				return
			}
		}
	}
}

// data returns what the request reads.
func (s *Session) data() store.Data {
	if s.phase.Load() == phaseOver {
		late.report(callers(deep))
	}
	if s.known.Load() == nil {
		if s.found == nil {
			return store.Data{}
		}
		if data, ok := s.found.Data(); ok {
			if _, sealed := data.Sealed(); !sealed {
				return data
			}
		}
	}
	st := s.lock()
	defer s.mu.Unlock()
	return st.view
}

// context is that of the request.
func (s *Session) context() context.Context { return s.request.Context() }

// Format prints the session's public handle, for every verb. Package fmt looks into unexported fields without asking,
// so the ticket is behind a pointer as well (ASVS 16.2.5).
func (s *Session) Format(f fmt.State, _ rune) {
	handle := "in use"
	if s.mu.TryLock() { // somebody may print a session inside Update
		s.mu.Unlock()
		handle = "none"
		if id := s.Handle(); !id.IsZero() {
			handle = id.String()
		}
	}
	fmt.Fprintf(f, "session(%s)", handle)
}
