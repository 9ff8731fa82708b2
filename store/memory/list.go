package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"coatcheck.dev/store"
)

// A row is what a listing needs of a session, copied out under its lock.
type row struct {
	id      store.ID
	created int64
	encoded store.Encoded
}

// newestFirst is the order of listings.
func newestFirst(a, b row) int {
	if c := cmp.Compare(b.created, a.created); c != 0 {
		return c
	}
	return bytes.Compare(b.id[:], a.id[:])
}

// List implements [store.Store]. The sessions of one user are found at once and as they are at one moment. A page of
// everybody's looks at each session there is, one shard after the other.
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := s.newPage(q)
	if q.User != "" {
		s.shards.rlockAll()
		for _, t := range s.of(q.User) {
			p.add(t)
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
		for t := range sh.all {
			p.add(t)
		}
		sh.mu.RUnlock()
	}
	return p.records()
}

// A page collects the newest rows after a place, and never holds more than twice its limit.
type page struct {
	store *Store
	after *row // nil: from the newest
	limit int
	rows  []row
}

func (s *Store) newPage(q store.Query) *page {
	p := &page{store: s, limit: q.PageLimit()}
	if !q.After.ID.IsZero() || !q.After.CreatedAt.IsZero() {
		p.after = &row{id: q.After.ID, created: q.After.CreatedAt.UnixMicro()}
	}
	return p
}

func (p *page) add(t text) {
	r := row{id: t.id(), created: t.created()}
	if p.after != nil && newestFirst(*p.after, r) >= 0 {
		return
	}
	r.encoded = p.store.encode(t)
	if p.rows = append(p.rows, r); len(p.rows) >= 2*p.limit {
		p.cut()
	}
}

func (p *page) cut() {
	slices.SortFunc(p.rows, newestFirst)
	p.rows = p.rows[:min(len(p.rows), p.limit)]
}

func (p *page) records() ([]store.Record, error) {
	p.cut()
	records := make([]store.Record, 0, len(p.rows))
	for _, row := range p.rows {
		r, err := row.encoded.Record()
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}
