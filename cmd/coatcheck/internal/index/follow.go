package index

import (
	"context"
	"time"

	"coatcheck.dev/store"
)

const (
	gather      = 50 * time.Millisecond // in which changes are gathered, so that many are written at once
	lead        = 30 * time.Second      // before its end a session is looked up, because it may have been used
	failPause   = time.Second           // after the store or the file has failed
	remakePause = time.Minute           // at least so long from one new file to the next
)

// run follows the store until ctx ends.
func (x *Index) run(ctx context.Context) {
	defer close(x.done)
	x.awaitFeed(ctx)
	x.health.begin(time.Now())
	f, whole, why := x.open(ctx)
	var made time.Time
	for ctx.Err() == nil {
		if !whole {
			if since := time.Since(made); since < remakePause {
				pause(ctx, remakePause-since)
			}
			began := time.Now()
			if f, whole = x.make(ctx, f, why); !whole {
				pause(ctx, failPause)
				why = nil
				continue
			}
			made = time.Now()
			x.health.isMade()
			x.log.Info("the index of sessions has been made", "sessions", x.facets.rows(), "took", time.Since(began))
		}
		why = x.follow(ctx, f)
		if ctx.Err() != nil {
			return
		}
		x.mu.Lock()
		x.file = nil
		x.mu.Unlock()
		f.close()
		f, whole = nil, false
		x.health.progress(0, x.facets.rows())
	}
	if f != nil && x.file == nil {
		f.close()
	}
}

// awaitFeed waits a little until the feed is whole: what is read before that has to be checked again.
func (x *Index) awaitFeed(ctx context.Context) {
	for range 20 {
		if !x.health.isLost() {
			return
		}
		pause(ctx, gather)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// open opens a file that is whole. Everything in it is in doubt.
func (x *Index) open(ctx context.Context) (f *database, whole bool, why error) {
	f, why = openTables(ctx, x.opts.Path, x.opts.Store)
	if why != nil {
		return nil, false, why
	}
	asOf := f.modified()
	if why = x.facets.load(ctx, f.write); why != nil {
		f.close()
		return nil, false, why
	}
	x.health.doubt(asOf)
	x.use(f)
	return f, true, nil
}

func (x *Index) use(f *database) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.file = f
	x.damaged.Store(false)
	x.tell()
}

// follow keeps a file that is whole up to date until ctx ends or the file turns out to be damaged, which it returns.
func (x *Index) follow(ctx context.Context, f *database) (damage error) {
	k := &keeper{x: x, f: f}
	defer k.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-x.news.wake:
			x.news.gather(ctx)
		case <-timer.C:
		}
		wait, err := k.step(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case isDamage(err) || x.damaged.Load():
			x.log.Error("the index of sessions cannot be used and will be made anew", "error", err)
			return err
		case err != nil:
			if x.health.fails(true) {
				x.log.Warn("the index of sessions does not follow the store", "error", err)
			}
			pause(ctx, failPause)
			wait = 0
		default:
			x.health.fails(false)
		}
		timer.Reset(wait)
	}
}

// gather lets some changes come together, unless somebody waits for them.
func (n *news) gather(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-n.urgent:
	case <-time.After(gather):
	}
}

// A keeper keeps one file up to date.
type keeper struct {
	x *Index
	f *database
	w *writer

	checked time.Time // up to which end sessions have been looked up
	ticked  time.Time // when that was done last
	check   check
}

func (k *keeper) close() {
	if k.w != nil {
		k.w.close()
	}
}

// step does what there is to do, and says in how long there may be more.
func (k *keeper) step(ctx context.Context) (wait time.Duration, err error) {
	if k.w == nil {
		if k.w, err = newWriter(ctx, k.x, k.f); err != nil {
			return 0, err
		}
	}
	for {
		more, err := k.hear(ctx)
		if err != nil {
			return 0, err
		}
		if !more {
			break
		}
		k.x.tell()
	}
	now := time.Now()
	most := time.Second
	if now.Sub(k.ticked) >= time.Second {
		more, err := k.expire(ctx, now)
		if err != nil {
			return 0, err
		}
		if k.ticked = now; more {
			k.ticked, most = time.Time{}, 2*gather
		}
	}
	wait, err = k.check.step(ctx, k, now)
	return min(wait, most), err
}

// hear looks at some of the news.
func (k *keeper) hear(ctx context.Context) (more bool, err error) {
	t, any := k.x.news.take()
	if !any {
		return false, nil
	}
	defer k.x.news.rest()
	if t.overflow {
		k.x.health.doubt(time.Now().Add(-gather))
	}
	if err := k.w.remove(ctx, t.ended); err != nil {
		k.x.news.back(t)
		return false, err
	}
	t.ended = nil
	for len(t.users) > 0 {
		ids, err := k.w.ofUser(ctx, t.users[0])
		if err != nil {
			k.x.news.back(t)
			return false, err
		}
		k.x.news.add(ids...)
		t.users = t.users[1:]
	}
	for len(t.cutoffs) > 0 {
		if err := k.cut(ctx, t.cutoffs[0]); err != nil {
			k.x.news.back(t)
			return false, err
		}
		t.cutoffs = t.cutoffs[1:]
	}
	if err := k.lookAt(ctx, t.changed); err != nil {
		k.x.news.back(t)
		return false, err
	}
	return true, nil
}

// lookAt writes what the store says of sessions.
func (k *keeper) lookAt(ctx context.Context, ids []store.ID) error {
	if len(ids) == 0 {
		return nil
	}
	looked, err := k.x.look(ctx, ids)
	if err != nil {
		return err
	}
	return k.w.write(ctx, looked)
}

// cut removes the sessions of a user that began at a moment or before, or everybody's. Until that is done, everybody's
// are in no answer.
func (k *keeper) cut(ctx context.Context, n store.Notice) error {
	for {
		some, err := k.w.begunBefore(ctx, n.User, n.At)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			if n.User == "" {
				k.x.cutoff.CompareAndSwap(n.At.UnixMicro(), 0)
			}
			return nil
		}
		if err := k.w.remove(ctx, some); err != nil {
			return err
		}
	}
}

// expire looks up the sessions whose time is over, and those whose time is over soon. It reports whether there are more
// of the former.
func (k *keeper) expire(ctx context.Context, now time.Time) (more bool, err error) {
	over, err := k.w.over(ctx, now)
	if err == nil {
		err = k.lookAt(ctx, over)
	}
	if err != nil {
		return false, err
	}
	k.checked = later(k.checked, now)
	for until := now.Add(lead); k.checked.Before(until); {
		ids, last, err := k.w.ending(ctx, k.checked, until)
		if err == nil {
			err = k.lookAt(ctx, ids)
		}
		if err != nil {
			return false, err
		}
		if k.checked = until; len(ids) == maxTaken {
			k.checked = last
		}
	}
	return len(over) == maxTaken, nil
}
