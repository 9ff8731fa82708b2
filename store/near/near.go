package near

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"coatcheck.dev/internal/coalesce"
	"coatcheck.dev/store"
)

// A Store is a cache in front of another store. It is a [store.Feed] if that one is.
type Store interface {
	store.Store
	store.Peeker

	// Stats returns counters and the present state of the cache.
	Stats() Stats

	// Close stops listening to the inner store's feed, and tells subscribers of this one store.Lost. The inner store
	// stays open. Reads go to it once the leases are over.
	Close()
}

// DefaultMaxAge is the default of [Options].MaxAge.
const DefaultMaxAge = 10 * time.Second

// Options say how much is kept, and for how long. The zero value is good.
type Options struct {
	// MaxBytes limits the memory for records. The default is 64 MiB, about 100,000 records. Negative entries, of IDs
	// without a record, take a few MB more.
	MaxBytes int64

	// Lease is how long a record is served after the moment at which it was last known to be current. The default is 5
	// seconds if the inner store is a store.Feed, and 1 second otherwise: then it is how long a revoked session lives
	// on.
	Lease time.Duration

	// MaxAge is how long a record is served before the store is asked for it again, however whole the feed is. It
	// bounds how long a session lives on whose record was removed behind the feed's back, by hand or with all others.
	// It costs one load of each session in use in that time. The default is 10 seconds; it is never shorter than Lease.
	MaxAge time.Duration
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
	if o.MaxAge <= 0 {
		o.MaxAge = DefaultMaxAge
	}
	o.MaxAge = max(o.MaxAge, o.Lease)
	return o
}

// cache is the Store.
type cache struct {
	inner  store.Store
	lease  time.Duration
	maxAge time.Duration
	start  time.Time // of the monotonic clock

	entries  *otter.Cache[store.ID, *entry]
	negative *otter.Cache[store.ID, negativeEntry]
	inFlight inFlights
	loads    coalesce.Group[store.ID, store.Record]
	health   atomic.Pointer[health] // of the inner store's feed
	swept    atomic.Int64           // the latest time of a sweep, in microseconds: records over by then may be gone
	doubts   doubts
	counters counters

	feed    store.FeedState // of this store
	unfeed  func()
	telling sync.Mutex // held while the inner feed is lost, or found again
	closed  bool       // guarded by telling
}

// New returns a cache in front of inner. It panics without a store.
func New(inner store.Store, o Options) Store {
	if inner == nil {
		panic(errors.New("near: New needs the store that it stands in front of"))
	}
	feed, fed := inner.(store.Feed)
	o = o.withDefaults(fed)
	c := &cache{inner: inner, lease: o.Lease, maxAge: o.MaxAge, start: time.Now()}
	c.entries = otter.Must(&otter.Options[store.ID, *entry]{
		MaximumWeight: uint64(o.MaxBytes),
		Weigher:       func(_ store.ID, e *entry) uint32 { return e.size() },
		StatsRecorder: evictions{&c.counters},
	})
	c.negative = otter.Must(&otter.Options[store.ID, negativeEntry]{MaximumSize: maxNegative})
	c.health.Store(&health{up: true, local: fed})
	if !fed {
		return c
	}
	c.unfeed = feed.Subscribe(c.told)
	return fedCache{c}
}

// Close implements [Store]. Without a feed there is nothing to end.
func (c *cache) Close() {}
