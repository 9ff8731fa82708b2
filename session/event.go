package session

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// An Event tells of something that happened to a session. It never holds a secret: the handle is public.
type Event struct {
	Kind    Kind
	At      time.Time
	Handle  store.ID // zero if no session is concerned
	User    string   // who is signed in, if anybody is
	Address string   // of the client, if there is a request
	Actor   string   // who did it, if not the session's own user: see [WithActor]
	Reason  string   // why, in a few words
	Key     string   // the key concerned, for the kinds that concern one
	Count   int      // how many, for the kinds that come in batches
	Err     error    // what failed, for the kinds that are failures
}

// Kind names what happened. Where the OWASP logging vocabulary has a word, it is that word.
type Kind string

const (
	EventCreated       Kind = "session_created"                  // a visitor stored something, or a user signed in
	EventSignedIn      Kind = "authn_login_success"              // a user signed in
	EventSteppedUp     Kind = "authn_step_up"                    // a signed-in user proved again who they are
	EventRotated       Kind = "session_renewed"                  // the browser has taken the next secret into use
	EventTouched       Kind = "session_touched"                  // Count sessions were noted as used
	EventSignedOut     Kind = "session_logout"                   // the session was ended by its user
	EventRevoked       Kind = "session_revoked"                  // the session was ended from the server side
	EventExpired       Kind = "session_expired"                  // Count sessions were swept
	EventUsedExpired   Kind = "session_use_after_expire"         // a ticket came after its session's time
	EventTheft         Kind = "authn_token_reuse"                // a secret came that its browser had given up: somebody has a copy
	EventForged        Kind = "session_ticket_forged"            // a ticket came that is malformed, or has a wrong secret
	EventDuplicate     Kind = "session_ticket_duplicate"         // a request had several cookies of the session's name
	EventUnknown       Kind = "session_ticket_unknown"           // a well-formed ticket came for which there is no session
	EventLimit         Kind = "excess_sessions_exceeded"         // a limit of Options was reached
	EventConflict      Kind = "session_conflict"                 // Count saves met a concurrent change and were repeated
	EventDropped       Kind = "session_changes_dropped"          // changes were dropped, since the session had ended meanwhile
	EventUndelivered   Kind = "session_ticket_undelivered"       // a new ticket could not be sent with the response
	EventStoreError    Kind = "session_store_error"              // the store failed
	EventKeyUnreadable Kind = "session_key_unreadable"           // a stored value could not be decoded and was reset
	EventCacheable     Kind = "session_response_made_uncachable" // a handler wanted a response with session data to be shared
)

// An Observer is told of events, one at a time and in their order, on a goroutine of its own. One that is too slow
// loses events rather than delay a request; [Manager.EventsLost] counts them.
type Observer func(Event)

// LogEvents returns an observer that writes events to a logger: failures and attacks as warnings, the rest as
// information, touches for debugging.
func LogEvents(log *slog.Logger) Observer {
	return func(e Event) {
		attrs := []slog.Attr{slog.Time("at", e.At)}
		for _, a := range []struct{ key, value string }{
			{"user", e.User}, {"address", e.Address}, {"actor", e.Actor}, {"reason", e.Reason}, {"key", e.Key},
		} {
			if a.value != "" {
				attrs = append(attrs, slog.String(a.key, a.value))
			}
		}
		if !e.Handle.IsZero() {
			attrs = append(attrs, slog.String("session", e.Handle.String()))
		}
		if e.Count != 0 {
			attrs = append(attrs, slog.Int("count", e.Count))
		}
		if e.Err != nil {
			attrs = append(attrs, slog.Any("error", e.Err))
		}
		log.LogAttrs(context.Background(), e.Kind.level(), string(e.Kind), attrs...)
	}
}

func (k Kind) level() slog.Level {
	switch k {
	case EventTouched:
		return slog.LevelDebug
	case EventTheft, EventForged, EventDuplicate, EventLimit, EventDropped, EventUndelivered, EventStoreError,
		EventKeyUnreadable, EventCacheable:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// outbox is the way of events to one observer. Its goroutine runs only while there is something to tell, so that a
// manager that is no longer used leaves none behind.
type outbox struct {
	observer Observer
	lost     *atomic.Uint64

	mu    sync.Mutex
	queue []Event
	idle  chan struct{} // closed when the goroutine ends; nil while there is none
}

const outboxSize = 1024

func (o *outbox) send(e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) >= outboxSize {
		o.lost.Add(1)
		return
	}
	o.queue = append(o.queue, e)
	if o.idle == nil {
		o.idle = make(chan struct{})
		go o.run()
	}
}

func (o *outbox) run() {
	for {
		o.mu.Lock()
		batch := o.queue
		o.queue = nil
		if len(batch) == 0 {
			close(o.idle)
			o.idle = nil
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
		for _, e := range batch {
			o.tell(e)
		}
	}
}

// tell keeps a panic of the observer away from the program: it was told, and that is all it was owed.
func (o *outbox) tell(e Event) {
	defer func() {
		if recover() != nil {
			o.lost.Add(1)
		}
	}()
	o.observer(e)
}

// drain waits until everything sent so far has been told, or the context ends.
func (o *outbox) drain(ctx context.Context) {
	o.mu.Lock()
	idle := o.idle
	o.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-idle:
	}
}
