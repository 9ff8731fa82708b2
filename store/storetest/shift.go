package storetest

import (
	"context"
	"time"

	"coatcheck.dev/store"
)

// A Cache is a store with answers from memory.
type Cache interface {
	store.Store
	store.Peeker
}

// Shift returns a cache with its callers a century in the past. The records of the suite begin and end at fixed times,
// and once these are over, a cache with an eye on the clock serves none of them: the suite would test the store behind
// it.
func Shift(c Cache) store.Store {
	const century = 100 * 365 * 24 * time.Hour
	s := shifted{c, century}
	if feed, ok := c.(store.Feed); ok {
		return struct {
			shifted
			store.Feed
		}{s, feed}
	}
	return s
}

type shifted struct {
	Cache
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

func (s shifted) outEncoded(e store.Encoded) store.Encoded {
	if e.ID.IsZero() {
		return e
	}
	r, err := e.Record()
	if err != nil {
		panic(err)
	}
	r = s.out(r)
	return r.Encode()
}

func (s shifted) Peek(id store.ID, now time.Time) (store.Encoded, bool) {
	e, known := s.Cache.Peek(id, now)
	return s.outEncoded(e), known
}

func (s shifted) Recall(id store.ID, since time.Time) (store.Encoded, bool) {
	e, known := s.Cache.Recall(id, since)
	return s.outEncoded(e), known
}

func (s shifted) Load(ctx context.Context, id store.ID) (store.Record, error) {
	r, err := s.Cache.Load(ctx, id)
	if err != nil {
		return r, err
	}
	return s.out(r), nil
}

func (s shifted) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	return s.Cache.Create(ctx, s.in(r), replaces)
}

func (s shifted) Save(ctx context.Context, r store.Record) error { return s.Cache.Save(ctx, s.in(r)) }

func (s shifted) Touch(ctx context.Context, seen []store.Seen) error {
	var later []store.Seen
	for _, t := range seen {
		later = append(later, store.Seen{ID: t.ID, At: t.At.Add(s.by)})
	}
	return s.Cache.Touch(ctx, later)
}

func (s shifted) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if !q.After.CreatedAt.IsZero() {
		q.After.CreatedAt = q.After.CreatedAt.Add(s.by)
	}
	records, err := s.Cache.List(ctx, q)
	for i := range records {
		records[i] = s.out(records[i])
	}
	return records, err
}

func (s shifted) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) ([]store.Summary, error) {
	live, err := s.Cache.Live(ctx, user, after.Add(s.by), now.Add(s.by), limit)
	for i, r := range live {
		live[i].CreatedAt, live[i].LastSeen = r.CreatedAt.Add(-s.by), r.LastSeen.Add(-s.by)
	}
	return live, err
}

func (s shifted) Count(ctx context.Context, user string, after time.Time) (int, error) {
	return s.Cache.Count(ctx, user, after.Add(s.by))
}

func (s shifted) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.Cache.Sweep(ctx, now.Add(s.by), limit)
}
