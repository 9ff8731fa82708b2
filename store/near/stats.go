package near

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2/stats"

	"coatcheck.dev/store"
)

// Stats are counters since the cache was created; the last five fields are current values.
type Stats struct {
	Hits         uint64 // reads answered with a record from the cache
	NegativeHits uint64 // reads answered from the cache: there is no such record
	LeaseHits    uint64 // of both, those while the feed was down
	Loads        uint64 // loads from the inner store: the misses
	SharedLoads  uint64 // reads sharing another read's load
	Refused      uint64 // loads because the lease of an entry was over
	Lagged       uint64 // answers of the inner store older than an earlier one
	Evictions    uint64 // records evicted for others

	Entries int           // records in the cache
	Bytes   uint64        // their memory, as estimated
	FeedUp  bool          // there is a feed, and it is not lost
	FeedLag time.Duration // since the moment of the feed's last Beat; 0 for a feed within the process

	// ClockSkew is how far this machine's clock is ahead of that of the store's server, as far as its feed tells.
	ClockSkew time.Duration
}

// Stats implements [Store].
func (c *cache) Stats() Stats {
	s := Stats{
		Loads: c.counters.loads.Load(), SharedLoads: c.counters.shared.Load(), Refused: c.counters.refused.Load(),
		Lagged: c.counters.lagged.Load(), Evictions: c.counters.evicted.Load(), LeaseHits: c.counters.leased.Load(),
		Entries: c.entries.EstimatedSize(), Bytes: c.entries.WeightedSize(),
	}
	for i := range c.counters.stripes {
		s.Hits += c.counters.stripes[i].hits.Load()
		s.NegativeHits += c.counters.stripes[i].negative.Load()
	}
	s.ClockSkew = c.feed.Clock().Skew(time.Now())
	h := c.health.Load()
	_, fed := c.inner.(store.Feed)
	s.FeedUp = fed && h.up
	if fed && !h.beat.IsZero() {
		s.FeedLag = max(0, time.Duration(c.now().mono-h.at.mono))
	}
	return s
}

// counters are behind Stats. The counters of every read are in stripes, each in a cache line of its own, so processors
// do not wait for each other.
type counters struct {
	stripes [64]stripe

	loads, shared, refused, lagged, evicted, leased atomic.Uint64
}

type stripe struct {
	hits, negative atomic.Uint64
	_              [48]byte
}

func (c *counters) hit(id store.ID, h *health) {
	c.stripes[id[1]%64].hits.Add(1)
	c.underLease(h)
}

func (c *counters) hitNegative(id store.ID, h *health) {
	c.stripes[id[1]%64].negative.Add(1)
	c.underLease(h)
}

func (c *counters) underLease(h *health) {
	if !h.up {
		c.leased.Add(1)
	}
}

// evictions counts evictions alone: reads are counted by their outcome, in this package.
type evictions struct{ *counters }

func (e evictions) RecordEviction(uint32)         { e.evicted.Add(1) }
func (evictions) RecordHits(int)                  {}
func (evictions) RecordMisses(int)                {}
func (evictions) RecordLoadSuccess(time.Duration) {}
func (evictions) RecordLoadFailure(time.Duration) {}

var _ stats.Recorder = evictions{}
