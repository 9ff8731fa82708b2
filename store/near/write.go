package near

import (
	"context"
	"errors"
	"time"

	"coatcheck.dev/store"
)

// A write is what this node is about to do to a record. While it is under way nothing that is loaded is kept.
type write struct {
	n     int                    // how many of them there are
	to    uint64                 // the version that is being saved; 0 if it is no save
	mixed bool                   // there were several, a touch or a load: nobody knows which came last
	heard [store.Cutoff + 1]int8 // the notices since it began, by kind
}

// alone reports whether nothing was told but perhaps the change itself. As notices of one record come in order, a
// second one of its kind can be that of a later change.
func (w *write) alone(kind store.NoticeKind) bool {
	for k, n := range w.heard {
		if n > 1 || n == 1 && store.NoticeKind(k) != kind {
			return false
		}
	}
	return !w.mixed
}

// hear counts a notice, unless it is of the version that is being saved, or of one before.
func (w *write) hear(n store.Notice) {
	if n.Kind == store.Saved && 0 < n.Version && n.Version <= w.to || w.heard[n.Kind] == 2 {
		return
	}
	w.heard[n.Kind]++
}

// begin notes that a record is about to be changed, to a version if it is to be saved.
func (sh *shard) begin(id store.ID, to uint64) *write {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.spoil(id)
	w := sh.writes[id]
	if w == nil {
		if sh.writes == nil {
			sh.writes = make(map[store.ID]*write)
		}
		w = new(write)
		sh.writes[id] = w
	}
	w.n++
	w.mixed, w.to = w.mixed || w.n > 1, to
	return w
}

// end notes that the change has been made, or not. The caller holds sh.mu.
func (sh *shard) end(id store.ID, w *write) {
	sh.spoil(id)
	if w.n--; w.n == 0 {
		delete(sh.writes, id)
	}
}

// drop forgets a record.
func (c *cache) drop(id store.ID) {
	c.live.Invalidate(id)
	c.absent.Invalidate(id)
}

// empty has a record loaded anew, and nothing believed that is older than a version.
func (c *cache) empty(id store.ID, version uint64) {
	c.absent.Invalidate(id)
	if known, ok := c.live.GetEntryQuietly(id); ok {
		c.live.Set(id, known.Value.emptied(max(version, known.Value.version), c.now()))
	}
}

