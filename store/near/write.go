package near

import (
	"context"
	"errors"
	"time"

	"coatcheck.dev/store"
)

// writes are this node's calls under way to change one record. While there are any, no loaded answer is kept.
type writes struct {
	n     int                    // how many
	to    uint64                 // the version being saved; 0 if it is no save
	mixed bool                   // there were several, or a touch or a load: nobody knows which came last
	told  [store.Cutoff + 1]int8 // the notices since the first began, by kind; 2 means several
}

// alone reports whether no notice was told, except perhaps the write's own. A second one of the same kind may
// be of a later change: notices of one record come in order.
func (w *writes) alone(kind store.NoticeKind) bool {
	for k, n := range w.told {
		if n > 1 || n == 1 && store.NoticeKind(k) != kind {
			return false
		}
	}
	return !w.mixed
}

// tell counts a notice, unless it is of the version being saved, or of an earlier one.
func (w *writes) tell(n store.Notice) {
	if n.Kind == store.Saved && 0 < n.Version && n.Version <= w.to || w.told[n.Kind] == 2 {
		return
	}
	w.told[n.Kind]++
}

// changed takes a notice of a changed record.
func (c *cache) changed(n store.Notice) {
	f := c.inFlight.of(n.ID)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overtake(n.ID)
	if w := f.writes[n.ID]; w != nil {
		w.tell(n)
	}
	switch n.Kind {
	case store.Created:
		c.negative.Invalidate(n.ID) // an entry is of this very record
	case store.Saved:
		c.saved(n.ID, n.Version)
	default:
		c.ended(n.ID)
	}
}

// saved takes a notice of a save, perhaps of this node's own. If the feed does not tell the version, the record is
// loaded anew.
func (c *cache) saved(id store.ID, version uint64) {
	if e, ok := c.kept(id); ok && version > 0 && e.version >= version {
		return
	}
	c.expect(id, version)
}

// A writeCall is one call to change one record.
type writeCall struct {
	c      *cache
	id     store.ID
	proof  proof   // of the record that it makes
	writes *writes // nil once it has ended
}

// begin begins a write, to a version if it is a save. The caller defers abort.
func (c *cache) begin(id store.ID, to uint64) *writeCall {
	p := proof{c.now(), c.health.Load().generation}
	f := c.inFlight.of(id)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overtake(id)
	w := f.writes[id]
	if w == nil {
		if f.writes == nil {
			f.writes = make(map[store.ID]*writes)
		}
		w = new(writes)
		f.writes[id] = w
	}
	w.n++
	w.mixed, w.to = w.mixed || w.n > 1, to
	return &writeCall{c, id, p, w}
}

// beginForgetting is begin for a write that ends or replaces the record: the entry is not served any more.
func (c *cache) beginForgetting(id store.ID) *writeCall {
	w := c.begin(id, 0)
	f := c.inFlight.of(id)
	f.mu.Lock()
	defer f.mu.Unlock()
	c.forget(id)
	return w
}

// end ends the write. settle brings the cache in line with it.
func (w *writeCall) end(settle func(*writes)) {
	f := w.c.inFlight.of(w.id)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overtake(w.id)
	if w.writes.n--; w.writes.n == 0 {
		delete(f.writes, w.id)
	}
	settle(w.writes)
	w.writes = nil
}

// abort ends a write if its call of the inner store panicked. After end it does nothing.
func (w *writeCall) abort() {
	if w.writes != nil {
		w.end(func(*writes) { w.c.forget(w.id) })
	}
}

// settled reports whether the record is now as written, because nothing else has happened to it.
func (w *writeCall) settled(all *writes, kind store.NoticeKind) bool {
	return all.alone(kind) && w.c.health.Load().keeps(w.proof.generation)
}

