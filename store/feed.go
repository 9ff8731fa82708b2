package store

import (
	"sync"
	"time"
)

// A Feed is a store that tells of every change as it happens, whoever made it.
//
// A feed within one process is always whole. One that crosses a network can break, in silence too, so it proves again
// and again that it is whole: it tells Lost when it breaks, and Beat as soon as it is up and about once a second from
// then on; and before Subscribe returns it tells one of them, as things stand. Whoever keeps what a feed has told
// believes it no longer than it has shown itself to be whole.
type Feed interface {
	// Subscribe calls tell for every change that becomes durable from now on, until stop is called, which may be
	// called more than once. Changes of one record arrive in their order; a record that replaces another is told
	// after the one that it replaces. Calls may come from any goroutine; tell must be quick and must not call the
	// store. Touches are not told.
	Subscribe(tell func(Notice)) (stop func())
}

// A Notice tells of a change.
type Notice struct {
	Kind    NoticeKind
	ID      ID
	User    string    // of the record that was created or saved; a store may leave it empty for one that was deleted
	By      ID        // of what replaced the record, if the store says so
	Version uint64    // that the record was created or saved with; 0 if the store does not say
	At      time.Time // of a cutoff, or of a beat
}

// NoticeKind says what has changed.
type NoticeKind uint8

const (
	Created  NoticeKind = iota + 1 // a record was created
	Saved                          // a record was saved
	Deleted                        // a record was deleted, by Delete or DeleteUser
	Replaced                       // a record was deleted as Create put another in its place
	Swept                          // a record was swept
	Cutoff                         // a not-before cutoff was set: User and At
	Lost                           // the feed is interrupted: anything may have changed, and may until the next Beat
	Beat                           // it is whole: told is all that was durable at the moment At, or since it was lost
)

// A Hub is a Feed for stores that live in one process: they embed it, and publish each change once it is durable.
// The zero value is ready. A feed that crosses a network is a [FeedState].
type Hub struct {
	mu   sync.RWMutex
	next int
	tell map[int]func(Notice)
}

// Subscribe implements [Feed].
func (h *Hub) Subscribe(tell func(Notice)) (stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tell == nil {
		h.tell = make(map[int]func(Notice))
	}
	n := h.next
	h.next++
	h.tell[n] = tell
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.tell, n)
	}
}

// Publish tells every subscriber.
func (h *Hub) Publish(n Notice) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, tell := range h.tell {
		tell(n)
	}
}
