package redisstore

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// List implements [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	from := "+"
	if !q.After.ID.IsZero() || !q.After.CreatedAt.IsZero() {
		from = "(" + placeOf(order(q.After.CreatedAt.UnixMicro()), q.After.ID)
	}
	var records []store.Record
	var err error
	if q.User == "" {
		records, err = s.listAll(ctx, from, q.PageLimit())
	} else {
		records, err = s.listUser(ctx, q.User, from, q.PageLimit())
	}
	return records, explain(ctx, "list sessions", err)
}

func (s *Store) listUser(ctx context.Context, user, from string, limit int) (records []store.Record, err error) {
	for len(records) < limit {
		want := max(limit-len(records), 20)
		page, now, err := s.entries(ctx, user, from, want)
		if err != nil {
			return nil, err
		}
		found, err := s.fetch(ctx, page)
		if err != nil {
			return nil, err
		}
		var orphans []string
		for i, entry := range page {
			r, v := &found[i].record, &found[i].value
			switch {
			case found[i].stored == "" || v.added != (moment{}) && entry[placeLen:] != string(v.added[:]):
				if orphaned(entry, now) {
					orphans = append(orphans, entry)
				}
			case found[i].err == nil && r.User == user && len(records) < limit:
				records = append(records, *r)
			}
		}
		s.strike(ctx, user, orphans)
		if len(page) < want {
			break
		}
		from = "(" + page[len(page)-1]
	}
	return records, nil
}

// A found is what there is of the record of a place. stored is empty if there is none.
type found struct {
	stored string
	value  value
	record store.Record
	err    error
}

// fetch loads the records of places or entries.
func (s *Store) fetch(ctx context.Context, places []string) ([]found, error) {
	all := make([]found, len(places))
	stored, err := s.stored(ctx, places, s.values)
	for i, value := range stored {
		id, _ := idOf(places[i])
		all[i].stored = value
		all[i].value, _ = parseValue(value)
		all[i].record, all[i].err = record(id, value)
	}
	return all, err
}

// values returns the records of a shard.
func (s *Store) values(ctx context.Context, keys []string) (values []string, err error) {
	command := []any{"MGET"}
	for _, key := range keys {
		command = append(command, key)
	}
	err = patiently(ctx, func() (err error) {
		values, err = texts(s.door(ctx, keys[0], command...))
		return err
	})
	return values, err
}

// stored returns what there is of the records of places or entries, those of a shard with one command.
func (s *Store) stored(
	ctx context.Context, places []string, read func(ctx context.Context, keys []string) ([]string, error),
) ([]string, error) {
	all := make([]string, len(places))
	groups := byShard(places)
	err := each(len(groups), func(g int) error {
		keys := make([]string, len(groups[g]))
		for n, i := range groups[g] {
			id, _ := idOf(places[i])
			keys[n] = s.RecordKey(id)
		}
		values, err := read(ctx, keys)
		if err == nil && len(values) != len(keys) {
			err = errReply
		}
		for n := 0; n < len(keys) && err == nil; n++ {
			all[groups[g][n]] = values[n]
		}
		return err
	})
	return all, err
}

// byShard returns the indexes of places, shard by shard, a bounded number in each group.
func byShard(places []string) (groups [][]int) {
	const most = 100
	var of [shards][]int
	for i, place := range places {
		if id, ok := idOf(place); ok {
			of[shardOf(id)] = append(of[shardOf(id)], i)
		}
	}
	for _, indexes := range of {
		groups = slices.AppendSeq(groups, slices.Chunk(indexes, most))
	}
	return groups
}

// A shelf is what has been read of the places of one shard: the newest ones, and whether there are more.
type shelf struct {
	places []string
	more   bool
}

