package session

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"sync"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// ErrNoManager says that a session was taken from a context that has not passed through [Manager.Handler].
var ErrNoManager = errors.New("session: this request has not passed through Manager.Handler")

// A Session is what a handler sees of one visitor's session during one request. A visitor for whom nothing is stored
// has an empty one; the first value that is set makes it real.
//
// Its methods may be called from several goroutines. What is read is the state when the request began, with the changes
// that this request has made; what is written is put together with the changes of other requests, key by key.
type Session struct {
	m        *Manager
	request  *http.Request
	response *response

	mu     sync.Mutex
	*state // nil for a visitor without a ticket, until lock makes it
}

// state is what a session has that a visitor who has and stores nothing needs not.
type state struct {
	sealed  store.Encoded // the record as it is kept, until lock decodes it
	*opened               // nil as long as the request wants to know no more than sealed tells
	usedAt  int64         // when the request used the session, in microseconds since 1970; 0 if it is passive, or has been noted
	cookie  cookieNews    // what the response has to tell the browser
	passive bool          // the request is no use of the session
	private bool          // the request had a session at some time, so that what it answers is for this visitor alone
	unknown bool          // the store could not tell; record is a guess
}

// opened is what most requests need not, and so is in memory of its own.
type opened struct {
	record  *store.Record // nil while nothing is stored for the visitor
	view    store.Data    // the record's data with this request's changes
	changes []change
	ticket  *ticket       // what the browser is to be given, or has to be given a successor of; a pointer, as package fmt prints no more than its address
	done    chan struct{} // closed when the session ends; nil until somebody asks
	late    store.ID      // the session that was presented, if it has ended a moment ago: nothing new begins under its ticket
}

// cookieNews says what the response's Set-Cookie is to do.
type cookieNews uint8

const (
	cookieKeep cookieNews = iota
	cookieSet
	cookieOffer // a rotation's successor: if this response cannot take it, another one will
	cookieDelete
)

// open finds the session that the request's ticket names. It returns an error only if the store could not tell.
func (s *Session) open(r *http.Request, f *shown) error {
	s.response.bearer = f.bearer
	switch f.n {
	case 0:
		if s.m.opts.Migrate != nil && !f.bearer {
			s.state = &state{opened: new(opened)}
			return s.moveIn(r)
		}
		return nil
	case 1:
	default:
		// One of them was planted by somebody who can write cookies for this host, and nothing tells which.
		s.emit(event.Event{Kind: event.Duplicate, Count: f.n})
		return nil
	}
	if !f.valid {
		s.emit(event.Event{Kind: event.Forged, Reason: "malformed"})
		return nil
	}
	now := time.Now()
	if s.m.knowsSwitches(now) && s.openSealed(&f.claim, now) {
		return nil
	}
	s.opened = new(opened)
	record, err := s.m.find(r, f.ticket.id, now)
	if err != nil {
		return s.guess(&f.claim, err, now)
	}
	if record == nil {
		s.late = s.m.ended.late(f.ticket.id, now)
		s.emit(event.Event{Kind: event.Unknown, Handle: f.ticket.id})
		return nil
	}
	return s.admit(record, &f.claim, now)
}

// admit takes the record into the session if the ticket is good for it at the time now.
func (s *Session) admit(record *store.Record, c *claim, now time.Time) error {
	st := stand(record, &c.hash)
	switch {
	case st == wrong:
		s.emit(event.Event{Kind: event.Forged, Handle: c.ticket.id, Reason: "wrong secret"})
		return nil
	case s.m.over(record, now):
		s.emit(event.Event{Kind: event.UsedExpired, Handle: c.ticket.id, User: record.User})
		return nil
	case s.m.switches.refuses(record):
		s.emit(event.Event{Kind: event.UsedExpired, Handle: c.ticket.id, User: record.User, Reason: "not-before switch"})
		return nil
	case s.m.opts.stolen(record, st, now):
		return s.theft(record)
	}
	s.adopt(record)
	if st != current || record.Rotation.Pending() || s.m.opts.due(record, now) {
		shown := c.ticket
		s.ticket = &shown
		s.rotate(st, c.hash, now)
	}
	if s.m.opts.Passive != nil && s.m.opts.Passive(s.request) {
		s.passive = true
	} else {
		s.usedAt = now.UnixMicro()
	}
	return nil
}

// Passive says that the request is no use of the session: its idle timeout goes on as if the request had not been
// made. It has an effect until the response begins. It is for polling, and for pages that show how much time is left.
func (s *Session) Passive() {
	s.lock()
	defer s.mu.Unlock()
	s.usedAt, s.passive = 0, true
}

func (s *Session) adopt(record *store.Record) {
	s.record, s.view, s.private = record, record.Data, true
}

// emit reports what happened to this session. The caller holds s.mu, or is alone with the session.
func (s *Session) emit(e event.Event) {
	if s.m == nil || s.m.opts.Events == nil {
		return
	}
	if e.Handle.IsZero() {
		e.Handle, e.User = s.handle(), s.user()
	}
	e.Address = event.ClientAddress(s.request, s.m.opts.TrustedProxies)
	s.m.emit(e)
}

// User returns who is signed in, or "" for a visitor who is not.
func (s *Session) User() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user()
}

func (s *Session) user() string {
	switch {
	case s.state == nil:
		return ""
	case s.opened == nil || s.record == nil:
		return s.sealed.User()
	}
	return s.record.User
}

// SignedIn reports whether somebody is signed in.
func (s *Session) SignedIn() bool { return s.User() != "" }

// Handle returns the session's public name, which is safe in logs, lists and URLs; it is zero if nothing is stored for the visitor.
func (s *Session) Handle() store.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handle()
}

func (s *Session) handle() store.ID {
	switch {
	case s.state == nil:
		return store.ID{}
	case s.opened == nil || s.record == nil:
		return s.sealed.ID
	}
	return s.record.ID
}

// Info returns what a list of sessions shows of this one, and false if nothing is stored for the visitor.
func (s *Session) Info() (Info, bool) {
	s.lock()
	defer s.mu.Unlock()
	if s.record == nil {
		return Info{}, false
	}
	info := s.m.info(s.record)
	info.Current = true
	return info, true
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

// report is emit for callers who do not hold s.mu.
func (s *Session) report(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit(e)
}

// context is that of the request.
func (s *Session) context() context.Context { return s.request.Context() }

// outlook is what a response has to say about the session.
type outlook struct {
	news    bool // the browser has to be told something
	private bool // the response is for this visitor alone
}

// outlook looks at the state, which there has to be. The caller holds s.mu.
func (s *Session) outlook() outlook { return outlook{s.cookie != cookieKeep, s.private} }

// hasUrgentNews reports whether the browser would be left with a ticket that is no good, if this response did not
// tell it.
func (s *Session) hasUrgentNews() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != nil && (s.cookie == cookieSet || s.cookie == cookieDelete)
}
