package watch

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// Options say how a hub tells.
type Options struct {
	// Feed tells of changes.
	Feed store.Feed

	// Lease is how long what a service keeps is believed after the moment that a beat vouches for. It is what the nodes
	// themselves go by. The default is 5 seconds.
	Lease time.Duration
}

const (
	maxEvents  = 8192 // kept for streams that are behind
	maxStreams = 256
	maxUsers   = 8192 // sessions whose user is known

	beatEvery = time.Second
)

// A Hub hears of changes and tells them to its streams. Its methods may be called from any number of goroutines.
type Hub struct {
	lease  time.Duration
	epoch  string // of this run: events of another one are not known
	unfeed func()

	mu      sync.Mutex
	events  [maxEvents]told // by sequence number, modulo their number
	next    uint64          // the sequence number of the next event; the first one is 1
	streams map[chan struct{}]struct{}
	closed  bool
	users   users
	health  health
}

// told is an event as streams write it.
type told struct {
	name string
	data any
}

// health is how the feed stands.
type health struct {
	beats bool      // the feed tells of its health; one that does not is always whole
	lost  bool      // it is interrupted
	heard time.Time // the moment that the last beat vouches for
}

// New returns a hub that hears from now on.
func New(o Options) *Hub {
	if o.Lease <= 0 {
		o.Lease = 5 * time.Second
	}
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	h := &Hub{
		lease: o.Lease, epoch: base64.RawURLEncoding.EncodeToString(random[:]), next: 1,
		streams: make(map[chan struct{}]struct{}), users: users{of: make(map[store.ID]string)},
	}
	h.unfeed = o.Feed.Subscribe(h.notice)
	return h
}

// Close ends all streams, and lets no new one begin. Closing twice is harmless.
func (h *Hub) Close() {
	h.unfeed()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.wake()
}

// notice hears of every change, of this node and of others.
func (h *Hub) notice(n store.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := time.Now().UTC()
	switch n.Kind {
	case store.Created:
		h.users.add(n.ID, n.User)
		return
	case store.Saved:
		h.users.add(n.ID, n.User)
		h.add("changed", alteration{Handle: n.ID, User: h.users.of[n.ID], At: at})
	case store.Deleted, store.Replaced, store.Swept:
		h.add("ended", end{
			Handle: n.ID, User: h.users.take(n.ID, n.User), Reason: reasons[n.Kind], Next: handle(n.By), At: at,
		})
	case store.UserDeleted:
		h.add("user_ended", userEnd{n.User, at})
	case store.Cutoff:
		h.add("not_before", cutoff{n.User, n.At.UTC().Round(0), at})
	case store.Lost:
		h.health.beats, h.health.lost = true, true
		return
	case store.Beat:
		if h.health.lost {
			h.add("resync", why{"the store's feed was interrupted"})
		}
		h.health = health{beats: true, heard: n.At}
		h.wake()
	}
}

var reasons = map[store.NoticeKind]string{
	store.Deleted: "ended", store.Replaced: "replaced", store.Swept: "expired",
}

type end struct {
	Handle store.ID  `json:"handle"`
	User   string    `json:"user,omitempty"`
	Reason string    `json:"reason"`
	Next   string    `json:"next,omitempty"`
	At     time.Time `json:"at"`
}

type alteration struct {
	Handle store.ID  `json:"handle"`
	User   string    `json:"user,omitempty"`
	At     time.Time `json:"at"`
}

type userEnd struct {
	User string    `json:"user"`
	At   time.Time `json:"at"`
}

type cutoff struct {
	User   string    `json:"user,omitempty"`
	Before time.Time `json:"before"`
	At     time.Time `json:"at"`
}

type why struct {
	Reason string `json:"reason"`
}

func handle(id store.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// add keeps an event and wakes the streams. The caller holds the lock.
func (h *Hub) add(name string, data any) {
	h.events[h.next%maxEvents] = told{name, data}
	h.next++
	h.wake()
}

// wake tells streams that there is something. The caller holds the lock.
func (h *Hub) wake() {
	for s := range h.streams {
		select {
		case s <- struct{}{}:
		default:
		}
	}
}

// join adds a stream, unless there are too many or the hub is closed. It begins after the event of the ID, and at the
// next one if that is not known; found reports which.
func (h *Hub) join(after string) (woken chan struct{}, from uint64, found, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.streams) >= maxStreams {
		return nil, 0, false, false
	}
	woken, from = make(chan struct{}, 1), h.next
	if seq, known := h.sequence(after); known {
		from, found = seq+1, true
	}
	h.streams[woken] = struct{}{}
	return woken, from, found, true
}

func (h *Hub) leave(woken chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, woken)
}

// sequence reads the ID of an event, and reports whether all that came after it is still known. The caller holds the
// lock.
func (h *Hub) sequence(id string) (uint64, bool) {
	epoch, text, _ := strings.Cut(id, ".")
	seq, err := strconv.ParseUint(text, 10, 63)
	return seq, err == nil && epoch == h.epoch && seq < h.next && h.next-seq <= maxEvents
}

// A batch is what a stream has to write next.
type batch struct {
	events  []told
	first   uint64    // the sequence number of the first event
	missed  bool      // some events before are not known any more
	upto    time.Time // until when everything has been told with them; zero if nobody can tell
	closing bool
}

// maxBatch bounds what a stream takes at once.
const maxBatch = 256

// take returns what there is from a sequence number on, and the one to go on with.
func (h *Hub) take(from uint64) (b batch, next uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.next-from >= maxEvents {
		b.missed, from = true, h.next
	}
	b.first, b.closing = from, h.closed
	for ; from < h.next && len(b.events) < maxBatch; from++ {
		b.events = append(b.events, h.events[from%maxEvents])
	}
	switch {
	case from < h.next || h.health.lost || h.closed:
	case h.health.beats:
		b.upto = h.health.heard
	default:
		b.upto = time.Now() // whoever makes a change tells it before it is acknowledged
	}
	return b, from
}

// users knows whose the latest sessions are, because the end of one may be told by its handle alone.
type users struct {
	of    map[store.ID]string
	order []store.ID
}

func (u *users) add(id store.ID, user string) {
	if user == "" {
		return
	}
	if _, known := u.of[id]; !known {
		if len(u.order) >= maxUsers {
			delete(u.of, u.order[0])
			u.order = u.order[1:]
		}
		u.order = append(u.order, id)
	}
	u.of[id] = user
}

func (u *users) take(id store.ID, told string) string {
	user := u.of[id]
	delete(u.of, id) // its place in the order goes in its time
	if told != "" {
		return told
	}
	return user
}
