package near

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2/stats"

	"coatcheck.dev/store"
)

// Stats are figures since the cache was made, but for the last four, which are of now.
type Stats struct {
	Hits         uint64 // reads answered with a record that is kept
	NegativeHits uint64 // reads answered, without asking the store, that there is none
	LeaseHits    uint64 // of both, those while the feed was down
	Loads        uint64 // questions to the inner store: the misses
	SharedLoads  uint64 // reads that shared one of these with another read
	Refused      uint64 // looks at what is kept that found its lease over; such a read may look twice
	Lagged       uint64 // answers of the inner store that were older than what it had told before
	Evictions    uint64 // records that made room for others

	Entries int           // records that are kept
	Bytes   uint64        // what they take, as estimated
	FeedUp  bool          // there is a feed, and it has not told that it is lost
	FeedLag time.Duration // since the moment for which the feed has last proved that it is whole; 0 for one within the process
}

// Stats implements [Store].
func (c *cache) Stats() Stats {
	s := Stats{
		Loads: c.tally.loads.Load(), SharedLoads: c.tally.shared.Load(), Refused: c.tally.refused.Load(),
		Lagged: c.tally.lagged.Load(), Evictions: c.tally.evicted.Load(), LeaseHits: c.tally.leased.Load(),
		Entries: c.live.EstimatedSize(), Bytes: c.live.WeightedSize(),
	}
	for i := range c.tally.stripes {
		s.Hits += c.tally.stripes[i].hits.Load()
		s.NegativeHits += c.tally.stripes[i].absent.Load()
	}
	h := c.hearing.Load()
	_, fed := c.inner.(store.Feed)
	s.FeedUp = fed && h.up
	if fed && !h.beat.IsZero() {
		s.FeedLag = max(0, time.Duration(c.now().mono-h.at.mono))
	}
	return s
}

// A tally counts. What every read counts is in stripes, each in a cache line of its own, so that processors do not wait
// for each other.
type tally struct {
	stripes [64]stripe

	loads, shared, refused, lagged, evicted, leased atomic.Uint64
}

type stripe struct {
	hits, absent atomic.Uint64
	_            [48]byte
}

func (t *tally) hit(id store.ID, h *hearing) {
	t.stripes[id[1]%64].hits.Add(1)
	t.underLease(h)
}

func (t *tally) hitAbsent(id store.ID, h *hearing) {
	t.stripes[id[1]%64].absent.Add(1)
	t.underLease(h)
}

func (t *tally) underLease(h *hearing) {
	if !h.up {
		t.leased.Add(1)
	}
}

// evictions counts those alone: a read is counted by what becomes of it.
type evictions struct{ *tally }

func (e evictions) RecordEviction(uint32)         { e.evicted.Add(1) }
func (evictions) RecordHits(int)                  {}
func (evictions) RecordMisses(int)                {}
func (evictions) RecordLoadSuccess(time.Duration) {}
func (evictions) RecordLoadFailure(time.Duration) {}

var _ stats.Recorder = evictions{}