// Create implements [store.Store].
func (c *cache) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if replaces.IsZero() {
		return c.create(ctx, r, replaces)
	}
	old := c.beginForgetting(replaces)
	defer old.abort()
	err := c.create(ctx, r, replaces)
	old.end(func(all *writes) {
		if c.forget(replaces); err == nil && all.told[store.Created] == 0 {
			c.ended(replaces)
		}
	})
	return err
}

func (c *cache) create(ctx context.Context, r store.Record, replaces store.ID) error {
	w := c.beginForgetting(r.ID)
	defer w.abort()
	err := c.inner.Create(ctx, r, replaces)
	w.end(func(all *writes) {
		if c.forget(r.ID); err == nil && w.settled(all, store.Created) {
			r.Version++
			c.keep(r.ID, newEntry(&r, w.proof))
		}
	})
	return err
}

// Save implements [store.Store].
func (c *cache) Save(ctx context.Context, r store.Record) error {
	w := c.begin(r.ID, r.Version+1)
	defer w.abort()
	err := c.inner.Save(ctx, r)
	w.end(func(all *writes) {
		switch {
		case err == nil && w.settled(all, store.Saved):
			w.renew(r)
		case err == nil:
			c.expect(r.ID, r.Version+1)
		case errors.Is(err, store.ErrConflict):
			c.expect(r.ID, 0)
		default:
			c.forget(r.ID)
		}
	})
	return err
}

// renew keeps the saved record. If its entry was not the version before, it is loaded when it is needed: stores do not
// take every field from a save.
func (w *writeCall) renew(r store.Record) {
	old, ok := w.c.kept(r.ID)
	if !ok {
		return
	}
	told := old.tombstone && old.version == r.Version+1 // by the notice of this very save
	same := old.generation == w.proof.generation && old.user() == r.User && old.created == r.CreatedAt.UnixMicro()
	if !same || old.version != r.Version && !told {
		w.c.expect(r.ID, r.Version+1)
		return
	}
	r.Version++
	e := newEntry(&r, w.proof)
	e.seen.Store(max(e.seen.Load(), old.seen.Load()))
	w.c.keep(r.ID, e)
}

// Touch implements [store.Store].
func (c *cache) Touch(ctx context.Context, seen []store.Seen) error {
	err := c.inner.Touch(ctx, seen)
	for _, t := range seen {
		c.touched(t, err == nil)
	}
	return err
}

func (c *cache) touched(t store.Seen, done bool) {
	f := c.inFlight.of(t.ID)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overtake(t.ID) // it may have been loaded before it was touched
	if w := f.writes[t.ID]; w != nil {
		w.mixed = true
	}
	if e, ok := c.kept(t.ID); ok && done {
		e.touch(t.At)
	}
}

// Delete implements [store.Store].
func (c *cache) Delete(ctx context.Context, id store.ID) (bool, error) {
	w := c.beginForgetting(id)
	defer w.abort()
	existed, err := c.inner.Delete(ctx, id)
	w.end(func(all *writes) {
		if c.forget(id); err == nil && !all.mixed && all.told[store.Created] == 0 {
			c.ended(id)
		}
	})
	return existed, err
}

// DeleteUser implements [store.Store].
func (c *cache) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	ids, err := c.inner.DeleteUser(ctx, user, keep...)
	for _, id := range ids {
		c.changed(store.Notice{Kind: store.Deleted, ID: id})
	}
	if err == nil && user != "" {
		done := make(chan struct{})
		c.doubt(user, func() { close(done) })
		<-done
	}
	return ids, err
}

// Sweep implements [store.Store]. Records over at the time now are not served from the cache any more.
func (c *cache) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := c.inner.Sweep(ctx, now, limit)
	for us := now.UnixMicro(); ; {
		before := c.swept.Load()
		if us <= before || c.swept.CompareAndSwap(before, us) {
			return n, err
		}
	}
}

// SetNotBefore implements [store.Store]. The inner store's feed tells of the cutoff.
func (c *cache) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	return c.inner.SetNotBefore(ctx, user, t)
}
