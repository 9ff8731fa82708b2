// Package client is the one client that sessions have of their store.
//
// A [Client] puts between the two what every request needs: a deadline, a limit and a circuit breaker for calls
// ([Calls]), loads that are shared, cut-offs in memory, touches in batches, sweeps, what was known last and what has
// just ended, and all that the store's feed tells. It knows nothing of tickets, cookies and requests.
//
// Four rules hold it together.
//
//   - Nobody gets an answer older than the question: who asks while a load is under way shares the next one.
//   - A call outlives its client: a change must not depend on whether the browser waits.
//   - Reads and writes fail apart, because a store that can be read but not written is to go on answering. Touches go
//     past the breakers.
//   - An answer that the store has at hand takes no deadline, no breaker and no goroutine ([Client.Peek]), and one
//     request asks for it once.
//
// An error that is no answer of a working store ([IsAnswer]) has been reported to the observers when a method returns
// it.
package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/internal/coalesce"
	"coatcheck.dev/seal"
	"coatcheck.dev/store"
)

// Options say how long a client waits, and whom it tells.
type Options struct {
	Timeout       time.Duration // of each call
	MaxCalls      int           // under way at once; as many requests may wait for an answer
	SweepInterval time.Duration // negative means never
	KeepLast      bool          // keep what was known last for Recall, unless the store does
	Events        *event.Queue
	SealData      *seal.Ring // keys for the data in the store; nil leaves it as it is
}

// A Client calls a store. Its methods may be called from any number of goroutines.
type Client struct {
	store  store.Store
	peeker store.Peeker // nil if the store never answers at once, and remembers nothing
	opts   Options

	reads   *Calls
	writes  *Calls
	waiting limiter // for a record or the cut-offs: they hold no call, but each holds a goroutine
	loads   coalesce.Group[store.ID, store.Record]

	clock       clock
	health      feedHealth
	unsubscribe func()
	cutoffs     cutoffs
	last        lastKnown
	ended       recentlyEnded
	clashes     clashes
	watchers    watchers
	touches     touches
	sweeper     sweeper
}

// New returns a client of st. It has no goroutine while it has nothing to do. [Client.Close] flushes what it still
// holds.
//
// What st hides of a store that it wraps is reported: see [event.CapabilityHidden].
func New(st store.Store, opts Options) *Client {
	reads := NewCalls(opts.Timeout, opts.MaxCalls)
	c := &Client{store: st, opts: opts, reads: reads, writes: reads.Apart(), unsubscribe: func() {}}
	c.waiting.most = int64(opts.MaxCalls)
	c.clock.heard, c.clock.began = make(chan struct{}), time.Now()
	c.clock.Time(c.clock.began) // whatever it is set to from now on is doubted
	c.touches.flushing = make(chan struct{}, 1)
	c.peeker, _ = st.(store.Peeker)
	if feed, ok := st.(store.Feed); ok {
		c.health.always()
		c.unsubscribe = feed.Subscribe(c.notice)
	}
	c.reportHidden()
	return c
}

// Close writes the touches that are still waiting, and stops background work. The client goes on working, but no longer
// learns what other nodes do. The store stays open.
func (c *Client) Close(ctx context.Context) error {
	c.unsubscribe()
	c.health.lost()
	c.sweeper.stop(ctx)
	err := c.flush(ctx)
	c.touches.mu.Lock()
	defer c.touches.mu.Unlock()
	c.touches.rest()
	return err
}

// Report wraps an error with what was being done, and tells the observers of it.
func (c *Client) Report(doing string, id store.ID, err error) error {
	err = fmt.Errorf("session: %s: %w", doing, err)
	c.opts.Events.Send(event.Event{Kind: event.StoreError, Handle: id, Err: err})
	return err
}

// Peek sets e to the record of an ID, or to the zero Encoded if there is none. It reports false if that is not known at
// the time now, by this machine's clock, without waiting for anybody.
func (c *Client) Peek(e *store.Encoded, id store.ID, now time.Time) (known bool) {
	if c.peeker != nil && c.knowsCutoffs(now) {
		*e, known = c.peeker.Peek(id, now)
	}
	return known
}

// Invalidate has a record loaded anew that something contradicts. It reports false if the store keeps no copies, so
// that the record is from the store itself.
func (c *Client) Invalidate(r *store.Record) bool {
	if c.peeker != nil {
		c.peeker.Invalidate(r.ID, r.Version)
	}
	return c.peeker != nil
}

// Find returns the record of an ID, and nil if there is none, for a request whose Peek has told nothing, or nothing to
// rely on. If within is not 0 it waits no longer than that; the call goes on, and later requests have the use of the
// answer.
func (c *Client) Find(ctx context.Context, id store.ID, within time.Duration) (*store.Record, error) {
	if within == 0 {
		return c.find(ctx, id)
	}
	type answer struct {
		record *store.Record
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		a := answer{err: coalesce.ErrPanicked}
		defer func() {
			_ = recover()
			answered <- a
		}()
		a.record, a.err = c.find(ctx, id)
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case a := <-answered:
		return a.record, a.err
	case <-timer.C:
		return nil, c.Report("load", id, errSlow)
	}
}

