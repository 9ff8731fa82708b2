package index

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// trust is how current the index is.
type trust struct {
	lease time.Duration

	mu       sync.Mutex
	beats    bool // the feed tells of its health; one that does not is always whole
	lost     bool
	heard    time.Time // the moment that the last beat vouches for
	begun    time.Time // when the store was first asked
	failing  time.Time // since when the store or the file fails; zero if it does not
	hurry    bool      // everything is to be compared with the store
	since    time.Time // with hurry: up to when everything is known
	renewed  bool      // with hurry: there was a reason since the check began
	done, of int

	made     int       // files
	compared time.Time // when everything had been compared with the store last
	mended   int       // sessions that were wrong then
}

func (h *trust) status(now time.Time) Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Status{
		Checking: h.hurry, Done: h.done, Of: max(h.of, h.done), Made: h.made, Checked: h.compared, Mended: h.mended,
	}
	asOf := func(t time.Time) {
		if !t.IsZero() && (s.AsOf.IsZero() || t.Before(s.AsOf)) {
			s.AsOf = t
		}
	}
	if h.beats && (h.lost || now.Sub(h.heard) > h.lease) {
		if asOf(h.heard); h.heard.IsZero() {
			asOf(h.begun)
		}
	}
	asOf(h.failing)
	if h.hurry {
		asOf(h.since)
	}
	return s
}

// fails notes whether the store answers and the file can be written. It reports whether that is news.
func (h *trust) fails(is bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	news := is == h.failing.IsZero()
	switch {
	case !is:
		h.failing = time.Time{}
	case h.failing.IsZero():
		h.failing = time.Now()
	}
	return news
}

// doubt has everything compared with the store. The index was right up to a moment.
func (h *trust) doubt(since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.doubtSince(since)
}

// doubtSince is doubt for those who have the lock.
func (h *trust) doubtSince(since time.Time) {
	if !h.hurry || since.Before(h.since) {
		h.since = since
	}
	h.hurry, h.renewed = true, true
}

func (h *trust) progress(done, of int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done, h.of = done, of
}

// checked notes what a check of everything has come to.
func (h *trust) checked(now time.Time, mended int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.compared, h.mended = now, mended
}

// isMade counts a file that was made.
func (h *trust) isMade() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made++
}

// hear takes a Lost or a Beat, and reports whether everything is in doubt now.
func (h *trust) hear(n store.Notice) (doubt bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wasLost := h.lost
	h.beats, h.lost = true, n.Kind == store.Lost
	if h.lost {
		return false
	}
	if doubt = wasLost && !h.begun.IsZero(); doubt {
		since := h.heard
		if since.IsZero() {
			since = h.begun
		}
		h.doubtSince(since)
	}
	h.heard = n.At
	return doubt
}

// begin notes that the store is asked from now on: an interruption of the feed matters from then on.
func (h *trust) begin(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.begun.IsZero() {
		h.begun = now
	}
}

func (h *trust) isLost() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}

func (h *trust) hurries() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hurry
}
