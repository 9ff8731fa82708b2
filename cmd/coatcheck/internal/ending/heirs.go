package ending

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// heirs knows which sessions have taken the place of which, while a job may need that.
type heirs struct {
	mu    sync.Mutex
	jobs  map[string]time.Time // until when each may need it; the zero time is until it is forgotten
	heirs map[store.ID]store.ID
}

// maxHeirs bounds what is remembered; a history knows the rest.
const maxHeirs = 1 << 20

// notice takes note of what the store's feed tells.
func (h *heirs) notice(n store.Notice) {
	if n.Kind != store.Replaced || n.By.IsZero() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.jobs) == 0 {
		return
	}
	now := time.Now()
	for id, until := range h.jobs {
		if !until.IsZero() && now.After(until) {
			h.drop(id)
		}
	}
	if len(h.jobs) > 0 && len(h.heirs) < maxHeirs {
		h.heirs[n.ID] = n.By
	}
}

// remember has what happens from now on remembered for a job, until a moment or until it is forgotten.
func (h *heirs) remember(job string, until time.Time) (forget func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.jobs == nil {
		h.jobs = make(map[string]time.Time)
	}
	if h.heirs == nil {
		h.heirs = make(map[store.ID]store.ID)
	}
	h.jobs[job] = until
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(job)
	}
}

// drop needs the lock.
func (h *heirs) drop(job string) {
	if delete(h.jobs, job); len(h.jobs) == 0 {
		h.heirs = nil
	}
}

func (h *heirs) of(id store.ID) (store.ID, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	heir, ok := h.heirs[id]
	return heir, ok
}
