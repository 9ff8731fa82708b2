package index

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A glance is the file as it is at one time.
type glance struct{ tx *sql.Tx }

func (x *Index) reading(ctx context.Context, do func(*glance) error) error {
	if x.ready() {
		x.news.settle(ctx)
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.file == nil {
		return ErrNotReady
	}
	tx, err := x.file.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = do(&glance{tx})
		_ = tx.Rollback() // it has changed nothing
	}
	if isDamage(err) {
		x.damaged.Store(true)
		x.news.put(func() {}) // only wakes
		return ErrNotReady
	}
	return err
}

// ErrNotReady says that the index is being made.
var ErrNotReady = errors.New("index: it is being made")

// A Page is a part of what a query finds.
type Page struct {
	Sessions []session.Info
	Next     string // where the next page begins; "" after the last one
	Fresh    bool   // all sessions have been looked up in the store just now
}

// MaxLimit bounds how many sessions a page has.
const MaxLimit = 1000

// lookTime is how long a page waits for the store.
const lookTime = time.Second

// Select returns a page of what a query finds, at most limit sessions from the place after on, which is "" or the Next
// of a page before. While the index is not ready the error is [ErrNotReady], and for a place of another query
// [ErrCursor].
//
// Sessions that have ended meanwhile, or do not fit any more, are left out, so a page may be short of some.
func (x *Index) Select(ctx context.Context, q Query, after string, limit int) (Page, error) {
	now := time.Now()
	from, err := parseCursor(after, q.Sort)
	if err != nil {
		return Page{}, err
	}
	limit = max(1, min(limit, MaxLimit))
	var page Page
	err = x.reading(ctx, func(t *glance) error {
		found, err := x.newSearch(q, now).find(ctx, t.tx, from, limit+1)
		if err != nil {
			return err
		}
		if len(found) > limit {
			found = found[:limit]
			page.Next = found[limit-1].cursor.String()
		}
		page.Sessions, err = x.fetch(ctx, t.tx, found, now)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	x.refresh(ctx, q, now, &page)
	return page, nil
}

// refresh puts what the store knows in place of what the index knows, if the store answers in time.
func (x *Index) refresh(ctx context.Context, q Query, now time.Time, page *Page) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	ids := make([]store.ID, len(page.Sessions))
	for i := range page.Sessions {
		ids[i] = page.Sessions[i].Handle
	}
	answered := make(chan []look, 1)
	go func() {
		looked, err := x.look(ctx, ids)
		if err != nil {
			looked = nil
		}
		answered <- looked
	}()
	var looked []look
	select {
	case looked = <-answered:
	case <-ctx.Done():
	}
	if looked == nil && len(ids) > 0 {
		return
	}
	kept := page.Sessions[:0]
	for i, l := range looked {
		if known := page.Sessions[i]; !l.there || !l.info.LastSeen.Equal(known.LastSeen) {
			x.news.add(l.id)
		}
		if l.there && q.Match(l.info, now) {
			kept = append(kept, l.info)
		}
	}
	page.Sessions, page.Fresh = kept, true
}

// Count returns how many sessions a query finds. While the index is not ready the error is [ErrNotReady].
func (x *Index) Count(ctx context.Context, q Query) (n int, err error) {
	err = x.reading(ctx, func(t *glance) error {
		n, err = x.newSearch(q, time.Now()).count(ctx, t.tx)
		return err
	})
	return n, err
}

// Each calls do with the handles of all sessions that a query finds as of a moment, oldest first, no more than 1,000 at
// a time, until it returns an error, which Each returns. Sessions that began after that moment are left out, and those
// that have ended before their turn. What changes in between may or may not be found: [Query.Match] tells whether a
// session fits.
func (x *Index) Each(ctx context.Context, q Query, asOf time.Time, do func([]store.ID) error) error {
	q.Sort = Sort{By: "created", Ascending: true}
	asOf = asOf.Truncate(time.Microsecond)
	var after *cursor
	for {
		var ids []store.ID
		some := false
		err := x.reading(ctx, func(t *glance) error {
			s := x.newSearch(q, asOf)
			s.conds = append(s.conds, condition{
				sql: "l.created <= ?", args: []any{asOf.UnixMicro()}, index: "live_created",
			})
			found, err := s.find(ctx, t.tx, after, MaxLimit)
			if err != nil || len(found) == 0 {
				return err
			}
			some = true
			after = &found[len(found)-1].cursor
			infos, err := x.fetch(ctx, t.tx, found, asOf)
			for _, i := range infos {
				ids = append(ids, i.Handle)
			}
			return err
		})
		if err != nil || !some {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		if err := do(ids); err != nil {
			return err
		}
	}
}

// A look is what the store says of a handle.
type look struct {
	id    store.ID
	info  session.Info
	there bool
}

// lookers is how many lookups are under way at once.
const lookers = 8

// look asks the store for sessions, in the order of the handles. It stops at the first error.
func (x *Index) look(ctx context.Context, ids []store.ID) ([]look, error) {
	looked := make([]look, len(ids))
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var asking sync.WaitGroup
	for range min(lookers, len(ids)) {
		asking.Go(func() {
			for failed.Load() == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				info, there, err := x.opts.Source.Lookup(ctx, ids[i])
				if err != nil {
					failed.Store(&err)
					return
				}
				looked[i] = look{ids[i], info, there}
			}
		})
	}
	asking.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return looked, ctx.Err()
}
