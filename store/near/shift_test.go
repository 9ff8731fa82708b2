package near_test

import (
	"context"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/store/storetest"
)

// The records of storetest begin and end at fixed times, which are past: a cache would serve none of them. A shifted store
// has its callers live by how many years earlier that is.
type shifted struct {
	near.Store
	by time.Duration
}

func (s shifted) in(r store.Record) store.Record  { return moved(r, s.by) }
func (s shifted) out(r store.Record) store.Record { return moved(r, -s.by) }

func moved(r store.Record, by time.Duration) store.Record {
	shift := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return t.Add(by)
	}
	r.CreatedAt, r.LastSeen, r.ExpiresAt = shift(r.CreatedAt), shift(r.LastSeen), shift(r.ExpiresAt)
	r.Rotation.At = shift(r.Rotation.At)
	auth := r.Auth
	r.Auth = nil
	for _, a := range auth {
		a.At = shift(a.At)
		r.Auth = append(r.Auth, a)
	}
	return r
}

func (s shifted) Peek(id store.ID) (store.Sealed, bool) {
	sealed, known := s.Store.Peek(id)
	if !known || sealed.ID.IsZero() {
		return sealed, known
	}
	r, err := sealed.Record()
	if err != nil {
		panic(err)
	}
	r = s.out(r)
	return store.Sealed{ID: id, Version: r.Version, Body: string(r.AppendBody(nil)), Seen: r.LastSeen.UnixMicro() - r.CreatedAt.UnixMicro()}, true
}

func (s shifted) Load(ctx context.Context, id store.ID) (store.Record, error) {
	r, err := s.Store.Load(ctx, id)
	if err != nil {
		return r, err
	}
	return s.out(r), nil
}

func (s shifted) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	return s.Store.Create(ctx, s.in(r), replaces)
}

func (s shifted) Save(ctx context.Context, r store.Record) error { return s.Store.Save(ctx, s.in(r)) }

func (s shifted) Touch(ctx context.Context, seen []store.Seen) error {
	var later []store.Seen
	for _, t := range seen {
		later = append(later, store.Seen{ID: t.ID, At: t.At.Add(s.by)})
	}
	return s.Store.Touch(ctx, later)
}

func (s shifted) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if !q.After.CreatedAt.IsZero() {
		q.After.CreatedAt = q.After.CreatedAt.Add(s.by)
	}
	records, err := s.Store.List(ctx, q)
	for i := range records {
		records[i] = s.out(records[i])
	}
	return records, err
}

func (s shifted) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.Store.Sweep(ctx, now.Add(s.by), limit)
}

// shift returns the store with its callers in the past, if the records of storetest would be over otherwise.
func shift(st near.Store) store.Store {
	const century = 100 * 365 * 24 * time.Hour
	s := shifted{st, century}
	feed, fed := st.(store.Feed)
	board, boarded := st.(store.Switchboard)
	switch {
	case fed && boarded:
		return struct {
			shifted
			store.Feed
			store.Switchboard
		}{s, feed, board}
	case fed:
		return struct {
			shifted
			store.Feed
		}{s, feed}
	}
	return s
}

func TestContract(t *testing.T) {
	for _, inner := range []struct {
		name string
		open func() store.Store
	}{
		{"over a feed", func() store.Store { return memory.New() }},
		{"over a store without a feed", func() store.Store { return struct{ store.Store }{memory.New()} }},
		{"over a feed that crosses a network", func() store.Store {
			d := newDouble()
			return struct {
				store.Store
				store.Feed
				store.Switchboard
			}{d, beatingDouble{d}, d.far}
		}},
	} {
		t.Run(inner.name, func(t *testing.T) {
			var hits, refused uint64
			storetest.Run(t, func(t *testing.T) store.Store {
				st := near.New(inner.open(), near.Options{})
				t.Cleanup(func() {
					hits, refused = hits+st.Stats().Hits+st.Stats().NegativeHits, refused+st.Stats().Refused
					st.Close()
				})
				return shift(st)
			})
			if t.Logf("%d hits, %d entries refused", hits, refused); hits < 500 {
				t.Errorf("%d reads were answered from the cache: the suite has tested the store behind it", hits)
			}
		})
	}
}

// A beatingDouble tells whoever subscribes that it is whole.
type beatingDouble struct{ d *double }

// Subscribe implements store.Feed.
func (b beatingDouble) Subscribe(tell func(store.Notice)) (stop func()) {
	stop = b.d.Subscribe(tell)
	tell(store.Notice{Kind: store.Beat, At: time.Now()})
	return stop
}
