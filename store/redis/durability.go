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
	together Together
}

// Fast takes the master's word: a write is as durable as the server's own settings make it, which [Store.Check] tells.
var Fast = Durability{}

// Replicated lets a write count as done only when n replicas have confirmed that they have it, too, in memory (WAIT).
// A write that is not confirmed within the timeout, at least a millisecond, is an error, although it may well last. Let the
// client's own timeout for replies be longer.
//
// It is no consensus. What has been confirmed survives the loss of the master if the replica that takes its place is one
// of those that confirmed. If n is the number of all replicas, that is sure; if n is smaller, a failover that
// finds none of the n alive, or does not ask them, loses it. A master that was cut off loses what it takes alone:
// it is not confirmed, and so was an error. A master that keeps nothing on its disk and is started again before the failover
// is empty, and its replicas follow it: give it an append-only file, or do not let it start by itself.
func Replicated(n int, timeout time.Duration, together Together) Durability {
	return Durability{replicas: max(n, 1), timeout: max(timeout, time.Millisecond), together: together}
}

// write runs a script whose change must last. The counter, in the slot of the keys, is written behind it, so that what is
// waited for is never older than the answer: "there is none" may rest on a removal that is not confirmed yet.
func (s *Store) write(ctx context.Context, counter string, sc *script, keys []string, args ...any) (reply any, err error) {
	if s.durability.replicas == 0 {
		return s.run(ctx, sc, keys, args...)
	}
	err = patiently(ctx, func() error {
		reply, err = s.writeTogether(ctx, counter, sc.command(true, keys, args))
		if diagnose(err) == noScript {
			reply, err = s.writeTogether(ctx, counter, sc.command(false, keys, args))
		}
		return err
	})
	return reply, err
}

func (s *Store) writeTogether(ctx context.Context, counter string, command []any) (any, error) {
	d := s.durability
	if d.together == nil {
		return nil, errNoTogether
	}
	replies, err := d.together(ctx, counter, command, []any{"INCR", counter},
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
			continue // a full server takes no counter, but it takes removals, and their own write is waited for
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
