package redisstore

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// List implements [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) (records []store.Record, err error) {
	from := "+"
	if !q.After.ID.IsZero() || !q.After.CreatedAt.IsZero() {
		from = after(placeOf(order(q.After.CreatedAt.UnixMicro()), q.After.ID))
	}
	if q.User == "" {
		records, err = s.listAll(ctx, from, q.PageLimit())
	} else {
		records, err = s.listUser(ctx, q.User, from, q.PageLimit())
	}
	if err != nil {
		return nil, explain(ctx, "list sessions", err)
	}
	return records, nil
}

// after is where a listing goes on after a place or an entry.
func after(place string) string { return "(" + place }

func (s *Store) listUser(ctx context.Context, user, from string, limit int) (records []store.Record, err error) {
	err = s.eachPage(ctx, user, from, max(limit, 20), func(page []string, now int64) (more bool, err error) {
		all, err := s.fetch(ctx, page)
		if err != nil {
			return false, err
		}
		var orphans []string
		for i, entry := range page {
			f := &all[i]
			switch {
			case f.stored == "" || f.added != (serverTime{}) && entry[placeLen:] != string(f.added[:]):
				if orphaned(entry, now) {
					orphans = append(orphans, entry)
				}
			case f.err == nil && f.record.User == user && len(records) < limit:
				records = append(records, f.record)
			}
		}
		s.dropEntries(ctx, user, orphans)
		return len(records) < limit, nil
	})
	return records, err
}

// A found is the record of a place. stored is empty if there is none.
type found struct {
	stored string
	added  serverTime
	record store.Record
	err    error
}

// fetch loads the records of places or entries.
func (s *Store) fetch(ctx context.Context, places []string) ([]found, error) {
	stored, err := s.stored(places, func(keys []string) (any, error) {
		return s.do(ctx, keys[0], command([]any{"MGET"}, keys)...)
	})
	if err != nil {
		return nil, err
	}
	all := make([]found, len(places))
	for i, value := range stored {
		id, _ := idOf(places[i])
		v, _ := parseValue(value)
		all[i] = found{stored: value, added: v.added}
		all[i].record, all[i].err = record(id, value)
	}
	return all, nil
}

// stored returns what read finds under the keys of the records of places or entries. It reads those of a shard at once.
func (s *Store) stored(places []string, read func(keys []string) (any, error)) ([]string, error) {
	all := make([]string, len(places))
	err := s.eachShard(places, func(group []int, keys []string) error {
		values, err := texts(read(keys))
		if err == nil && len(values) != len(keys) {
			err = errReply
		}
		for n := 0; n < len(keys) && err == nil; n++ {
			all[group[n]] = values[n]
		}
		return err
	})
	return all, err
}

// eachShard calls f for the places of each shard, at most a hundred at a time: with their indexes and the keys of their
// records.
func (s *Store) eachShard(places []string, f func(group []int, keys []string) error) error {
	var of [shards][]int
	for i, place := range places {
		if id, ok := idOf(place); ok {
			of[shardOf(id)] = append(of[shardOf(id)], i)
		}
	}
	var groups [][]int
	for _, indexes := range of {
		groups = slices.AppendSeq(groups, slices.Chunk(indexes, 100))
	}
	return parallel(len(groups), func(g int) error {
		var keys []string
		for _, i := range groups[g] {
			id, _ := idOf(places[i])
			keys = append(keys, s.RecordKey(id))
		}
		return f(groups[g], keys)
	})
}

// readShards asks every shard for places in one of its indexes.
func (s *Store) readShards(ctx context.Context, index, name string, args ...any) (of [shards][]string, err error) {
	err = parallel(shards, func(i int) (err error) {
		key := s.shardKey(i, index)
		of[i], err = texts(s.do(ctx, key, command([]any{name}, []string{key}, args...)...))
		return err
	})
	return of, err
}

// listAll merges the listings of all shards.
func (s *Store) listAll(ctx context.Context, from string, limit int) (records []store.Record, err error) {
	for more := true; more && len(records) < limit; {
		var page []string
		if page, more, err = s.newestPlaces(ctx, from, limit-len(records)); err != nil {
			return nil, err
		}
		all, err := s.fetch(ctx, page)
		if err != nil {
			return nil, err
		}
		for i := range all {
			from = after(page[i])
			if all[i].stored == "" {
				s.forget(ctx, page[i])
			} else if all[i].err == nil {
				records = append(records, all[i].record)
			}
		}
	}
	return records, nil
}

