package redisstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// Sweep implements [store.Store]. The index of ends has for each record a time before which it is not over; those of
// which that has come are looked at, and go, or get a later time.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, explain(ctx, "sweep sessions", err)
	}
	swept := 0
	for swept < limit {
		places, err := s.due(ctx, now, limit-swept)
		if err != nil {
			return swept, explain(ctx, "sweep sessions", err)
		}
		if len(places) == 0 {
			break
		}
		n, err := s.settle(ctx, now, places)
		swept += n
		if err != nil {
			return swept, explain(ctx, "sweep sessions", err)
		}
	}
	return swept, nil
}

// sweepSlice is how many records are looked at in one go.
const sweepSlice = 500

// due returns places of records that may be over at the time now, at most limit.
func (s *Store) due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	limit = min(limit, sweepSlice)
	var of [shards][]string
	err := each(shards, func(i int) error {
		key := s.shardKey(i, "ends")
		return patiently(ctx, func() (err error) {
			of[i], err = texts(s.door(ctx, key, "ZRANGEBYSCORE", key, "-inf", now.UnixMicro(), "LIMIT", 0, limit))
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	var places []string
	for i := range of {
		places = append(places, of[i]...)
	}
	return places[:min(len(places), limit)], nil
}

// settle deletes those records that are over, corrects the index for the others, and returns how many it deleted.
func (s *Store) settle(ctx context.Context, now time.Time, places []string) (int, error) {
	all, err := s.fetch(ctx, places)
	if err != nil {
		return 0, err
	}
	var swept atomic.Int64
	err = each(len(all), func(i int) error {
		f := &all[i]
		id, ok := idOf(places[i])
		switch {
		case !ok || f.stored == "":
			s.forget(ctx, places[i])
			return ctx.Err()
		case f.err == nil && !f.record.Over(now):
			return s.postpone(ctx, f, places[i])
		}
		found, err := s.removeAsItWas(ctx, id, f.stored)
		if found {
			swept.Add(1)
		}
		return err
	})
	return int(swept.Load()), err
}

// removeAsItWas sweeps a record unless it has changed or was seen since it was looked at; then the next look is for that.
// What cannot be read goes when its time in the index has come.
func (s *Store) removeAsItWas(ctx context.Context, id store.ID, stored string) (found bool, err error) {
	expected := ""
	if len(stored) >= headerLen {
		expected = stored[1:17]
	}
	found, err = s.remove(ctx, id, expected, store.Notice{Kind: store.Swept, ID: id})
	if errors.Is(err, errChanged) {
		err = nil
	}
	return found, err
}

func (s *Store) postpone(ctx context.Context, f *found, place string) error {
	shard, ends := shardOf(f.record.ID), f.record.Ends().UnixMicro()
	_, err := s.run(ctx, laterScript, []string{s.RecordKey(f.record.ID), s.shardKey(shard, "ends")},
		f.stored[1:17], ends, place, octets(order(ends)))
	return err
}
