package index

import (
	"context"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A check goes through all sessions of the store, a page at a time, and compares.
type check struct {
	after   store.Cursor // where it goes on
	under   bool         // it is under way
	hurried bool         // it began when everything was in doubt
	began   time.Time
	next    time.Time // when it goes on, or begins
	done    int
	of      int
	mended  int
}

// A check takes a twentieth of the time, or half of it when everything is in doubt.
const (
	share       = 19
	shareHurry  = 1
	checkedPage = 1000
)

// step compares a page, if it is time, and returns in how long it will be.
func (c *check) step(ctx context.Context, k *keeper, now time.Time) (wait time.Duration, err error) {
	hurry := k.x.health.hurries()
	if hurry && c.under && !c.hurried {
		c.under, c.next = false, now // what it has seen may have changed since
	}
	if hurry && !c.under {
		c.next = now
	}
	if now.Before(c.next) {
		return c.next.Sub(now), nil
	}
	if !c.under {
		*c = check{under: true, hurried: hurry, began: now}
		k.x.health.answerDoubt()
		if hurry {
			if c.of, err = k.x.opts.Source.Count(ctx, ""); err != nil {
				c.under = false
				return 0, err
			}
		}
	}
	err = c.page(ctx, k)
	if err != nil {
		return 0, err
	}
	took := time.Since(now)
	switch {
	case !c.under:
		c.next = later(c.began.Add(k.x.opts.CheckEvery), now.Add(took))
	case c.hurried:
		c.next = now.Add(took + shareHurry*took)
	default:
		c.next = now.Add(took + share*took)
	}
	return time.Until(c.next), nil
}

// page compares one page of the store's listing with the rows of the same time.
func (c *check) page(ctx context.Context, k *keeper) error {
	infos, next, err := k.x.opts.Source.Browse(ctx, store.Query{After: c.after, Limit: checkedPage})
	if err != nil {
		return err
	}
	doubtful, mended, err := k.w.compare(ctx, infos, c.after, next)
	if err != nil {
		return err
	}
	k.x.news.add(doubtful...)
	c.after, c.done = next, c.done+len(infos)
	c.mended += mended + len(doubtful)
	if c.hurried {
		k.x.health.progress(c.done, c.of)
	}
	if next == (store.Cursor{}) {
		c.under = false
		if c.hurried {
			k.x.health.settle()
		}
		now := time.Now()
		k.x.health.checked(now, c.mended)
		return k.w.keep(ctx, now, c.mended)
	}
	return nil
}

// answerDoubt notes that a check begins: a reason for doubt from now on needs another one.
func (h *trust) answerDoubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.renewed = false
}

// settle ends the doubt, unless there was a reason for it since the check began.
func (h *trust) settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hurry = h.renewed
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// make fills a new file from the store's listing. It reports false if that has to be tried again.
func (x *Index) make(ctx context.Context, f *database, why error) (*database, bool) {
	if f == nil {
		if why != nil && why != errNew {
			x.log.Warn("the index of sessions is made anew", "because", why)
		}
		var err error
		if f, err = makeFile(ctx, x.opts.Path, x.opts.Store); err != nil {
			x.failed(err)
			return nil, false
		}
	}
	fresh, err := x.fill(ctx, f)
	if err != nil {
		f.close()
		x.failed(err)
		return nil, false
	}
	x.health.fails(false)
	x.use(fresh)
	return fresh, true
}

func (x *Index) failed(err error) {
	if x.health.fails(true) {
		x.log.Warn("the index of sessions cannot be made", "error", err)
	}
}

// fill writes all sessions into a file without indexes, and then makes those. What the feed tells meanwhile waits.
func (x *Index) fill(ctx context.Context, f *database) (*database, error) {
	if err := x.facets.load(ctx, f.write); err != nil { // there are none
		return nil, err
	}
	of, err := x.opts.Source.Count(ctx, "")
	if err != nil {
		return nil, err
	}
	x.health.progress(0, of)
	w, err := newWriter(ctx, x, f)
	if err != nil {
		return nil, err
	}
	defer w.close()
	var after store.Cursor
	for done := 0; ; {
		infos, next, err := x.browse(ctx, after)
		if err != nil {
			return nil, err
		}
		if err := w.insert(ctx, infos); err != nil {
			return nil, err
		}
		done += len(infos)
		x.health.progress(done, of)
		if next == (store.Cursor{}) {
			w.close()
			return f.finish(ctx)
		}
		after = next
	}
}

// browse asks for a page again if the store does not answer: what has been filled in so far is not to be lost.
func (x *Index) browse(ctx context.Context, after store.Cursor) (infos []session.Info, next store.Cursor, err error) {
	for {
		infos, next, err = x.opts.Source.Browse(ctx, store.Query{After: after, Limit: checkedPage})
		if err == nil || ctx.Err() != nil {
			x.health.fails(false)
			return infos, next, err
		}
		x.failed(err)
		pause(ctx, failPause)
	}
}