// newestPlaces returns the newest places of all shards, at most limit, and whether there may be more. Each shard is
// asked for twice its share; what is older than the last place of a shard that may have more is left for another time.
func (s *Store) newestPlaces(ctx context.Context, from string, limit int) (places []string, more bool, err error) {
	share := limit*2/shards + 8
	of, err := s.readShards(ctx, "all", "ZREVRANGEBYLEX", from, "-", "LIMIT", 0, share)
	if err != nil {
		return nil, false, err
	}
	complete := "" // down to here nothing is missing
	for _, some := range of {
		places = append(places, some...)
		if len(some) == share {
			complete = max(complete, some[share-1])
		}
	}
	places = slices.DeleteFunc(places, func(place string) bool { return place < complete })
	slices.SortFunc(places, func(a, b string) int { return strings.Compare(b, a) })
	more = complete != "" || len(places) > limit
	return places[:min(len(places), limit)], more, nil
}

// forget removes a place whose record is gone without the store's doing: by its time to live, or by somebody else.
func (s *Store) forget(ctx context.Context, place string) {
	if id, ok := idOf(place); ok {
		_, _ = s.run(ctx, forgetScript, s.recordKeys(id), place)
	}
}

// Live implements [store.Store]. It looks at records newest first, until there are enough.
func (s *Store) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) (live []store.Summary, err error) {
	if user == "" || limit <= 0 {
		return nil, ctx.Err()
	}
	begin := octets(order(after.UnixMicro()) + 1)
	err = s.eachPage(ctx, user, "+", max(limit, 20), func(page []string, _ int64) (more bool, err error) {
		page, more = since(page, begin)
		heads, err := s.stored(page, func(keys []string) (any, error) {
			return s.run(ctx, headsScript, keys, headerLen+store.EndsLen-1)
		})
		for i, head := range heads {
			v, ok := parseValue(head)
			e := store.Encoded{Seen: v.seen - v.created, Body: v.body}
			if ok && page[i][placeLen:] == string(v.added[:]) && e.Ends() > now.UnixMicro() && len(live) < limit {
				id, _ := idOf(page[i])
				live = append(live, store.Summary{ID: id, CreatedAt: micro(v.created), LastSeen: micro(v.seen)})
			}
		}
		return more && len(live) < limit, err
	})
	if err != nil {
		return nil, explain(ctx, "find a user's sessions", err)
	}
	return live, nil
}

// since returns the entries of a page down to one, and whether there may be more on the next page.
func since(page []string, begin string) (newer []string, more bool) {
	if i := slices.IndexFunc(page, func(entry string) bool { return entry < begin }); i >= 0 {
		return page[:i], false
	}
	return page, true
}

// Count implements [store.Store]. A user's records are looked up one by one, because the index may have entries too
// many.
func (s *Store) Count(ctx context.Context, user string, after time.Time) (int, error) {
	var n atomic.Int64
	begin := octets(order(after.UnixMicro()) + 1)
	add := func(name string, keys []string, args ...any) error {
		some, err := integer(s.do(ctx, keys[0], command([]any{name}, keys, args...)...))
		n.Add(some)
		return err
	}
	var err error
	if user == "" {
		err = parallel(shards, func(i int) error {
			return add("ZLEXCOUNT", []string{s.shardKey(i, "all")}, "["+begin, "+")
		})
	} else {
		last := "" // a record that was added twice has two entries, one after the other
		err = s.eachPage(ctx, user, "+", entryPage, func(page []string, _ int64) (more bool, err error) {
			page, more = since(page, begin)
			page = slices.DeleteFunc(page, func(entry string) bool {
				again := len(entry) < placeLen || entry[:placeLen] == last
				if !again {
					last = entry[:placeLen]
				}
				return again
			})
			return more, s.eachShard(page, func(_ []int, keys []string) error { return add("EXISTS", keys) })
		})
	}
	if err != nil {
		return 0, explain(ctx, "count sessions", err)
	}
	return int(n.Load()), nil
}
