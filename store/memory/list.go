package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"coatcheck.dev/store"
)

// listed is a session in a listing, copied out under its lock.
type listed struct {
	id      store.ID
	created int64
	encoded store.Encoded
}

// newestFirst is the order of listings.
func newestFirst(a, b listed) int {
	if c := cmp.Compare(b.created, a.created); c != 0 {
		return c
	}
	return bytes.Compare(b.id[:], a.id[:])
}

// List implements [store.Store]. The sessions of one user are found at once, in one atomic step. A page of everybody's
// looks at every session, one shard after the other.
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := s.newPage(q)
	if q.User != "" {
		s.shards.rlockAll()
		for _, e := range s.of(q.User) {
			p.add(e)
		}
		s.shards.runlockAll()
		return p.records()
	}
	for i := range s.shards {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sh := &s.shards[i]
		sh.mu.RLock()
		for e := range sh.all {
			p.add(e)
		}
		sh.mu.RUnlock()
	}
	return p.records()
}

// A page collects the newest sessions after a cursor. It never holds more than twice its limit.
type page struct {
	store *Store
	after *listed // nil: from the newest
	limit int
	found []listed
}

func (s *Store) newPage(q store.Query) *page {
	p := &page{store: s, limit: q.PageLimit()}
	if !q.After.ID.IsZero() || !q.After.CreatedAt.IsZero() {
		p.after = &listed{id: q.After.ID, created: q.After.CreatedAt.UnixMicro()}
	}
	return p
}

func (p *page) add(e encoded) {
	r := listed{id: e.id(), created: e.created()}
	if p.after != nil && newestFirst(*p.after, r) >= 0 {
		return
	}
	r.encoded = p.store.export(e)
	if p.found = append(p.found, r); len(p.found) >= 2*p.limit {
		p.cut()
	}
}

func (p *page) cut() {
	slices.SortFunc(p.found, newestFirst)
	p.found = p.found[:min(len(p.found), p.limit)]
}

// Live implements [store.Store], in one atomic step.
func (s *Store) Live(ctx context.Context, user string, after, now time.Time, limit int) ([]store.Summary, error) {
	if err := ctx.Err(); err != nil || limit <= 0 {
		return nil, err
	}
	p := &page{store: s, limit: limit}
	s.shards.rlockAll()
	for _, e := range s.of(user) {
		if e.created() > after.UnixMicro() && !e.over(now) {
			p.add(e)
		}
	}
	s.shards.runlockAll()
	p.cut()
	live := make([]store.Summary, len(p.found))
	for i, r := range p.found {
		live[i] = store.Summary{ID: r.id, CreatedAt: micro(r.created), LastSeen: micro(r.created + r.encoded.Seen)}
	}
	return live, nil
}

func (p *page) records() ([]store.Record, error) {
	p.cut()
	records := make([]store.Record, 0, len(p.found))
	for _, one := range p.found {
		r, err := one.encoded.Record()
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}