var errSlow = fmt.Errorf("%w: it takes longer than the request may wait", ErrUnavailable)

func (c *Client) find(ctx context.Context, id store.ID) (*store.Record, error) {
	if c.knowsCutoffs(time.Now()) {
		return c.fetch(ctx, id)
	}
	if err := c.LoadCutoffs(ctx); err != nil {
		return nil, err
	}
	return c.Load(ctx, id)
}

// Load returns the record of an ID, and nil if there is none. A damaged record is absent, and reported: its visitor can
// begin a new session, and is not shown an error for ever.
func (c *Client) Load(ctx context.Context, id store.ID) (*store.Record, error) {
	if c.peeker != nil {
		if e, known := c.peeker.Peek(id, time.Now()); known {
			return c.Decode(&e), nil
		}
	}
	return c.fetch(ctx, id)
}

// Reload is Load for a record that is not to be believed before the store itself has told it.
func (c *Client) Reload(ctx context.Context, r *store.Record) (*store.Record, error) {
	c.Invalidate(r)
	return c.fetch(ctx, r.ID)
}

// Decode returns the record of an answer that was at hand, and nil if there is none, as Load does. It is inlined, so
// that the record of a caller who only copies it is on no heap.
func (c *Client) Decode(e *store.Encoded) *store.Record {
	r := new(store.Record)
	if !c.decode(r, e) {
		return nil
	}
	return r
}

func (c *Client) decode(r *store.Record, e *store.Encoded) (ok bool) {
	if e.ID.IsZero() {
		return false
	}
	var err error
	if *r, err = e.Record(); err == nil {
		err = c.unseal(r)
	}
	if err != nil {
		_ = c.Report("load", e.ID, err)
	}
	return err == nil
}

// fetch is Load for what is not at hand.
func (c *Client) fetch(ctx context.Context, id store.ID) (*store.Record, error) {
	if err := c.enter(); err != nil {
		return nil, c.Report("load", id, err)
	}
	defer c.waiting.leave()
	r, _, err := c.loads.Do(ctx, id, func() (r store.Record, err error) {
		err = c.reads.Do(ctx, time.Now(), func(ctx context.Context) error {
			r, err = c.store.Load(ctx, id)
			return err
		})
		if err == nil {
			err = c.unseal(&r)
		}
		return r, err
	})
	switch {
	case err == nil:
		if c.opts.KeepLast && c.peeker == nil {
			c.last.put(r, time.Now())
		}
		return &r, nil
	case errors.Is(err, store.ErrNotFound):
		c.last.drop(id)
		return nil, nil
	}
	err = c.Report("load", id, err)
	if errors.Is(err, store.ErrDamaged) {
		return nil, nil
	}
	return nil, err
}

// enter lets a request wait for an answer; [limiter.leave] follows. Nobody waits for a call that would not be let
// through.
func (c *Client) enter() error {
	switch {
	case c.reads.breaker.open(time.Now()):
		return errFailing
	case !c.waiting.enter():
		return c.waiting.full()
	}
	return nil
}

// read calls the store at the time now.
func (c *Client) read(
	ctx context.Context, doing string, id store.ID, now time.Time, call func(context.Context) error,
) error {
	return c.answer(doing, id, c.reads.Do(ctx, now, call))
}

// write is read for calls that change something.
func (c *Client) write(
	ctx context.Context, doing string, id store.ID, now time.Time, call func(context.Context) error,
) error {
	c.sweepSoon()
	return c.answer(doing, id, c.writes.Do(ctx, now, call))
}

// answer reports an error that is no answer of the store.
func (c *Client) answer(doing string, id store.ID, err error) error {
	if err == nil || IsAnswer(err) {
		return err
	}
	return c.Report(doing, id, err)
}

// Create calls [store.Store.Create]. If it fails, the store is asked whether the record is there all the same: where
// only the answer was lost, a user whose session was replaced has no ticket any more that is good.
func (c *Client) Create(ctx context.Context, r *store.Record, replaces store.ID) error {
	stored, began := c.sealed(r), time.Now()
	err := c.write(ctx, "create", r.ID, began, func(ctx context.Context) error {
		return c.store.Create(ctx, stored, replaces)
	})
	if err != nil && !IsAnswer(err) && !errors.Is(err, ErrUnavailable) && c.confirm(ctx, r, replaces, began) {
		err = nil
	}
	if err == nil && !replaces.IsZero() {
		c.notice(store.Notice{Kind: store.Replaced, ID: replaces, By: r.ID})
	}
	return err
}

