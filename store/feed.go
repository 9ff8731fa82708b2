package store

import (
	"slices"
	"sync"
	"time"
)

// A Feed is a store that tells of every change as it happens, on any node.
//
// A feed within one process is always whole. A feed across a network can break, sometimes in silence, so it proves its
// health again and again. It tells [Lost] when it breaks, and [Beat] as soon as it is whole and about once a second
// from then on. Before Subscribe returns it tells one of them, as things stand. A subscriber trusts what it has been
// told only for a limited time after the last Beat. [FeedState] does all this for a store.
type Feed interface {
	// Subscribe calls tell for every change from now on, once it is durable, until stop is called. Calling stop again
	// does nothing. Changes of one record are told in their order, and a replaced record before its replacement. An end
	// may be told again, as Deleted. Touches are not told. Calls may come from any goroutine. tell must be quick and
	// must not call the store.
	Subscribe(tell func(Notice)) (stop func())
}

// A Notice tells of a change.
type Notice struct {
	Kind    NoticeKind
	ID      ID
	User    string    // of the created or saved record; may be empty for a deleted one
	By      ID        // of the replacement, if the store tells
	Version uint64    // of the created or saved record; 0 if the store does not tell
	At      time.Time // of a cutoff, or of a beat

	// Server is what the clock of the store's server showed at At, give or take Within; zero if nobody has looked. Beat
	// tells it, and so may Lost. See [NewBeat] and [Clock].
	Server time.Time
	Within time.Duration
}

// NewBeat returns a Beat of the moment at. The server's time, zero if it is not known, was read between at and
// answered.
func NewBeat(at, server, answered time.Time) Notice {
	if server.IsZero() {
		return Notice{Kind: Beat, At: at}
	}
	within := answered.Sub(at) / 2
	return Notice{Kind: Beat, At: at, Server: server.Round(0).Add(-within), Within: within}
}

// NoticeKind is the kind of a change.
type NoticeKind uint8

const (
	Created     NoticeKind = iota + 1 // a record was created
	Saved                             // a record was saved
	Deleted                           // a record was deleted, by Delete or DeleteUser
	Replaced                          // a record was deleted because Create put another in its place
	Swept                             // a record was swept
	Cutoff                            // a not-before cutoff was set: User and At
	Lost                              // the feed is interrupted: until the next Beat, anything may change untold
	Beat                              // the feed is whole: it has told all that was durable at At, except while lost
	UserDeleted                       // all records of User were deleted but those kept: copies are to be loaded anew
)

// A Hub is a Feed for stores that live in one process: they embed it, and publish each change once it is durable.
// The zero value is ready. A feed across a network is a [FeedState].
type Hub struct {
	mu   sync.RWMutex
	told []*func(Notice)
}

// Subscribe implements [Feed].
func (h *Hub) Subscribe(tell func(Notice)) (stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, &tell)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = slices.DeleteFunc(h.told, func(told *func(Notice)) bool { return told == &tell })
	}
}

// Publish tells every subscriber.
func (h *Hub) Publish(n Notice) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, tell := range h.told {
		(*tell)(n)
	}
}
