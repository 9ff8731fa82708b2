package near

import (
	"context"
	"errors"
	"slices"
	"sync"

	"coatcheck.dev/store"
)

// A shard has what is under way for the IDs that begin with one byte.
type shard struct {
	mu     sync.Mutex
	loads  map[store.ID]*flight
	writes map[store.ID]*write
}

type shards [256]shard

func (s *shards) of(id store.ID) *shard { return &s[id[0]] }

// A flight is one load. Whoever comes while it is under way shares the next one, which begins when this one has landed:
// the answer of this one may be older than they are, and a session may have been revoked between.
type flight struct {
	next    *flight // nil if nobody waits
	landed  chan struct{}
	spoiled bool // something has happened to the record since it began; under the shard's lock
	record  store.Record
	err     error // errAbandoned until there is an answer
}

// errAbandoned is the answer of a flight whose context ended, or that panicked. Those who share it try on their own.
var errAbandoned = errors.New("near: load abandoned")

func newFlight() *flight { return &flight{landed: make(chan struct{}), err: errAbandoned} }

// share loads a record, together with others who began to wait for it after the last load had begun.
func (c *cache) share(ctx context.Context, id store.ID) (store.Record, error) {
	sh := c.shards.of(id)
	for {
		f, ahead, pilot := sh.board(id)
		if pilot {
			return c.pilot(ctx, id, f, ahead)
		}
		c.tally.shared.Add(1)
		select {
		case <-f.landed:
		case <-ctx.Done():
			return store.Record{}, ctx.Err()
		}
		if f.err != errAbandoned {
			return f.answer()
		}
	}
}

// board returns the flight that begins next, the one that it has to wait for, if any, and whether the caller makes it.
func (sh *shard) board(id store.ID) (f, ahead *flight, pilot bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	ahead = sh.loads[id]
	switch {
	case ahead == nil:
		if sh.loads == nil {
			sh.loads = make(map[store.ID]*flight)
		}
		f = newFlight()
		sh.loads[id] = f
		return f, nil, true
	case ahead.next == nil:
		ahead.next = newFlight()
		return ahead.next, ahead, true
	}
	return ahead.next, nil, false
}

// pilot makes a flight as soon as the one ahead of it has landed.
func (c *cache) pilot(ctx context.Context, id store.ID, f, ahead *flight) (store.Record, error) {
	defer c.shards.of(id).land(id, f, ahead)
	if ahead != nil {
		select {
		case <-ahead.landed:
		case <-ctx.Done():
			return store.Record{}, ctx.Err()
		}
	}
	c.fetch(ctx, id, f)
	if f.err == errAbandoned {
		return store.Record{}, ctx.Err()
	}
	return f.answer()
}

// answer returns what the flight brought, of which each who shares it gets a copy of their own.
func (f *flight) answer() (store.Record, error) {
	r := f.record
	r.Auth = slices.Clone(r.Auth)
	return r, f.err
}

// land lets the next flight begin, and those who share this one see its answer.
func (sh *shard) land(id store.ID, f, ahead *flight) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	defer close(f.landed)
	switch {
	case sh.loads[id] != f: // it never began
		ahead.next = f.next
	case f.next != nil:
		sh.loads[id] = f.next
	default:
		delete(sh.loads, id)
	}
}

// spoil keeps the answer of a load that is under way from being kept. The caller holds sh.mu.
func (sh *shard) spoil(id store.ID) {
	if f := sh.loads[id]; f != nil {
		f.spoiled = true
	}
}