// changed notes what the feed has told of a record.
func (c *cache) changed(n store.Notice) {
	sh := c.shards.of(n.ID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.spoil(n.ID)
	if w := sh.writes[n.ID]; w != nil {
		w.hear(n)
	}
	switch n.Kind {
	case store.Created:
		c.absent.Invalidate(n.ID) // whatever else is kept is of this record
	case store.Saved:
		c.saved(n.ID, n.Version)
	default:
		c.gone(n.ID)
	}
}

// saved notes that the feed has told of a save, which may be this node's own. A feed that does not say of which version
// costs a question to the store.
func (c *cache) saved(id store.ID, version uint64) {
	if known, ok := c.live.GetEntryQuietly(id); ok && version > 0 && known.Value.version >= version {
		return
	}
	c.empty(id, version)
}

// gone notes that a record has ended, which is for ever.
func (c *cache) gone(id store.ID) {
	c.live.Invalidate(id)
	if h := c.hearing.Load(); h.up {
		c.keepAbsent(id, c.now(), h.era)
	}
}

// A change is one call that writes, to one record.
type change struct {
	c     *cache
	id    store.ID
	at    moment
	era   uint64
	write *write // nil once it is over
}

// begin begins a change. The caller defers over.
func (c *cache) begin(id store.ID, to uint64) *change {
	sh := c.shards.of(id)
	return &change{c, id, c.now(), c.hearing.Load().era, sh.begin(id, to)}
}

// beginToEnd begins a change that ends a record: it is not served any more.
func (c *cache) beginToEnd(id store.ID) *change {
	w := c.begin(id, 0)
	sh := c.shards.of(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c.drop(id)
	return w
}

// end ends the change; settle brings what is kept in line with it.
func (ch *change) end(settle func(*write)) {
	sh := ch.c.shards.of(ch.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.end(ch.id, ch.write)
	settle(ch.write)
	ch.write = nil
}

// over ends a change that has not been ended, as the inner store panicked.
func (ch *change) over() {
	if ch.write != nil {
		ch.end(func(*write) { ch.c.drop(ch.id) })
	}
}

// known reports whether the change has made the record what this node believes, as nothing else has happened to it.
func (ch *change) known(w *write, kind store.NoticeKind) bool {
	return w.alone(kind) && ch.c.hearing.Load().keeps(ch.era)
}

// Create implements [store.Store].
func (c *cache) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if !replaces.IsZero() {
		old := c.beginToEnd(replaces)
		defer old.over()
		err := c.create(ctx, r, replaces)
		old.end(func(w *write) {
			if c.drop(replaces); err == nil && w.heard[store.Created] == 0 {
				c.gone(replaces)
			}
		})
		return err
	}
	return c.create(ctx, r, replaces)
}

func (c *cache) create(ctx context.Context, r store.Record, replaces store.ID) error {
	ch := c.beginToEnd(r.ID)
	defer ch.over()
	err := c.inner.Create(ctx, r, replaces)
	ch.end(func(w *write) {
		if c.drop(r.ID); err == nil && ch.known(w, store.Created) {
			r.Version = 1
			c.keep(r.ID, newEntry(&r, ch.at, ch.era))
		}
	})
	return err
}

// Save implements [store.Store].
func (c *cache) Save(ctx context.Context, r store.Record) error {
	ch := c.begin(r.ID, r.Version+1)
	defer ch.over()
	err := c.inner.Save(ctx, r)
	ch.end(func(w *write) {
		switch {
		case err == nil && ch.known(w, store.Saved):
			ch.renew(r)
		case err == nil:
			c.empty(r.ID, r.Version+1)
		case errors.Is(err, store.ErrConflict):
			c.empty(r.ID, 0)
		default:
			c.drop(r.ID)
		}
	})
	return err
}

// renew keeps what was saved. If it is not known what the record was before, it is loaded when it is needed: stores do
// not take everything from what is saved.
func (ch *change) renew(r store.Record) {
	known, ok := ch.c.live.GetEntryQuietly(r.ID)
	if !ok {
		return
	}
	old := known.Value
	told := old.husk && old.version == r.Version+1 // by the notice of this very save
	if old.version != r.Version && !told || old.era != ch.era || old.user() != r.User || old.created != r.CreatedAt.UnixMicro() {
		ch.c.empty(r.ID, r.Version+1)
		return
	}
	r.Version++
	e := newEntry(&r, ch.at, ch.era)
	e.seen.Store(max(e.seen.Load(), old.seen.Load()))
	ch.c.keep(ch.id, e)
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
	sh := c.shards.of(t.ID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.spoil(t.ID) // it may have been loaded before it was touched
	if w := sh.writes[t.ID]; w != nil {
		w.mixed = true
	}
	if e, ok := c.live.GetEntryQuietly(t.ID); ok && done {
		e.Value.touch(t.At)
	}
}

// Delete implements [store.Store].
func (c *cache) Delete(ctx context.Context, id store.ID) (bool, error) {
	ch := c.beginToEnd(id)
	defer ch.over()
	existed, err := c.inner.Delete(ctx, id)
	ch.end(func(w *write) {
		if c.drop(id); err == nil && !w.mixed && w.heard[store.Created] == 0 {
			c.gone(id)
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
	return ids, err
}

// Sweep implements [store.Store]. What was over by then is not served from the cache any more.
func (c *cache) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := c.inner.Sweep(ctx, now, limit)
	for us := now.UnixMicro(); ; {
		before := c.swept.Load()
		if us <= before || c.swept.CompareAndSwap(before, us) {
			return n, err
		}
	}
}

// SetNotBefore implements [store.Store]. It asks the inner store, whose feed tells of the cutoff.
func (c *cache) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	return c.inner.SetNotBefore(ctx, user, t)
}
