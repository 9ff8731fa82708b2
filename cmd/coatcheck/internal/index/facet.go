package index

import (
	"context"
	"database/sql"
	"sync"
)

// maxFacets bounds how many descriptions there are at once. Strangers choose what browsers are called; beyond the bound
// the browser and the label of a session are not known to the index, though the store still has them.
const maxFacets = 20_000

// facets are the descriptions that sessions have, and how many have each.
type facets struct {
	mu    sync.RWMutex
	ids   map[description]int64
	all   map[int64]*facet
	total int
	next  int64
}

type facet struct {
	description
	n int // sessions that have it
}

func newFacets() *facets {
	return &facets{ids: make(map[description]int64), all: make(map[int64]*facet), next: 1}
}

// load reads them from the database, and counts.
func (s *facets) load(ctx context.Context, db *sql.DB) error {
	fresh := newFacets()
	rows, err := db.QueryContext(ctx,
		`SELECT id, browser, label, method, level, signed_in, remembered, bound FROM facet`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var d description
		err := rows.Scan(&id, &d.browser, &d.label, &d.method, &d.level, &d.signedIn, &d.remembered, &d.bound)
		if err != nil {
			return err
		}
		fresh.ids[d], fresh.all[id], fresh.next = id, &facet{description: d}, max(fresh.next, id+1)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	counts, err := db.QueryContext(ctx, `SELECT facet, count(*) FROM live GROUP BY facet`)
	if err != nil {
		return err
	}
	defer counts.Close()
	for counts.Next() {
		var id int64
		var n int
		if err := counts.Scan(&id, &n); err != nil {
			return err
		}
		if f := fresh.all[id]; f != nil {
			f.n, fresh.total = n, fresh.total+n
		}
	}
	if err := counts.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids, s.all, s.total, s.next = fresh.ids, fresh.all, fresh.total, fresh.next
	return nil
}

// of returns the facet of a description. A new one is for the caller to store.
func (s *facets) of(d description) (id int64, stored description, isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.ids[d]; ok {
		return id, d, false
	}
	if len(s.ids) >= maxFacets {
		d.browser, d.label = "", ""
		if len(d.method) > 40 || len(s.ids) >= 2*maxFacets {
			d.method = ""
		}
		if id, ok := s.ids[d]; ok {
			return id, d, false
		}
	}
	id = s.next
	s.next++
	s.ids[d], s.all[id] = id, &facet{description: d}
	return id, d, true
}

// count adds to how many sessions have each. Those that none has any more are forgotten, and returned.
func (s *facets) count(more map[int64]int) (unused []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range more {
		f := s.all[id]
		if f == nil {
			continue
		}
		f.n += n
		s.total += n
		if f.n <= 0 {
			unused = append(unused, id)
		}
	}
	return unused
}

func (s *facets) drop(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.all[id]; f != nil && f.n <= 0 {
		delete(s.all, id)
		delete(s.ids, f.description)
	}
}

// get returns the description of a facet.
func (s *facets) get(id int64) description {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f := s.all[id]; f != nil {
		return f.description
	}
	return description{}
}

// rows returns how many sessions there are.
func (s *facets) rows() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.total
}

// matching returns those that fit a query, and how many sessions have one of them. It is nil if all do, because the
// query does not ask.
func (s *facets) matching(q *Query) (ids []int64, n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q.Method == "" && q.Level == 0 && q.SignedIn == Either && q.Remembered == Either && q.Bound == Either &&
		q.Label == "" && q.Browser == "" {
		return nil, s.total
	}
	ids = []int64{}
	for id, f := range s.all {
		if f.fits(q) {
			ids = append(ids, id)
			n += f.n
		}
	}
	return ids, n
}
