package near

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"coatcheck.dev/store"
)

// A Store is a cache in front of another store. It is a [store.Feed] if that one is.
type Store interface {
	store.Store
	store.Peeker

	// Stats returns what the cache has done so far, and how it stands.
	Stats() Stats

	// Close stops listening to the inner store's feed, which subscribers of this one hear as store.Lost. The inner store
	// stays open, and reads go to it once the leases are over.
	Close()
}

// Options say how much is kept, and how long. The zero value is good.
type Options struct {
	// MaxBytes is the most memory that kept records may take; 0 means 64 MiB, which is about 100,000 of them. IDs that
	// are known to be unknown take a few MB beside it.
	MaxBytes int64

	// Lease is how long a record is served after the moment as of which it is known to be right. 0 means 5 seconds if the
	// inner store is a store.Feed, and otherwise 1 second, as then it is how long a revoked session lives on.
	Lease time.Duration
}

func (o Options) withDefaults(fed bool) Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 64 << 20
	}
	if o.Lease <= 0 {
		o.Lease = time.Second
		if fed {
			o.Lease = 5 * time.Second
		}
	}
	return o
}

// cache is the Store. What it keeps of a record is in live, and of an ID without one in absent; shards has who is on the
// way to the inner store or back.
type cache struct {
	inner store.Store
	lease time.Duration
	began time.Time // of the monotonic clock

	live    *otter.Cache[store.ID, *entry]
	absent  *otter.Cache[store.ID, absence]
	shards  shards
	hearing atomic.Pointer[hearing]
	swept   atomic.Int64 // the latest time of a sweep, in microseconds: what was over by then may be gone
	tally   tally

	feed    store.FeedState // of those who listen to this store
	unfeed  func()
	telling sync.Mutex // held while the feed is lost, or found again
	closed  bool       // under telling
}

// New returns a cache in front of inner.
func New(inner store.Store, o Options) Store {
	feed, fed := inner.(store.Feed)
	o = o.withDefaults(fed)
	c := &cache{inner: inner, lease: o.Lease, began: time.Now()}
	c.live = otter.Must(&otter.Options[store.ID, *entry]{
		MaximumWeight: uint64(o.MaxBytes),
		Weigher:       func(_ store.ID, e *entry) uint32 { return e.size() },
		StatsRecorder: evictions{&c.tally},
	})
	c.absent = otter.Must(&otter.Options[store.ID, absence]{MaximumSize: maxAbsent})
	c.hearing.Store(&hearing{up: true, always: fed})
	if fed {
		c.unfeed = feed.Subscribe(c.told)
	}
	if fed {
		return fedCache{c}
	}
	return c
}

// Close implements [Store].
func (c *cache) Close() {}
