package move

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"coatcheck.dev/store"
)

const (
	pageSize = 1000 // sessions in one answer of a store

	// creators is how many sessions are created at once in a store that takes one at a time. Clients of Redis send as
	// many in one packet.
	creators = 64
)

// copyAll walks both stores in one order, that of IDs or that of listings. A stretch of the old store is read,
// what the new one lacks is created, and then the same stretch of the new one is read: that is what is compared.
func (c *copier) copyAll(ctx context.Context) error {
	byID := scanners(c.from, c.to)
	old, fresh := reader{from: c.from, byID: byID}, reader{from: c.to, byID: byID}
	for done := 0; ; {
		stretch, err := old.next(ctx, c.options.Stretch)
		if err != nil {
			return err
		}
		upto := store.Cursor{} // the end of the listing
		if len(stretch) == c.options.Stretch {
			upto = stretch[len(stretch)-1].Cursor()
		}
		if err := c.bring(ctx, stretch); err != nil {
			return err
		}
		known := make(map[store.ID]struct{}, len(stretch))
		for i := range stretch {
			known[stretch[i].ID] = struct{}{}
		}
		compare := func(page []store.Record) error { return c.compare(ctx, known, page) }
		if err := fresh.upto(ctx, upto, compare); err != nil {
			return err
		}
		done += len(stretch)
		c.progress(done)
		if upto == (store.Cursor{}) {
			return nil
		}
	}
}

// bring makes the records in the new store what they are in the old one.
func (c *copier) bring(ctx context.Context, stretch []store.Record) error {
	taken := make(map[store.ID]bool)
	for i := range stretch {
		stretch[i] = withoutMark(stretch[i])
		c.report.From.Add(&stretch[i])
	}
	ids, err := c.createMany(ctx, stretch)
	if errors.Is(err, errors.ErrUnsupported) {
		return inParallel(ctx, creators, stretch, c.copy)
	}
	if err != nil {
		return fmt.Errorf("copy sessions: %w", err)
	}
	for _, id := range ids {
		taken[id] = true
	}
	for i := range stretch {
		if !taken[stretch[i].ID] {
			continue
		}
		if err := c.update(ctx, stretch[i]); err != nil {
			return fmt.Errorf("copy %v: %w", stretch[i].ID, err)
		}
	}
	return nil
}

// createMany creates records at once, if the new store can.
func (c *copier) createMany(ctx context.Context, records []store.Record) (taken []store.ID, err error) {
	bulk, ok := c.to.(interface {
		CreateMany(context.Context, []store.Record) ([]store.ID, error)
	})
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return bulk.CreateMany(ctx, records)
}

// copy brings one record.
func (c *copier) copy(ctx context.Context, r store.Record) error {
	err := c.to.Create(ctx, r, store.ID{})
	if errors.Is(err, store.ErrExists) {
		err = c.update(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("copy %v: %w", r.ID, err)
	}
	return nil
}

// update saves a record that an earlier copy has brought, if it has changed since.
func (c *copier) update(ctx context.Context, r store.Record) error {
	there, err := c.to.Load(ctx, r.ID)
	if err != nil || same(&there, &r) {
		return err
	}
	r.Version = there.Version
	return c.to.Save(ctx, r)
}

// compare adds up what is in the new store, and finds what the old one lacks: most are known to be there.
func (c *copier) compare(ctx context.Context, known map[store.ID]struct{}, there []store.Record) error {
	for i := range there {
		r := &there[i]
		if _, ok := known[r.ID]; !ok {
			extra, err := c.extra(ctx, r.ID)
			if err != nil {
				return err
			}
			if extra {
				continue
			}
		}
		c.report.To.Add(r)
	}
	return nil
}

// extra reports whether the old store lacks a record, and deletes it from the new one if that is wanted.
func (c *copier) extra(ctx context.Context, id store.ID) (bool, error) {
	switch _, err := c.from.Load(ctx, id); {
	case err == nil:
		return false, nil
	case !errors.Is(err, store.ErrNotFound):
		return false, fmt.Errorf("compare %v: %w", id, err)
	case !c.options.DeleteExtras:
		c.report.Extra++
		return true, nil
	}
	_, err := c.to.Delete(ctx, id)
	return true, err
}

// A scanner is a store that can be read in the order of IDs, which costs less.
type scanner interface {
	Scans() bool
	Scan(ctx context.Context, after store.ID, limit int) (all []store.Record, done bool, err error)
}

// scanners reports whether all stores can be read in the order of IDs.
func scanners(all ...store.Store) bool {
	for _, st := range all {
		if s, ok := st.(scanner); !ok || !s.Scans() {
			return false
		}
	}
	return true
}

// A reader goes through a store: in the order of IDs, or in that of listings.
type reader struct {
	from  store.Store
	byID  bool
	after store.Cursor
	page  []store.Record // read and not given yet
	over  bool
}

// compare orders places as the reader comes by them.
func (r *reader) compare(a, b store.Cursor) int {
	if r.byID {
		return bytes.Compare(a.ID[:], b.ID[:])
	}
	return a.Compare(b)
}

// fill reads a page if none is left.
func (r *reader) fill(ctx context.Context) (err error) {
	if len(r.page) > 0 || r.over {
		return nil
	}
	if r.byID {
		r.page, r.over, err = r.from.(scanner).Scan(ctx, r.after.ID, pageSize)
	} else {
		q := store.Query{After: r.after, Limit: pageSize}
		if r.page, err = r.from.List(ctx, q); err == nil {
			err, r.over = q.Check(r.page), len(r.page) == 0
		}
	}
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	if len(r.page) > 0 {
		r.after = r.page[len(r.page)-1].Cursor()
	}
	return nil
}

// next returns the next n records; fewer are the last.
func (r *reader) next(ctx context.Context, n int) (all []store.Record, err error) {
	for len(all) < n {
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if len(r.page) == 0 {
			break
		}
		if len(all) > 0 && cap(all) < n {
			all = slices.Grow(all, n-len(all)) // a second page: there may be many
		}
		some := min(n-len(all), len(r.page))
		all, r.page = append(all, r.page[:some]...), r.page[some:]
	}
	return all, nil
}

// upto gives the records up to a place, that one included; the zero place is the end. What comes after the place is not
// there yet, so it is read again next time.
func (r *reader) upto(ctx context.Context, place store.Cursor, give func([]store.Record) error) error {
	defer func() { r.page, r.over, r.after = nil, false, place }()
	for {
		if err := r.fill(ctx); err != nil || len(r.page) == 0 {
			return err
		}
		n := len(r.page)
		if place != (store.Cursor{}) {
			for n = 0; n < len(r.page) && r.compare(r.page[n].Cursor(), place) <= 0; n++ {
			}
		}
		if err := give(r.page[:n]); err != nil || n < len(r.page) {
			return err
		}
		r.page = nil
	}
}