// confirm reports whether a creation that began at that time, and failed, has made the record after all. What can be
// seen may not last, as where too few replicas have it. So both halves are written again: what is acknowledged then
// lasts, and all before it. A store that takes long is not asked.
func (c *Client) confirm(ctx context.Context, r *store.Record, replaces store.ID, began time.Time) bool {
	if time.Since(began) > c.opts.Timeout/2 {
		return false
	}
	stored, err := c.Reload(ctx, &store.Record{ID: r.ID})
	if err != nil || stored == nil || stored.Secret != r.Secret || c.Save(ctx, stored, time.Now()) != nil {
		return false
	}
	if !replaces.IsZero() {
		if _, err := c.Delete(ctx, replaces); err != nil {
			return false
		}
	}
	r.Version = stored.Version // one less than it is now, as after a creation
	return true
}

// Save calls [store.Store.Save]. The time that it may take began at a moment of this machine's clock.
func (c *Client) Save(ctx context.Context, r *store.Record, began time.Time) error {
	stored := c.sealed(r)
	return c.write(ctx, "save", r.ID, began, func(ctx context.Context) error { return c.store.Save(ctx, stored) })
}

// Delete calls [store.Store.Delete].
func (c *Client) Delete(ctx context.Context, id store.ID) (existed bool, err error) {
	err = c.write(ctx, "delete", id, time.Now(), func(ctx context.Context) (err error) {
		existed, err = c.store.Delete(ctx, id)
		return err
	})
	if err == nil {
		c.notice(store.Notice{Kind: store.Deleted, ID: id})
	}
	return existed, err
}

// DeleteUser calls [store.Store.DeleteUser].
func (c *Client) DeleteUser(ctx context.Context, user string, keep []store.ID) (ended []store.ID, err error) {
	doing := fmt.Sprintf("revoke sessions of user %q", user)
	err = c.write(ctx, doing, store.ID{}, time.Now(), func(ctx context.Context) (err error) {
		ended, err = c.store.DeleteUser(ctx, user, keep...)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ended {
		c.notice(store.Notice{Kind: store.Deleted, ID: id})
	}
	if user != "" {
		c.notice(store.Notice{Kind: store.UserDeleted, User: user})
	}
	return ended, nil
}

// List calls [store.Store.List], and knows the cut-offs afterwards. Data that is sealed stays so.
func (c *Client) List(ctx context.Context, q store.Query) (records []store.Record, err error) {
	if err := c.LoadCutoffs(ctx); err != nil {
		return nil, err
	}
	err = c.read(ctx, "list", store.ID{}, time.Now(), func(ctx context.Context) (err error) {
		if records, err = c.store.List(ctx, q); err == nil {
			err = q.Check(records)
		}
		return err
	})
	return records, err
}

// Live calls [store.Store.Live] for the sessions that no cut-off has ended.
func (c *Client) Live(ctx context.Context, user string, limit int) (live []store.Summary, err error) {
	if err := c.LoadCutoffs(ctx); err != nil {
		return nil, err
	}
	err = c.read(ctx, "find the user's sessions", store.ID{}, time.Now(), func(ctx context.Context) (err error) {
		live, err = c.store.Live(ctx, user, c.Cutoff(user), c.Now(), limit)
		return err
	})
	return live, err
}

// countsApart is for how many users with a cut-off of their own Count asks apart, in two calls for each.
const countsApart = 100

// Count returns how many sessions a user has, or how many there are in all, that no cut-off has ended. Of the users
// with one of their own, everybody's count knows the latest countsApart; the sessions of others count until they are
// swept.
func (c *Client) Count(ctx context.Context, user string) (n int, err error) {
	if err := c.LoadCutoffs(ctx); err != nil {
		return 0, err
	}
	after := c.Cutoff(user)
	if n, err = c.countAfter(ctx, user, after); err != nil || user != "" {
		return n, err
	}
	for _, user := range c.cutoffs.latest(countsApart) {
		all, err := c.countAfter(ctx, user, after)
		if err != nil {
			return 0, err
		}
		if all == 0 {
			continue
		}
		good, err := c.countAfter(ctx, user, c.Cutoff(user))
		if err != nil {
			return 0, err
		}
		n -= all - good
	}
	return max(n, 0), nil // they may have ended meanwhile
}

func (c *Client) countAfter(ctx context.Context, user string, after time.Time) (n int, err error) {
	err = c.read(ctx, "count", store.ID{}, time.Now(), func(ctx context.Context) (err error) {
		n, err = c.store.Count(ctx, user, after)
		return err
	})
	return n, err
}

// Ready returns nil if the store tells what a session needs: its record, and the cut-offs. It asks the store each time.
func (c *Client) Ready(ctx context.Context) error {
	err := c.read(ctx, "check", store.ID{}, time.Now(), func(ctx context.Context) error {
		_, err := c.store.Load(ctx, store.NewID())
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return c.LoadCutoffs(ctx)
}

// detached returns a context for work that belongs to no request.
func (c *Client) detached() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), c.opts.Timeout)
}
