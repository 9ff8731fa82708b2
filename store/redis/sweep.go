package redisstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// Sweep implements [store.Store]. The index of ends has, for each record, a time before which it is not over. Once that
// has passed, the record is deleted or gets a later time.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (swept int, err error) {
	for swept < limit {
		places, err := s.due(ctx, now, limit-swept)
		var n int
		if err == nil {
			n, err = s.sweepDue(ctx, now, places)
		}
		swept += n
		if err != nil {
			return swept, explain(ctx, "sweep sessions", err)
		}
		if len(places) == 0 {
			break
		}
	}
	return swept, nil
}

// sweepSlice is how many records are looked at in one go.
const sweepSlice = 500

// due returns places of records that may be over at the time now, at most limit. Each shard is asked for a little more
// than its share; the caller asks again until no shard has any.
func (s *Store) due(ctx context.Context, now time.Time, limit int) (places []string, err error) {
	limit = min(limit, sweepSlice)
	share := min(limit, limit/shards+8)
	of, err := s.readShards(ctx, "ends", "ZRANGEBYSCORE", "-inf", now.UnixMicro(), "LIMIT", 0, share)
	if err != nil {
		return nil, err
	}
	for i := range of {
		places = append(places, of[i]...)
	}
	return places[:min(len(places), limit)], nil
}

// sweepDue deletes the records that are over, corrects the index for the others, and returns how many it deleted.
func (s *Store) sweepDue(ctx context.Context, now time.Time, places []string) (int, error) {
	all, err := s.fetch(ctx, places)
	if err != nil {
		return 0, err
	}
	var swept atomic.Int64
	err = parallel(len(all), func(i int) error {
		f := &all[i]
		id, ok := idOf(places[i])
		switch {
		case !ok || f.stored == "":
			s.forget(ctx, places[i])
			return ctx.Err()
		case f.err == nil && !f.record.Over(now):
			return s.postpone(ctx, f, places[i])
		}
		found, err := s.removeUnchanged(ctx, id, f.stored)
		if found {
			swept.Add(1)
		}
		return err
	})
	return int(swept.Load()), err
}

// removeUnchanged sweeps a record unless it has changed or was seen in the meantime; the next sweep decides about that.
// A damaged record goes at its time in the index.
func (s *Store) removeUnchanged(ctx context.Context, id store.ID, stored string) (found bool, err error) {
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
