package webhook

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	maxBatch   = 1000 // messages in one transaction
	retryDisk  = time.Second
	flushTries = 3 // at the end of the program

	forgetEvery = 6 // beats
)

// write brings messages to the disk until ctx ends, and what is left then.
func (o *Outbox) write(ctx context.Context) {
	defer close(o.stopped)
	beat := time.NewTicker(o.opts.Beat)
	defer beat.Stop()
	var again <-chan time.Time // after the disk has refused
	for beats := 0; ; {
		select {
		case <-o.wake:
			if again != nil {
				continue // the disk gets a moment
			}
		case <-again:
		case <-beat.C:
			o.tend(ctx)
			if beats++; beats%forgetEvery == 1 {
				o.forget(ctx)
			}
			continue
		case <-ctx.Done():
			o.flush()
			return
		}
		again = nil
		if !o.drain(ctx) {
			again = time.After(retryDisk)
		}
	}
}

// flush is the last chance of what is in memory.
func (o *Outbox) flush() {
	for range flushTries {
		if o.drain(context.Background()) {
			return
		}
	}
}

// drain writes all that is in memory, and reports whether the disk took it.
func (o *Outbox) drain(ctx context.Context) bool {
	for {
		batch, lost := o.take()
		if len(batch) == 0 {
			return true
		}
		err := o.db.append(ctx, batch, o.everyone(), time.Now())
		o.written(len(batch), lost, err)
		if err != nil {
			return false
		}
		for _, c := range o.everyone() {
			poke(c.wake)
		}
	}
}

// take returns what is to be written next. It stays in memory until it is.
func (o *Outbox) take() (batch []notification, lost int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lost.count > 0 && len(o.memory) < o.opts.MaxMemory {
		o.memory = append(o.memory, gap(o.lost.since, time.Now(), o.lost.count, "the disk took nothing"))
		o.lost.count = 0
	}
	return slices.Clone(o.memory[:min(len(o.memory), maxBatch)]), o.lost.count
}

// written lets go of what is on the disk, or says once that nothing gets there.
func (o *Outbox) written(n, lost int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && o.failed.IsZero():
		o.failed = time.Now()
		o.log.Error("the outbox cannot be written; events wait in memory", "waiting", len(o.memory), "error", err)
	case err == nil && !o.failed.IsZero():
		o.log.Warn("the outbox is written again", "after", time.Since(o.failed).Round(time.Second), "lost", lost)
		o.failed = time.Time{}
	}
	if err == nil {
		o.memory = append(o.memory[:0:0], o.memory[n:]...)
		if len(o.memory) == 0 {
			o.memory = nil
		}
	}
}

// tend notes that the program runs, bounds what waits, and does what the command line asks for.
func (o *Outbox) tend(ctx context.Context) {
	now := time.Now()
	err := o.db.alive(ctx, now)
	for _, c := range o.everyone() {
		err = errors.Join(err, o.bound(ctx, c, now))
	}
	if err != nil && ctx.Err() == nil {
		o.log.Warn("the outbox cannot be tended", "error", err)
	}
	o.obey(ctx)
}

// forget deletes what is too old.
func (o *Outbox) forget(ctx context.Context) {
	var names []string
	for _, c := range o.everyone() {
		names = append(names, c.receiver.Name)
	}
	now := time.Now()
	dead, gone, err := o.db.expire(ctx, names, now.Add(-o.opts.KeepDead), now.Add(-o.opts.Keep))
	if err == nil {
		err = o.db.forget(ctx, now.Add(-o.opts.Keep), o.opts.MaxWaiting)
	}
	if err != nil && ctx.Err() == nil {
		o.log.Warn("old messages cannot be deleted", "error", err)
	}
	if dead > 0 {
		o.log.Warn("dead messages are too old and were dropped", "messages", dead)
	}
	if gone > 0 {
		o.log.Warn("messages waited for receivers that are no longer in the configuration, and were dropped",
			"messages", gone)
	}
}

// bound drops the oldest messages of a receiver for whom too many wait, and tells it so.
func (o *Outbox) bound(ctx context.Context, c *courier, now time.Time) error {
	dropped, since, err := o.db.bound(ctx, c.receiver.Name, o.opts.MaxWaiting, now)
	if err != nil || dropped == 0 {
		return err
	}
	o.log.Error("too many messages wait for a receiver, and the oldest were dropped", "receiver", c.receiver.Name,
		"dropped", dropped, "since", since)
	m := gap(since, now, dropped, "too many messages waited for this receiver")
	return o.db.append(ctx, []notification{m}, []*courier{c}, now)
}
