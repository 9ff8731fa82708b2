package redisstore

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"coatcheck.dev/store"
)

// Options of a store. The zero value is ready, for a Redis that nobody else uses the prefix of.
type Options struct {
	// Prefix begins every key and the name of every channel. Empty means "coatcheck:". A prefix with a hash tag, "{app}:", puts
	// everything into one slot.
	Prefix string

	// Durability says when a write counts as done: [Fast], which is the zero value, or [Replicated].
	Durability Durability

	// Subscribe lets the store be a [store.Feed]. Without it the feed is lost for good, and says so.
	Subscribe Subscribing

	// AllowEviction lets [Store.Prepare] accept a server that deletes sessions when its memory is full: users are signed
	// out, which is bad, and an eviction of switches lets revoked sessions in again, which is worse.
	AllowEviction bool

	// AllowFewReplicas lets [Store.Prepare] accept a master that has fewer replicas than Durability waits for: every write fails.
	AllowFewReplicas bool
}

// A Store is a [store.Store] and a [store.Feed]. Use New to make one.
type Store struct {
	door       Door
	prefix     string
	durability Durability
	options    Options
	feed       feed
	outbox     outbox
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Feed    = (*Store)(nil)
	_ store.Checker = (*Store)(nil)
)

// New returns a store behind a door. It does nothing yet; see [Store.Check] and [Store.Prepare].
func New(door Door, o Options) *Store {
	s := &Store{door: door, prefix: cmp.Or(o.Prefix, "coatcheck:"), durability: o.Durability, options: o}
	s.feed.init(s)
	return s
}

// Load implements [store.Store]. It is one GETRANGE: of what is not there, GET says nothing in a way of each client's own.
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	key := s.RecordKey(id)
	var stored string
	err := patiently(ctx, func() (err error) {
		stored, err = text(s.door(ctx, key, "GETRANGE", key, 0, -1))
		return err
	})
	switch {
	case diagnose(err) == wrongType:
		return store.Record{}, store.ErrDamaged
	case err != nil:
		return store.Record{}, explain(ctx, "load a session", err)
	case stored == "":
		return store.Record{}, store.ErrNotFound
	}
	return record(id, stored)
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	return explain(ctx, "save a session", s.save(ctx, &r))
}

func (s *Store) save(ctx context.Context, r *store.Record) error {
	shard, ends := shardOf(r.ID), r.Ends().UnixMicro()
	keys := []string{s.RecordKey(r.ID)}
	args := []any{
		octets(r.Version), octets(r.Version + 1), octets(order(r.LastSeen.UnixMicro())), octets(rand.Uint64()), octets(order(ends)),
		string(r.AppendBody(make([]byte, 0, 512))), life(r, time.Now()),
		s.channel(), message(store.Notice{Kind: store.Saved, ID: r.ID, User: r.User, Version: r.Version + 1}),
	}
	for {
		switch code, err := integer(s.write(ctx, s.shardKey(shard, "n"), saveScript, keys, args...)); {
		case err != nil:
			return err
		case code == 0:
			return store.ErrNotFound
		case code == 1:
			return store.ErrConflict
		case code == 2:
			return nil
		case len(keys) > 1:
			return errReply
		}
		keys = append(keys, s.shardKey(shard, "ends")) // the end comes sooner than the index says, which is rare
		args = append(args, ends, placeOf(order(r.CreatedAt.UnixMicro()), r.ID))
	}
}

// touchSlice is how many touches are one step at most.
const touchSlice = 200

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	if err := ctx.Err(); err != nil {
		return explain(ctx, "touch sessions", err)
	}
	type slice struct {
		shard int
		keys  []string
		args  []any
	}
	var open [shards]*slice
	var slices []*slice
	for _, t := range seen {
		i := shardOf(t.ID)
		if open[i] == nil || len(open[i].keys) == touchSlice {
			open[i] = &slice{shard: i}
			slices = append(slices, open[i])
		}
		open[i].keys = append(open[i].keys, s.RecordKey(t.ID))
		open[i].args = append(open[i].args, octets(order(t.At.UnixMicro())))
	}
	return explain(ctx, "touch sessions", each(len(slices), func(i int) error {
		t := slices[i]
		_, err := s.write(ctx, s.shardKey(t.shard, "n"), touchScript, t.keys, t.args...)
		return err
	}))
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, explain(ctx, "delete a session", err)
	}
	n := store.Notice{Kind: store.Deleted, ID: id}
	found, err := s.remove(ctx, id, "", n)
	if err != nil {
		s.outbox.add(revoke{id: id}, func(ctx context.Context) error {
			_, err := s.remove(ctx, id, "", n)
			return err
		})
		return false, explain(ctx, "delete a session", err)
	}
	return found, nil
}

var errChanged = errors.New("the record has changed")

// remove deletes a record if what is stored begins, after its state, with expected, and takes it out of its user's index.
func (s *Store) remove(ctx context.Context, id store.ID, expected string, n store.Notice) (found bool, err error) {
	old, found, err := s.removeRecord(ctx, id, expected, n)
	if err != nil || !found {
		return found, err
	}
	s.unlist(ctx, id, old)
	return true, nil
}

// removeRecord is remove without the index of users; it returns what was stored, cut behind the name of the user.
func (s *Store) removeRecord(ctx context.Context, id store.ID, expected string, n store.Notice) (old string, found bool, err error) {
	shard := shardOf(id)
	keys := []string{s.RecordKey(id), s.shardKey(shard, "all"), s.shardKey(shard, "ends")}
	if n.Kind == store.Replaced {
		keys = append(keys, s.shardKey(shard, "by:"+id.String()))
	}
	reply, err := array(s.write(ctx, s.shardKey(shard, "n"), deleteScript, keys, expected, string(id[:]), s.channel(), message(n), string(n.By[:])))
	if err != nil {
		return "", false, err
	}
	if len(reply) != 2 {
		return "", false, errReply
	}
	code, err := integer(reply[0], nil)
	if err != nil {
		return "", false, err
	}
	if code == 1 {
		return "", false, errChanged
	}
	old, err = text(reply[1], nil)
	return old, code == 2, err
}

// unlist takes a deleted record out of its user's index. If that fails, listings will do it.
func (s *Store) unlist(ctx context.Context, id store.ID, old string) {
	v, ok := parseValue(old)
	if !ok || v.added == (moment{}) {
		return
	}
	encoded := store.Encoded{Body: v.body}
	key := s.userKey(encoded.User())
	_, _ = s.door(ctx, key, "ZREM", key, placeOf(order(v.created), id)+string(v.added[:]))
}