// listAll merges the listings of all shards.
func (s *Store) listAll(ctx context.Context, from string, limit int) (records []store.Record, err error) {
	var shelves [shards]shelf
	first := limit*2/shards + 8
	err = each(shards, func(i int) (err error) {
		shelves[i], err = s.readShelf(ctx, i, from, first)
		return err
	})
	for err == nil && len(records) < limit {
		var page []string
		if page, err = s.takePage(ctx, &shelves, limit-len(records)); err != nil || len(page) == 0 {
			break
		}
		var all []found
		if all, err = s.fetch(ctx, page); err != nil {
			break
		}
		for i := range all {
			if all[i].stored == "" {
				s.forget(ctx, page[i])
			} else if all[i].err == nil {
				records = append(records, all[i].record)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return records, nil
}

// takePage takes the newest places off the shelves, and refills those that run out.
func (s *Store) takePage(ctx context.Context, shelves *[shards]shelf, limit int) (page []string, err error) {
	for len(page) < limit {
		newest := -1
		for i := range shelves {
			if len(shelves[i].places) > 0 && (newest < 0 || shelves[i].places[0] > shelves[newest].places[0]) {
				newest = i
			}
		}
		if newest < 0 {
			break
		}
		f := &shelves[newest]
		place := f.places[0]
		page = append(page, place)
		if f.places = f.places[1:]; len(f.places) == 0 && f.more {
			if *f, err = s.readShelf(ctx, newest, "("+place, 100); err != nil {
				return nil, err
			}
		}
	}
	return page, nil
}

func (s *Store) readShelf(ctx context.Context, shard int, from string, limit int) (f shelf, err error) {
	key := s.shardKey(shard, "all")
	err = patiently(ctx, func() (err error) {
		f.places, err = texts(s.door(ctx, key, "ZREVRANGEBYLEX", key, from, "-", "LIMIT", 0, limit))
		return err
	})
	f.more = len(f.places) == limit
	return f, err
}

// forget removes a place whose record went without its doing: by its time to live, or by a stranger.
func (s *Store) forget(ctx context.Context, place string) {
	if id, ok := idOf(place); ok {
		shard := shardOf(id)
		keys := []string{s.RecordKey(id), s.shardKey(shard, "all"), s.shardKey(shard, "ends")}
		_, _ = s.run(ctx, forgetScript, keys, place)
	}
}

// Live implements [store.Store]. Records are looked at newest first, until there are enough.
func (s *Store) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) (live []store.Summary, err error) {
	begin := octets(order(after.UnixMicro()) + 1)
	for from, more := "+", user != ""; more && len(live) < limit; {
		want := max(limit-len(live), 20)
		page, _, err := s.entries(ctx, user, from, want)
		if err != nil {
			return nil, explain(ctx, "find a user's sessions", err)
		}
		if more = len(page) == want; more {
			from = "(" + page[len(page)-1]
		}
		if i := slices.IndexFunc(page, func(entry string) bool { return entry < begin }); i >= 0 {
			page, more = page[:i], false
		}
		heads, err := s.stored(ctx, page, s.heads)
		if err != nil {
			return nil, explain(ctx, "find a user's sessions", err)
		}
		for i, entry := range page {
			v, ok := parseValue(heads[i])
			e := store.Encoded{Seen: v.seen - v.created, Body: v.body}
			if ok && entry[placeLen:] == string(v.added[:]) && e.Ends() > now.UnixMicro() && len(live) < limit {
				id, _ := idOf(entry)
				live = append(live, store.Summary{ID: id, CreatedAt: micro(v.created), LastSeen: micro(v.seen)})
			}
		}
	}
	return live, ctx.Err()
}

// heads returns of the records of a shard as much as tells when they are over.
func (s *Store) heads(ctx context.Context, keys []string) ([]string, error) {
	return texts(s.run(ctx, headsScript, keys, headerLen+store.EndsLen-1))
}

// Count implements [store.Store]. A user's records are looked for one by one, for the index may have entries too many.
func (s *Store) Count(ctx context.Context, user string) (int, error) {
	var n atomic.Int64
	add := func(key string, command ...any) error {
		return patiently(ctx, func() error {
			some, err := integer(s.door(ctx, key, command...))
			n.Add(some)
			return err
		})
	}
	var err error
	if user == "" {
		err = each(shards, func(i int) error { return add(s.shardKey(i, "all"), "ZCARD", s.shardKey(i, "all")) })
	} else {
		err = s.countUser(ctx, user, add)
	}
	if err != nil {
		return 0, explain(ctx, "count sessions", err)
	}
	return int(n.Load()), nil
}

func (s *Store) countUser(ctx context.Context, user string, add func(key string, command ...any) error) error {
	last := ""
	return s.allEntries(ctx, user, func(page []string, _ int64) error {
		page = slices.DeleteFunc(page, func(entry string) bool { // a record that was added twice has two entries, side by side
			again := len(entry) < placeLen || entry[:placeLen] == last
			if !again {
				last = entry[:placeLen]
			}
			return again
		})
		groups := byShard(page)
		return each(len(groups), func(g int) error {
			command := []any{"EXISTS"}
			for _, i := range groups[g] {
				id, _ := idOf(page[i])
				command = append(command, s.RecordKey(id))
			}
			return add(command[1].(string), command...)
		})
	})
}
