package redisstore

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// Options of a store. The zero value is ready, for a Redis in which nobody else uses the prefix.
type Options struct {
	// Prefix begins every key and the name of every channel. Empty means "coatcheck:". A prefix with a hash tag, such
	// as "{app}:", puts everything into one slot.
	Prefix string

	// Durability says when a write counts as done: [Fast], which is the zero value, or [Replicated].
	Durability Durability

	// Subscribe makes the store a [store.Feed]. Without it the feed is lost for good, and says so.
	Subscribe Subscribe

	// Redial closes all connections of the client, so that the next command is sent over a new one. The store calls it
	// when a server says that it is no writer (any more): the address may lead to another one by now. A client that
	// follows Sentinels or a Cluster by itself needs no Redial. Without it, a client of one address may be refused
	// every write until its connections end for another reason.
	Redial func()

	// AllowEviction lets [Store.Prepare] accept a server that deletes sessions when its memory is full. That signs
	// users out. If cutoffs are evicted, revoked sessions are accepted again, which is worse.
	AllowEviction bool

	// AllowFewReplicas lets [Store.Prepare] accept a master with fewer replicas than Durability waits for: every write
	// fails.
	AllowFewReplicas bool
}

// A Store is a [store.Store], a [store.Feed] and a [store.Checker]. Use New to make one.
type Store struct {
	doer       Doer // as given
	send       Doer // the same, but only to a writer
	replicate  Doer // writePipeline, but only to a writer
	prefix     string
	durability Durability
	options    Options
	feed       *store.FeedState
	outbox     outbox
	demoted    atomic.Bool  // a server has said that it is no writer, and none has shown that it is since
	redialed   atomic.Int64 // when, in nanoseconds since 1970
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Feed    = (*Store)(nil)
	_ store.Checker = (*Store)(nil)
)

// New returns a store that sends its commands with a Doer. It sends none yet; see [Store.Check] and [Store.Prepare]. It
// panics without a Doer.
func New(doer Doer, o Options) *Store {
	if doer == nil {
		panic(errors.New("redisstore: New needs a Doer: the function that sends a command with your client"))
	}
	s := &Store{doer: doer, prefix: cmp.Or(o.Prefix, "coatcheck:"), durability: o.Durability, options: o}
	s.send, s.replicate = s.guard(doer), s.guard(s.writePipeline)
	s.feed = store.NewFeedState(s.listen)
	return s
}

// Load implements [store.Store]. It sends one GETRANGE, because clients differ in how GET says that there is nothing.
// What seems to be missing is asked for once more, of a writer: a replica may not have it yet, and nobody is to be
// signed out because of that.
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	key := s.RecordKey(id)
	stored, err := text(s.do(ctx, key, "GETRANGE", key, 0, -1))
	switch {
	case diagnose(err) == wrongType:
		return store.Record{}, store.ErrDamaged
	case err != nil:
		return store.Record{}, explain(ctx, "load a session", err)
	case stored == "":
		stored, err = text(s.run(ctx, findScript, []string{s.besideKey(key, "beat"), key}))
	}
	switch {
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
	ends := r.Ends().UnixMicro()
	keys := []string{s.RecordKey(r.ID)}
	args := []any{
		octets(r.Version), octets(r.Version + 1), octets(order(r.LastSeen.UnixMicro())),
		octets(rand.Uint64()), octets(order(ends)), string(r.AppendBody(make([]byte, 0, 512))), life(r, time.Now()),
		s.channel(), message(store.Notice{Kind: store.Saved, ID: r.ID, User: r.User, Version: r.Version + 1}),
	}
	for {
		switch code, err := integer(s.write(ctx, saveScript, keys, args...)); {
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
		keys = append(keys, s.shardKey(shardOf(r.ID), "ends")) // it ends sooner than the index says, which is rare
		args = append(args, ends, placeOf(order(r.CreatedAt.UnixMicro()), r.ID))
	}
}

// touchSlice is how many touches one step makes at most.
const touchSlice = 200

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	type slice struct {
		keys []string
		args []any
	}
	var open [shards]*slice
	var slices []*slice
	for _, t := range seen {
		i := shardOf(t.ID)
		if open[i] == nil || len(open[i].keys) == touchSlice {
			open[i] = &slice{}
			slices = append(slices, open[i])
		}
		open[i].keys = append(open[i].keys, s.RecordKey(t.ID))
		open[i].args = append(open[i].args, octets(order(t.At.UnixMicro())))
	}
	return explain(ctx, "touch sessions", parallel(len(slices), func(i int) error {
		_, err := s.write(ctx, touchScript, slices[i].keys, slices[i].args...)
		return err
	}))
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	var found atomic.Bool
	err := s.revoke(ctx, revocation{id: id}, func(ctx context.Context) error {
		there, err := s.remove(ctx, id, "", store.Notice{Kind: store.Deleted, ID: id})
		found.Store(there)
		return err
	})
	return err == nil && found.Load(), explain(ctx, "delete a session", err)
}

var errChanged = errors.New("the record has changed")

// remove deletes a record, also from its user's index, if its stored value begins, after its state, with expected.
func (s *Store) remove(ctx context.Context, id store.ID, expected string, n store.Notice) (found bool, err error) {
	old, found, err := s.removeRecord(ctx, id, expected, n)
	if err != nil || !found {
		return found, err
	}
	s.unlist(ctx, id, old)
	return true, nil
}

// removeRecord is remove without the index of users. It returns what was stored, cut behind the name of the user.
func (s *Store) removeRecord(ctx context.Context, id store.ID, expected string, n store.Notice) (string, bool, error) {
	keys := s.recordKeys(id)
	if n.Kind == store.Replaced {
		keys = append(keys, s.shardKey(shardOf(id), "by:"+id.String()))
	}
	reply, err := array(s.write(ctx, deleteScript, keys,
		expected, string(id[:]), s.channel(), message(n), string(n.By[:])))
	if err == nil && len(reply) != 2 {
		err = errReply
	}
	if err != nil {
		return "", false, err
	}
	code, err := integer(reply[0], nil)
	if err == nil && code == 1 {
		err = errChanged
	}
	if err != nil {
		return "", false, err
	}
	old, err := text(reply[1], nil)
	return old, code == 2, err
}

// unlist takes a deleted record out of its user's index. If that fails, listings will do it.
func (s *Store) unlist(ctx context.Context, id store.ID, old string) {
	v, ok := parseValue(old)
	if !ok || v.added == (serverTime{}) {
		return
	}
	encoded := store.Encoded{Body: v.body}
	s.dropEntries(ctx, encoded.User(), []string{placeOf(order(v.created), id) + string(v.added[:])})
}
