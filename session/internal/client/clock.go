package client

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A clock tells the store's time, as far as the feed tells it.
type clock struct {
	store.Clock
	silent atomic.Bool // a feed that can break has told nothing yet
	heard  chan struct{}
	first  sync.Once
	began  time.Time
	said   atomic.Int64 // when it was said last that something is wrong, in nanoseconds after began; 0 for never
}

const (
	// clockTimeout is how long after New a request waits for the store's time. Nobody is to be refused by the clock of
	// a machine that has not been told yet that it is wrong.
	clockTimeout = time.Second

	clockSaid = time.Minute // between two events that say that something is wrong
)

// hear takes a Lost or a Beat.
func (k *clock) hear(n store.Notice) {
	k.Hear(n)
	if n.Kind == store.Beat || !n.Server.IsZero() {
		k.first.Do(func() { close(k.heard) })
		k.silent.Store(false)
		return
	}
	select {
	case <-k.heard:
	default:
		k.silent.Store(true)
	}
}

// Now returns the time by which the times of records are compared on all nodes.
func (c *Client) Now() time.Time { return c.Time(time.Now()) }

// Time is Now for a moment at which [time.Now] has returned local.
func (c *Client) Time(local time.Time) time.Time {
	if c.clock.silent.Load() {
		c.clock.await()
	}
	return c.clock.Time(local)
}

func (k *clock) await() {
	left := clockTimeout - time.Since(k.began)
	if left <= 0 {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-k.heard:
	case <-timer.C:
	}
}

// KnowsTime reports whether Now can be relied on.
func (c *Client) KnowsTime() bool { return !c.clock.silent.Load() && !c.clock.Doubted(time.Now()) }

// Steady reports whether this node may do by the time what cannot be undone, and says loudly why not. A node whose
// clock is far off knows the time, but something is wrong with it.
func (c *Client) Steady() bool {
	local := time.Now()
	err := c.clock.Check(local)
	if c.clock.silent.Load() {
		err = errSilent
	}
	if err != nil {
		c.clock.say(c, local, err)
	}
	return err == nil
}

var errSilent = errors.New("store: the feed has not told the time yet")

func (k *clock) say(c *Client, local time.Time, err error) {
	last, now := k.said.Load(), int64(max(1, local.Sub(k.began)))
	switch {
	case last != 0 && now-last < int64(clockSaid), !k.said.CompareAndSwap(last, now):
	case c.opts.Events == nil:
		slog.Default().Warn(string(event.ClockOff), "error", err)
	default:
		c.opts.Events.Send(event.Event{Kind: event.ClockOff, Err: err})
	}
}
