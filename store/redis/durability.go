package redisstore

import (
	"context"
	"fmt"
	"time"
)

// Durability says when a write counts as done. The zero value is [Fast].
type Durability struct {
	replicas int
	timeout  time.Duration
	pipeline Pipeline
}

// Fast trusts the master: a write is as durable as the server's own settings make it. [Store.Check] tells how durable.
var Fast = Durability{}

// Replicated lets a write count as done only when n replicas have confirmed that they have it in memory, too (WAIT). A
// write that is not confirmed within the timeout, at least a millisecond, is an error, although it may well last. The
// client's own timeout for replies must be longer.
//
// This is no consensus. A confirmed write survives the loss of the master if one of the confirming replicas takes its
// place. That is certain if n is the number of all replicas. If n is smaller, a failover to another replica loses the
// write. A master that was cut off loses what it alone has accepted, but nothing of that was confirmed. A master
// without anything on disk that restarts before the failover is empty, and its replicas follow it: give it an
// append-only file, or keep it from restarting by itself.
func Replicated(n int, timeout time.Duration, pipeline Pipeline) Durability {
	return Durability{replicas: max(n, 1), timeout: max(timeout, time.Millisecond), pipeline: pipeline}
}

// write runs a script whose change must last.
func (s *Store) write(ctx context.Context, sc *script, keys []string, args ...any) (any, error) {
	if s.durability.replicas == 0 {
		return s.run(ctx, sc, keys, args...)
	}
	return s.runWith(ctx, s.replicate, sc, keys, args)
}

// writePipeline writes a counter, in the slot of the keys, behind the change. So what is waited for is never older than
// the answer: "there is none" may rest on a removal that is not confirmed yet.
func (s *Store) writePipeline(ctx context.Context, key string, command ...any) (any, error) {
	d, counter := s.durability, s.besideKey(key, "n")
	if d.pipeline == nil {
		return nil, errNoPipeline
	}
	replies, err := d.pipeline(ctx, counter, command, []any{"INCR", counter},
		[]any{"WAIT", d.replicas, d.timeout.Milliseconds()})
	if err != nil {
		return nil, err
	}
	if len(replies) != 3 {
		return nil, fmt.Errorf("%w: %d replies to 3 commands", errReply, len(replies))
	}
	for i, reply := range replies {
		err, failed := reply.(error)
		if i == 1 && diagnose(err) == full {
			continue // a full server accepts no counter but accepts removals, whose own write is waited for
		}
		if failed {
			return nil, err
		}
	}
	n, err := integer(replies[2], nil)
	if err == nil && n < int64(d.replicas) {
		err = fmt.Errorf("%w (%d of %d)", errUnconfirmed, n, d.replicas)
	}
	return replies[0], err
}
