package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A broken store is a good one of which some methods were replaced.
type broken struct {
	*memory.Store
	mu      sync.Mutex
	damaged map[store.ID]bool
	demoted atomic.Bool
	fault   fault
}

var errDemoted = errors.New("this server takes no writes")

// A liveCall has the arguments of Live.
type liveCall struct {
	user       string
	after, now time.Time
	limit      int
}

// A fault replaces methods. What is nil stays as it is.
type fault struct {
	load       func(b *broken, ctx context.Context, id store.ID) (store.Record, error)
	create     func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error
	save       func(b *broken, ctx context.Context, r store.Record) error
	touch      func(b *broken, ctx context.Context, seen []store.Seen) error
	delete     func(b *broken, ctx context.Context, id store.ID) (bool, error)
	deleteUser func(b *broken, ctx context.Context, user string, keep []store.ID) ([]store.ID, error)
	list       func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error)
	live       func(b *broken, ctx context.Context, l liveCall) ([]store.Summary, error)
	count      func(b *broken, ctx context.Context, user string, after time.Time) (int, error)
	sweep      func(b *broken, ctx context.Context, now time.Time, limit int) (int, error)
	subscribe  func(b *broken, tell func(store.Notice)) func()
	peek       func(b *broken, id store.ID) (store.Encoded, bool)
	recall     func(b *broken, id store.ID) (store.Encoded, bool)
	invalidate func(b *broken, id store.ID)
	set        func(b *broken, ctx context.Context, user string, at time.Time) error
	notBefore  func(b *broken, ctx context.Context) (map[string]time.Time, error)
	reopen     func(b *broken)
	createMany func(b *broken, ctx context.Context, all []store.Record) ([]store.ID, error)
	scan       func(b *broken, ctx context.Context, after store.ID, limit int) ([]store.Record, bool, error)
}

func newBroken(f fault) *broken {
	return &broken{Store: memory.New(), damaged: make(map[store.ID]bool), fault: f}
}

func (b *broken) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if b.fault.load != nil {
		return b.fault.load(b, ctx, id)
	}
	if b.isDamaged(id) {
		return store.Record{}, store.ErrDamaged
	}
	if b.demoted.Load() {
		return store.Record{}, errDemoted
	}
	return b.Store.Load(ctx, id)
}

func (b *broken) isDamaged(id store.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.damaged[id]
}

func (b *broken) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if b.fault.create != nil {
		return b.fault.create(b, ctx, r, replaces)
	}
	return b.Store.Create(ctx, r, replaces)
}

func (b *broken) CreateMany(ctx context.Context, all []store.Record) (taken []store.ID, err error) {
	if b.fault.createMany != nil {
		return b.fault.createMany(b, ctx, all)
	}
	for _, r := range all {
		switch err := b.Create(ctx, r, store.ID{}); {
		case errors.Is(err, store.ErrExists):
			taken = append(taken, r.ID)
		case err != nil:
			return nil, err
		}
	}
	return taken, nil
}

func (b *broken) Scan(ctx context.Context, after store.ID, limit int) (all []store.Record, done bool, err error) {
	if b.fault.scan != nil {
		return b.fault.scan(b, ctx, after, limit)
	}
	all, err = b.behind(ctx, after)
	if err != nil || len(all) < limit {
		return all, true, err
	}
	return all[:limit], false, nil
}

// behind returns all records after an ID, in the order of their IDs.
func (b *broken) behind(ctx context.Context, after store.ID) (all []store.Record, err error) {
	for q := (store.Query{}); ; q.After = all[len(all)-1].Cursor() {
		page, err := b.List(ctx, q)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
	}
	all = slices.DeleteFunc(all, func(r store.Record) bool { return bytes.Compare(r.ID[:], after[:]) <= 0 })
	slices.SortFunc(all, func(a, b store.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all, nil
}

func (b *broken) Save(ctx context.Context, r store.Record) error {
	if b.fault.save != nil {
		return b.fault.save(b, ctx, r)
	}
	if b.demoted.Load() {
		return errDemoted
	}
	return b.Store.Save(ctx, r)
}

func (b *broken) Touch(ctx context.Context, seen []store.Seen) error {
	if b.fault.touch != nil {
		return b.fault.touch(b, ctx, seen)
	}
	return b.Store.Touch(ctx, seen)
}

func (b *broken) Delete(ctx context.Context, id store.ID) (bool, error) {
	b.mu.Lock()
	delete(b.damaged, id)
	b.mu.Unlock()
	if b.fault.delete != nil {
		return b.fault.delete(b, ctx, id)
	}
	return b.Store.Delete(ctx, id)
}

func (b *broken) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if b.fault.deleteUser != nil {
		return b.fault.deleteUser(b, ctx, user, keep)
	}
	return b.Store.DeleteUser(ctx, user, keep...)
}

func (b *broken) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if b.fault.list != nil {
		return b.fault.list(b, ctx, q)
	}
	for {
		records, err := b.Store.List(ctx, q)
		good := slices.DeleteFunc(slices.Clone(records), func(r store.Record) bool { return b.isDamaged(r.ID) })
		if len(records) == 0 || len(good) > 0 || err != nil {
			return good, err
		}
		q.After = records[len(records)-1].Cursor()
	}
}

func (b *broken) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) ([]store.Summary, error) {
	if b.fault.live != nil {
		return b.fault.live(b, ctx, liveCall{user, after, now, limit})
	}
	return b.Store.Live(ctx, user, after, now, limit)
}

func (b *broken) Count(ctx context.Context, user string, after time.Time) (int, error) {
	if b.fault.count != nil {
		return b.fault.count(b, ctx, user, after)
	}
	return b.Store.Count(ctx, user, after)
}

func (b *broken) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	if b.fault.sweep != nil {
		return b.fault.sweep(b, ctx, now, limit)
	}
	return b.Store.Sweep(ctx, now, limit)
}

func (b *broken) Subscribe(tell func(store.Notice)) (stop func()) {
	if b.fault.subscribe != nil {
		return b.fault.subscribe(b, tell)
	}
	return b.beating(tell, func(at time.Time) store.Notice { return store.NewBeat(at, at, at) })
}

// beating subscribes, and tells beats now and a moment later.
func (b *broken) beating(tell func(store.Notice), beat func(at time.Time) store.Notice) (stop func()) {
	leave := b.Store.Subscribe(tell)
	tell(beat(time.Now()))
	again := time.AfterFunc(20*time.Millisecond, func() { tell(beat(time.Now())) })
	return func() {
		leave()
		again.Stop()
	}
}

func (b *broken) Peek(id store.ID, now time.Time) (store.Encoded, bool) {
	if b.fault.peek != nil {
		return b.fault.peek(b, id)
	}
	return b.Store.Peek(id, now)
}

func (b *broken) Recall(id store.ID, since time.Time) (store.Encoded, bool) {
	if b.fault.recall != nil {
		return b.fault.recall(b, id)
	}
	return b.Store.Recall(id, since)
}

func (b *broken) Invalidate(id store.ID, version uint64) {
	if b.fault.invalidate != nil {
		b.fault.invalidate(b, id)
		return
	}
	b.Store.Invalidate(id, version)
}

func (b *broken) SetNotBefore(ctx context.Context, user string, at time.Time) error {
	if b.fault.set != nil {
		return b.fault.set(b, ctx, user, at)
	}
	return b.Store.SetNotBefore(ctx, user, at)
}

func (b *broken) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	if b.fault.notBefore != nil {
		return b.fault.notBefore(b, ctx)
	}
	return b.Store.NotBefore(ctx)
}

// overwrite puts a record in, whatever was there.
func (b *broken) overwrite(ctx context.Context, r store.Record) error {
	if _, err := b.Store.Delete(ctx, r.ID); err != nil {
		return err
	}
	return b.Store.Create(ctx, r, store.ID{})
}

// liveFault returns a fault in which Live takes other arguments, or changes its result.
func liveFault(edit func(l *liveCall, all []store.Summary)) func() fault {
	return always(fault{live: func(b *broken, ctx context.Context, l liveCall) ([]store.Summary, error) {
		edit(&l, nil)
		all, err := b.Store.Live(ctx, l.user, l.after, l.now, l.limit)
		edit(&l, all)
		return all, err
	}})
}

// editing returns a fault in which a store changes records on their way out.
func editing(edit func(r *store.Record)) fault {
	return fault{
		load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
			r, err := b.Store.Load(ctx, id)
			if err == nil {
				edit(&r)
			}
			return r, err
		},
	}
}

// cache is what a store that shares its memory with its callers would have.
type cache struct {
	mu      sync.Mutex
	records map[store.ID]store.Record
}

// share returns one and the same Auth slice for every load of a version.
func (c *cache) share(r store.Record) store.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.records[r.ID]; ok && old.Version == r.Version {
		r.Auth = old.Auth
		return r
	}
	c.records[r.ID] = r
	return r
}

func (c *cache) keep(r store.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(r.Auth) <= store.MaxAuths {
		c.records[r.ID] = r
	}
}

func sharing() fault {
	c := &cache{records: make(map[store.ID]store.Record)}
	return fault{
		load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
			r, err := b.Store.Load(ctx, id)
			if err == nil {
				r = c.share(r)
			}
			return r, err
		},
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			records, err := b.Store.List(ctx, q)
			for i := range records {
				records[i] = c.share(records[i])
			}
			return records, err
		},
	}
}

// keeping returns a fault in which a store keeps what it was given by reference.
func keeping() fault {
	c := &cache{records: make(map[store.ID]store.Record)}
	f := sharing()
	f.load = func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
		r, err := b.Store.Load(ctx, id)
		if err == nil {
			r = c.share(r)
		}
		return r, err
	}
	f.create = func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
		err := b.Store.Create(ctx, r, replaces)
		if r.Version++; err == nil {
			c.keep(r)
		}
		return err
	}
	f.save = func(b *broken, ctx context.Context, r store.Record) error {
		err := b.Store.Save(ctx, r)
		if r.Version++; err == nil {
			c.keep(r)
		}
		return err
	}
	return f
}

// A broken store of the table has one fault, and the names of some cases that must notice it.
type brokenStore struct {
	name   string
	caught []string
	fault  func() fault
}

func always(f fault) func() fault { return func() fault { return f } }

var errOther = errors.New("something else")

var brokenStores = []brokenStore{
	{"save creates", []string{
		"a save never creates", "a save after a delete never resurrects", "logout wins under fire",
	}, always(fault{
		save: func(b *broken, ctx context.Context, r store.Record) error {
			err := b.Store.Save(ctx, r)
			if errors.Is(err, store.ErrNotFound) {
				return b.Store.Create(ctx, r, store.ID{})
			}
			return err
		},
	})},
	{"the last save wins", []string{
		"a stale version is a conflict", "a version from the future is a conflict", "64 writers lose no update",
		"of savers with one version, one wins", "what was refused is not told",
	}, always(fault{
		save: func(b *broken, ctx context.Context, r store.Record) error {
			time.Sleep(100 * time.Microsecond) // so that others have loaded meanwhile
			for {
				now, err := b.Store.Load(ctx, r.ID)
				if err != nil {
					return err
				}
				r.Version = now.Version
				if err := b.Store.Save(ctx, r); !errors.Is(err, store.ErrConflict) {
					return err
				}
			}
		},
	})},
	{"save compares and then writes", []string{"of savers with one version, one wins"}, always(fault{
		save: func(b *broken, ctx context.Context, r store.Record) error {
			now, err := b.Store.Load(ctx, r.ID)
			if err != nil {
				return err
			}
			if now.Version != r.Version {
				return store.ErrConflict
			}
			time.Sleep(100 * time.Microsecond)
			if err := b.Store.Save(ctx, r); !errors.Is(err, store.ErrConflict) {
				return err
			}
			return nil
		},
	})},
	{"save forgets", []string{
		"a save replaces the record, at the next version", "a save can empty what was there",
		"a save moves LastSeen forward", "a save moves the end", "readers see whole records",
	}, always(fault{
		save: func(b *broken, ctx context.Context, r store.Record) error {
			now, err := b.Store.Load(ctx, r.ID)
			if err != nil {
				return err
			}
			now.Version, now.Data, now.Secret = r.Version, r.Data, r.Secret
			return b.Store.Save(ctx, now)
		},
	})},
	{"save is delete and create", []string{
		"a save never moves LastSeen back", "a late save does not shorten the idle time",
		"every change is told, in order",
	}, always(fault{
		save: func(b *broken, ctx context.Context, r store.Record) error {
			if now, err := b.Store.Load(ctx, r.ID); err != nil || now.Version != r.Version {
				return b.Store.Save(ctx, r)
			}
			return b.overwrite(ctx, r)
		},
	})},
	{"save writes to all of the user's records", []string{"a save concerns one record"}, always(fault{
		save: func(b *broken, ctx context.Context, r store.Record) error {
			if err := b.Store.Save(ctx, r); err != nil {
				return err
			}
			records, _ := b.Store.List(ctx, store.Query{User: r.User})
			for _, other := range records {
				if other.ID != r.ID {
					other.Data = r.Data
					_ = b.Store.Save(ctx, other)
				}
			}
			return nil
		},
	})},
	{"save moves records up", []string{"a saved record stays in its place"}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			records, err := b.Store.List(ctx, q)
			slices.SortStableFunc(records, func(x, y store.Record) int { return int(y.Version) - int(x.Version) })
			return records, err
		},
	})},
	{"create overwrites", []string{
		"a taken ID is refused", "of creators with one ID, one wins", "a refused replacement keeps the old record",
	}, always(fault{
		create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			if _, err := b.Store.Load(ctx, r.ID); err == nil {
				return b.overwrite(ctx, r)
			}
			return b.Store.Create(ctx, r, replaces)
		},
	})},
	{"every first version is 1", []string{
		"the first version is 1, or one more than that of the record it was made from",
	}, always(fault{
		create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			if replaces.IsZero() {
				r.Version = 0
			}
			return b.Store.Create(ctx, r, replaces)
		},
	})},
	{"IDs are used once", []string{"a deleted ID is free again, from version 1"}, func() fault {
		var used sync.Map
		return fault{create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			if _, ok := used.LoadOrStore(r.ID, true); ok {
				return store.ErrExists
			}
			return b.Store.Create(ctx, r, replaces)
		}}
	}},
	{"replacing keeps the old record", []string{
		"a replaced record is gone", "a user's record that was replaced leaves the user's list",
		"a replacement tells of both records", "of those who replace one record, one wins",
		"what was ended stays ended after a restart",
	}, always(fault{
		create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			return b.Store.Create(ctx, r, store.ID{})
		},
	})},
	{"replacing does not look", []string{
		"what has been revoked cannot be replaced", "what has changed cannot be replaced by what was made before",
		"what was refused is not told", "a sign-out everywhere misses no session that is just replaced",
	}, always(fault{
		create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			err := b.Store.Create(ctx, r, store.ID{})
			if err == nil && !replaces.IsZero() {
				_, err = b.Store.Delete(ctx, replaces)
			}
			return err
		},
	})},
	{"replacing is two steps", []string{"a cancelled write happened wholly or not at all"}, always(fault{
		create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			err := b.Store.Create(ctx, r, store.ID{})
			if err == nil && !replaces.IsZero() {
				time.Sleep(time.Millisecond)
				_, err = b.Store.Delete(ctx, replaces)
			}
			return err
		},
	})},
	{"absence is another error", []string{"an unknown ID is not found"}, always(fault{
		load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
			r, err := b.Store.Load(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				err = errOther
			}
			return r, err
		},
	})},
	{"times are rounded to milliseconds", []string{
		"what goes in comes out", "times keep their microseconds, in UTC",
	}, always(editing(func(r *store.Record) {
		r.CreatedAt = r.CreatedAt.Truncate(time.Millisecond)
	}))},
	{"times are local", []string{"times keep their microseconds, in UTC"}, always(editing(func(r *store.Record) {
		r.LastSeen = r.LastSeen.In(time.FixedZone("here", 3600))
	}))},
	{"empty is something", []string{"empty fields stay empty"}, always(editing(func(r *store.Record) {
		if r.Auth == nil {
			r.Auth = []store.Auth{}
		}
	}))},
	{"data is cut at 64 KiB", []string{"a megabyte of data comes back whole"}, always(editing(func(r *store.Record) {
		if r.Data.Len() > 1<<16 {
			r.Data = store.Data{}
		}
	}))},
	{"data is text", []string{"every byte of the data comes back"}, always(editing(func(r *store.Record) {
		for k, v := range r.Data.All() {
			r.Data = r.Data.With(store.Change{Key: k, Value: store.Value{JSON: strings.ToValidUTF8(v.JSON, "?")}})
		}
	}))},
	{"IDs end at a zero", []string{"odd IDs are IDs"}, always(fault{
		load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
			if id[0] == 0 {
				return store.Record{}, store.ErrNotFound
			}
			return b.Store.Load(ctx, id)
		},
	})},
	{"times begin in 1970", []string{"far times are times"}, always(editing(func(r *store.Record) {
		if r.CreatedAt.Unix() < 0 {
			r.CreatedAt = time.Unix(0, 0).UTC()
		}
	}))},
	{"few proofs are kept", []string{"the newest proofs are kept"}, always(editing(func(r *store.Record) {
		r.Auth = r.Auth[:min(len(r.Auth), 4)]
	}))},
	{"touch goes back", []string{
		"a touch never moves LastSeen back", "the latest of several touches of a record counts",
		"touches and saves do not hinder each other",
	}, always(fault{
		touch: func(b *broken, ctx context.Context, seen []store.Seen) error {
			for _, t := range seen {
				r, err := b.Store.Load(ctx, t.ID)
				if err != nil {
					continue
				}
				if err := b.Store.Touch(ctx, []store.Seen{t}); err != nil {
					return err
				}
				if t.At.Before(r.LastSeen) {
					r.LastSeen = t.At
					if err := b.overwrite(ctx, r); err != nil {
						return err
					}
				}
			}
			return ctx.Err()
		},
	})},
	{"touch is a save", []string{
		"a touch moves LastSeen and nothing else", "touches are not told", "touches and saves do not hinder each other",
	}, always(fault{
		touch: func(b *broken, ctx context.Context, seen []store.Seen) error {
			for _, t := range seen {
				if r, err := b.Store.Load(ctx, t.ID); err == nil {
					r.LastSeen = t.At
					_ = b.Store.Save(ctx, r)
					time.Sleep(100 * time.Microsecond) // so that others see it
				}
			}
			return ctx.Err()
		},
	})},
	{"touch fails at what is gone", []string{
		"a touch passes over what is not there", "a large batch is touched to the last",
	}, always(fault{
		touch: func(b *broken, ctx context.Context, seen []store.Seen) error {
			for _, t := range seen {
				if _, err := b.Store.Load(ctx, t.ID); err != nil {
					return err
				}
			}
			return b.Store.Touch(ctx, seen)
		},
	})},
	{"touch needs something", []string{"a touch of nothing is fine"}, always(fault{
		touch: func(b *broken, ctx context.Context, seen []store.Seen) error {
			if len(seen) == 0 {
				return errOther
			}
			return b.Store.Touch(ctx, seen)
		},
	})},
	{"touch does nothing", []string{
		"a touched record lives on", "a restart keeps the ends", "a listed record is the whole record, as it is now",
	}, always(fault{
		touch: func(b *broken, ctx context.Context, seen []store.Seen) error { return ctx.Err() },
	})},
	{"touch sorts its argument", []string{"the caller's slices stay as they are"}, always(fault{
		touch: func(b *broken, ctx context.Context, seen []store.Seen) error {
			slices.SortFunc(seen, func(x, y store.Seen) int { return slices.Compare(y.ID[:], x.ID[:]) })
			if len(seen) > 2 {
				seen[0], seen[2] = seen[2], seen[0]
				seen[0], seen[1] = seen[1], seen[0]
				seen[2] = seen[1]
			}
			return b.Store.Touch(ctx, seen)
		},
	})},
	{"touch moves the absolute end", []string{"no touch moves the absolute end"}, always(fault{
		touch: func(b *broken, ctx context.Context, seen []store.Seen) error {
			for _, t := range seen {
				if r, err := b.Store.Load(ctx, t.ID); err == nil {
					r.ExpiresAt = t.At.Add(time.Hour)
					_ = b.Store.Save(ctx, r)
				}
			}
			return b.Store.Touch(ctx, seen)
		},
	})},
	{"delete is lazy", []string{
		"a deleted record is gone everywhere", "what was ended stays ended after a restart",
		"what has ended or moved is not live",
	}, always(fault{
		delete: func(b *broken, ctx context.Context, id store.ID) (bool, error) {
			_, err := b.Store.Load(ctx, id)
			return err == nil, ctx.Err()
		},
	})},
	{"delete always finds", []string{
		"a delete says whether there was a record", "of those who delete one record, one is told",
	}, always(fault{
		delete: func(b *broken, ctx context.Context, id store.ID) (bool, error) {
			_, err := b.Store.Delete(ctx, id)
			return true, err
		},
	})},
	{"delete of a user keeps nothing", []string{
		"the kept records stay", "a sign-out everywhere tells of each record",
	}, always(fault{
		deleteUser: func(b *broken, ctx context.Context, user string, _ []store.ID) ([]store.ID, error) {
			return b.Store.DeleteUser(ctx, user)
		},
	})},
	{"delete of a user keeps everything if something is kept", []string{
		"to keep a stranger's record changes nothing",
	}, always(fault{
		deleteUser: func(b *broken, ctx context.Context, user string, keep []store.ID) ([]store.ID, error) {
			if len(keep) > 0 {
				return nil, ctx.Err()
			}
			return b.Store.DeleteUser(ctx, user)
		},
	})},
	{"delete of nobody deletes the visitors", []string{"the empty user is nobody"}, always(fault{
		deleteUser: func(b *broken, ctx context.Context, user string, keep []store.ID) ([]store.ID, error) {
			if user != "" {
				return b.Store.DeleteUser(ctx, user, keep...)
			}
			records, err := b.Store.List(ctx, store.Query{})
			for _, r := range records {
				if r.User == "" {
					_, _ = b.Store.Delete(ctx, r.ID)
				}
			}
			return nil, err
		},
	})},
	{"delete of an unknown user is an error", []string{"an unknown user has nothing to delete"}, always(fault{
		deleteUser: func(b *broken, ctx context.Context, user string, keep []store.ID) ([]store.ID, error) {
			ids, err := b.Store.DeleteUser(ctx, user, keep...)
			if len(ids) == 0 && err == nil {
				err = store.ErrNotFound
			}
			return ids, err
		},
	})},
	{"delete of a user goes by a page of the list", []string{
		"a user of many records loses them all", "a sign-out everywhere misses no session that is just replaced",
	}, always(fault{
		deleteUser: func(b *broken, ctx context.Context, user string, keep []store.ID) ([]store.ID, error) {
			records, err := b.Store.List(ctx, store.Query{User: user})
			if user == "" {
				records = nil
			}
			var ids []store.ID
			for _, r := range records {
				time.Sleep(10 * time.Microsecond)
				if ok, _ := b.Store.Delete(ctx, r.ID); ok && !slices.Contains(keep, r.ID) {
					ids = append(ids, r.ID)
				}
			}
			return ids, err
		},
	})},
	{"delete of a user deletes everybody", []string{"all records of a user go at once"}, always(fault{
		deleteUser: func(b *broken, ctx context.Context, user string, keep []store.ID) ([]store.ID, error) {
			records, err := b.Store.List(ctx, store.Query{})
			for _, r := range records {
				_, _ = b.Store.Delete(ctx, r.ID)
			}
			return idsOf(records), err
		},
	})},
	{"lists oldest first", []string{
		"newest first", "equal times are ordered by ID", "pages join without a gap",
		"listings are in order while records come and go",
	}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			records, err := b.Store.List(ctx, q)
			slices.Reverse(records)
			return records, err
		},
	})},
	{"lists by time alone", []string{"equal times are ordered by ID"}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			if !q.After.ID.IsZero() {
				q.After.ID = store.ID{}
			}
			return b.Store.List(ctx, q)
		},
	})},
	{"a page needs its cursor's record", []string{
		"a listing goes on after a record that is gone", "a cursor need not be a record's",
	}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			if _, err := b.Store.Load(ctx, q.After.ID); errors.Is(err, store.ErrNotFound) {
				q.After = store.Cursor{}
			}
			return b.Store.List(ctx, q)
		},
	})},
	{"lists everybody's", []string{"a user sees their own"}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			q.User = ""
			return b.Store.List(ctx, q)
		},
	})},
	{"live counts what is over", []string{
		"what is over is not live", "far times are no trouble to what is live",
	}, liveFault(func(l *liveCall, _ []store.Summary) { l.now = time.Unix(-1<<40, 0) })},
	{"live counts what a cutoff has ended", []string{"live are those created after a time"},
		liveFault(func(l *liveCall, _ []store.Summary) { l.after = time.Unix(-1<<40, 0) })},
	{"live takes the time after itself", []string{"live are those created after a time"},
		liveFault(func(l *liveCall, _ []store.Summary) { l.after = l.after.Add(-time.Microsecond) })},
	{"live knows no limit", []string{"no more live records than asked for, the newest"},
		liveFault(func(l *liveCall, _ []store.Summary) { l.limit = 1000 })},
	{"live is everybody", []string{"live records are one user's"},
		liveFault(func(l *liveCall, _ []store.Summary) { l.user = "ada" })},
	{"live begins with the oldest", []string{
		"live records in short, newest first", "no more live records than asked for, the newest",
		"equal times of live records are ordered by ID",
	}, liveFault(func(_ *liveCall, all []store.Summary) { slices.Reverse(all) })},
	{"live forgets touches", []string{"live records in short, newest first"},
		liveFault(func(_ *liveCall, all []store.Summary) {
			for i := range all {
				all[i].LastSeen = all[i].CreatedAt
			}
		})},
	{"users are folded", []string{"users are compared byte by byte", "odd user names are names"}, func() fault {
		fold := func(user string) string { return strings.TrimRight(strings.ToLower(user), " \x00") }
		return fault{
			count: func(b *broken, ctx context.Context, user string, _ time.Time) (n int, err error) {
				records, err := b.Store.List(ctx, store.Query{Limit: 1000})
				for _, r := range records {
					if user == "" || fold(r.User) == fold(user) {
						n++
					}
				}
				return n, err
			},
		}
	}},
	{"users are cut", []string{"long names that differ at the end are two"}, always(fault{
		count: func(b *broken, ctx context.Context, user string, after time.Time) (int, error) {
			if len(user) >= 10_000 {
				user += "a"
			}
			return b.Store.Count(ctx, user, after)
		},
	})},
	{"counts what a cutoff has ended", []string{"a count is of those created after a time"}, always(fault{
		count: func(b *broken, ctx context.Context, user string, _ time.Time) (int, error) {
			return b.Store.Count(ctx, user, time.Time{})
		},
	})},
	{"counts the time after itself", []string{"a count is of those created after a time"}, always(fault{
		count: func(b *broken, ctx context.Context, user string, after time.Time) (int, error) {
			return b.Store.Count(ctx, user, after.Add(-time.Microsecond))
		},
	})},
	{"visitors are hidden", []string{"everybody's records include those of visitors"}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			records, err := b.Store.List(ctx, q)
			return slices.DeleteFunc(records, func(r store.Record) bool { return r.User == "" }), err
		},
	})},
	{"pages have no limit", []string{"a page has 100 records, 1,000 at most"}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			if q.Limit == 0 {
				q.Limit = 1000
			}
			return b.Store.List(ctx, q)
		},
	})},
	{"an empty list is an error", []string{"an empty store lists nothing"}, always(fault{
		list: func(b *broken, ctx context.Context, q store.Query) ([]store.Record, error) {
			records, err := b.Store.List(ctx, q)
			if len(records) == 0 && err == nil {
				err = store.ErrNotFound
			}
			return records, err
		},
	})},
	{"sweeps one too many", []string{
		"what is over goes, what lives stays", "the end is exact to the microsecond",
		"without an idle timeout only the absolute end counts", "a sweep tells of each record",
	}, always(fault{
		sweep: func(b *broken, ctx context.Context, now time.Time, limit int) (int, error) {
			return b.Store.Sweep(ctx, now.Add(25*time.Hour), limit)
		},
	})},
	{"sweeps a microsecond late", []string{"the end is exact to the microsecond"}, always(fault{
		sweep: func(b *broken, ctx context.Context, now time.Time, limit int) (int, error) {
			return b.Store.Sweep(ctx, now.Add(-time.Microsecond), limit)
		},
	})},
	{"sweeps without limit", []string{"a sweep stops at its limit, and fewer means the end"}, always(fault{
		sweep: func(b *broken, ctx context.Context, now time.Time, limit int) (int, error) {
			n, err := b.Store.Sweep(ctx, now, 1000)
			return min(n, limit), err
		},
	})},
	{"counts what others swept", []string{"sweeps at the same time share the work"}, always(fault{
		sweep: func(b *broken, ctx context.Context, now time.Time, limit int) (int, error) {
			n, err := b.Store.Sweep(ctx, now, limit)
			if n > 0 {
				n = limit
			}
			return n, err
		},
	})},
	{"an empty sweep is an error", []string{"an empty store has nothing to sweep"}, always(fault{
		sweep: func(b *broken, ctx context.Context, now time.Time, limit int) (int, error) {
			n, err := b.Store.Sweep(ctx, now, limit)
			if n == 0 && err == nil {
				err = store.ErrNotFound
			}
			return n, err
		},
	})},
	{"hides what is over", []string{"what is over may be loaded, listed and deleted until it is swept"}, always(fault{
		load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
			r, err := b.Store.Load(ctx, id)
			if err == nil && r.Over(epoch) {
				return store.Record{}, store.ErrNotFound
			}
			return r, err
		},
	})},
	{"loads are shared", []string{
		"a loaded record is the caller's own", "two loads share nothing", "a listed record is the caller's own",
	}, sharing},
	{"arguments are kept", []string{
		"a created record is not kept by reference", "a saved record is not kept by reference",
	}, keeping},
	{"the context is ignored", []string{"a cancelled call says so", "a call after its deadline says so"}, always(fault{
		save: func(b *broken, _ context.Context, r store.Record) error {
			return b.Store.Save(context.Background(), r)
		},
	})},
	{"a cancelled call breaks the store", []string{"the store works on after a cancelled call"}, func() fault {
		var gone sync.Once
		dead := make(chan struct{})
		return fault{create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			if ctx.Err() != nil {
				gone.Do(func() { close(dead) })
			}
			if isClosed(dead) {
				return context.Canceled
			}
			return b.Store.Create(ctx, r, replaces)
		}, load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
			if ctx.Err() != nil {
				gone.Do(func() { close(dead) })
			}
			if isClosed(dead) {
				return store.Record{}, context.Canceled
			}
			return b.Store.Load(ctx, id)
		}}
	}},
	{"the feed is silent", []string{
		"every change is told, in order", "a sweep tells of each record",
		"notices of one record keep their order under load", "what was told can be read",
	}, always(fault{
		subscribe: func(*broken, func(store.Notice)) func() { return func() {} },
	})},
	{"the feed never catches up", []string{"every change is told, in order"}, always(fault{
		subscribe: func(b *broken, tell func(store.Notice)) func() {
			stop := b.Store.Subscribe(tell)
			tell(store.Notice{Kind: store.Beat, At: time.Now().Add(-time.Minute)})
			return stop
		},
	})},
	{"the feed tells no time", []string{"a beat tells the server's time"}, always(fault{
		subscribe: func(b *broken, tell func(store.Notice)) func() {
			return b.beating(tell, func(at time.Time) store.Notice { return store.Notice{Kind: store.Beat, At: at} })
		},
	})},
	{"the feed tells a time that stands still", []string{"a beat tells the server's time"}, always(fault{
		subscribe: func(b *broken, tell func(store.Notice)) func() {
			return b.beating(tell, func(at time.Time) store.Notice { return store.NewBeat(at, epoch, at) })
		},
	})},
	{"the feed has one subscriber, for ever", []string{"every subscriber is told, until they stop"}, always(fault{
		subscribe: func(b *broken, tell func(store.Notice)) func() {
			b.Store.Subscribe(tell)
			return func() {}
		},
	})},
	{"the feed tells of refusals", []string{"what was refused is not told"}, always(fault{
		save: func(b *broken, ctx context.Context, r store.Record) error {
			err := b.Store.Save(ctx, r)
			if errors.Is(err, store.ErrConflict) {
				b.Publish(store.Notice{Kind: store.Saved, ID: r.ID, User: r.User})
			}
			return err
		},
	})},
	{"the feed is silent about what is not there", []string{"an end is told even if there is no record"}, func() fault {
		there := make(map[store.ID]bool)
		return fault{subscribe: func(b *broken, tell func(store.Notice)) func() {
			return b.Store.Subscribe(func(n store.Notice) {
				if n.Kind == store.Created {
					there[n.ID] = true
				}
				if n.Kind != store.Deleted || there[n.ID] {
					tell(n)
				}
			})
		}}
	}},
	{"the feed is silent about users", []string{"a sign-out everywhere is told of the user, too"}, always(fault{
		subscribe: func(b *broken, tell func(store.Notice)) func() {
			return b.Store.Subscribe(func(n store.Notice) {
				if n.Kind != store.UserDeleted {
					tell(n)
				}
			})
		},
	})},
	{"the feed names nobody", []string{"every change is told, in order"}, always(fault{
		subscribe: func(b *broken, tell func(store.Notice)) func() {
			return b.Store.Subscribe(func(n store.Notice) { n.User = ""; tell(n) })
		},
	})},
	{"the feed names the version before", []string{"every change is told, in order"}, always(fault{
		subscribe: func(b *broken, tell func(store.Notice)) func() {
			return b.Store.Subscribe(func(n store.Notice) {
				if n.Kind == store.Saved {
					n.Version--
				}
				tell(n)
			})
		},
	})},
	{"peek remembers", []string{"a peek tells what a load tells, or nothing"}, func() fault {
		var c encodedCache
		return fault{peek: func(b *broken, id store.ID) (store.Encoded, bool) {
			encoded, sure := b.Store.Peek(id, time.Now())
			return c.encoded(encoded), sure
		}}
	}},
	{"recall never forgets", []string{
		"a recall tells the last that was known, and nothing of what is gone",
	}, func() fault {
		var c encodedCache
		return fault{create: func(b *broken, ctx context.Context, r store.Record, replaces store.ID) error {
			err := b.Store.Create(ctx, r, replaces)
			encoded, _ := b.Store.Peek(r.ID, time.Now())
			c.encoded(encoded)
			return err
		}, recall: func(_ *broken, id store.ID) (store.Encoded, bool) {
			first, known := c.first.Load(id)
			if !known {
				return store.Encoded{}, false
			}
			return first.(store.Encoded), true
		}}
	}},
	{"an invalidated copy takes its record along", []string{"a record outlives its copies"}, always(fault{
		invalidate: func(b *broken, id store.ID) { b.Store.Delete(context.Background(), id) },
	})},
	{"a restart forgets", []string{
		"what was acknowledged survives a restart", "what was ended stays ended after a restart",
		"cutoffs survive a restart",
	}, always(fault{
		reopen: func(b *broken) { b.Store = memory.New() },
	})},
	{"the last cutoff wins", []string{
		"a cutoff only moves forward", "the latest of cutoffs set at the same time counts",
		"the returned cutoffs are the caller's own",
	}, func() fault {
		var mu sync.Mutex
		last := make(map[string]time.Time)
		return fault{
			set: func(_ *broken, ctx context.Context, user string, at time.Time) error {
				mu.Lock()
				defer mu.Unlock()
				last[user] = at.UTC()
				return ctx.Err()
			},
			notBefore: func(_ *broken, ctx context.Context) (map[string]time.Time, error) { return last, ctx.Err() },
		}
	}},
	{"cutoffs are rounded down", []string{
		"cutoffs stay as they were set", "odd users have cutoffs too", "a cutoff is told",
	}, always(fault{
		set: func(b *broken, ctx context.Context, user string, at time.Time) error {
			return b.Store.SetNotBefore(ctx, strings.TrimSpace(user), at.Truncate(time.Minute))
		},
	})},
	{"a cutoff deletes the records", []string{"a cutoff touches no record"}, always(fault{
		set: func(b *broken, ctx context.Context, user string, at time.Time) error {
			if _, err := b.Store.DeleteUser(ctx, user); err != nil {
				return err
			}
			return b.Store.SetNotBefore(ctx, user, at)
		},
	})},
	{"a cutoff ignores the context", []string{"a cancelled cutoff says so"}, always(fault{
		set: func(b *broken, _ context.Context, user string, at time.Time) error {
			return b.Store.SetNotBefore(context.Background(), user, at)
		},
	})},
	{"many at once lose the last one", []string{"many at once are the same as one by one"}, always(fault{
		createMany: func(b *broken, ctx context.Context, all []store.Record) ([]store.ID, error) {
			for _, r := range all[:len(all)-1] {
				if err := b.Create(ctx, r, store.ID{}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
	})},
	{"many at once begin at version 1", []string{"many at once are the same as one by one"}, always(fault{
		createMany: func(b *broken, ctx context.Context, all []store.Record) ([]store.ID, error) {
			for _, r := range all {
				r.Version = 0
				if err := b.Create(ctx, r, store.ID{}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
	})},
	{"many at once take over sessions", []string{
		"of many, those whose IDs are taken are named and left alone",
	}, always(fault{
		createMany: func(b *broken, ctx context.Context, all []store.Record) (taken []store.ID, err error) {
			for _, r := range all {
				there, err := b.Delete(ctx, r.ID)
				if err == nil {
					err = b.Create(ctx, r, store.ID{})
				}
				if err != nil {
					return nil, err
				}
				if there {
					taken = append(taken, r.ID)
				}
			}
			return taken, nil
		},
	})},
	{"a scan is done when a page is full", []string{"a scan has every record once, in the order of IDs"}, always(fault{
		scan: func(b *broken, ctx context.Context, after store.ID, limit int) ([]store.Record, bool, error) {
			all, err := b.behind(ctx, after)
			return all[:min(limit, len(all))], true, err
		},
	})},
	{"a scan stops where nothing can be read", []string{"a scan goes on behind damaged records"}, always(fault{
		scan: func(b *broken, ctx context.Context, after store.ID, limit int) ([]store.Record, bool, error) {
			all, err := b.Store.List(ctx, store.Query{Limit: 1000})
			all = slices.DeleteFunc(all, func(r store.Record) bool { return bytes.Compare(r.ID[:], after[:]) <= 0 })
			slices.SortFunc(all, func(a, b store.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
			all = all[:min(limit, len(all))]
			page := slices.DeleteFunc(all, func(r store.Record) bool { return b.isDamaged(r.ID) })
			return page, len(page) == 0, err
		},
	})},
	{"a replica is believed", []string{"a server that is no writer is not believed"}, always(fault{
		load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) { return b.Store.Load(ctx, id) },
	})},
	{"damaged is absent", []string{"a damaged record is damaged, not absent, and stands alone"}, always(fault{
		load: func(b *broken, ctx context.Context, id store.ID) (store.Record, error) {
			if b.isDamaged(id) {
				return store.Record{}, store.ErrNotFound
			}
			return b.Store.Load(ctx, id)
		},
	})},
}

// A encodedCache keeps what it was shown first.
type encodedCache struct{ first sync.Map }

func (c *encodedCache) encoded(s store.Encoded) store.Encoded {
	if s.ID.IsZero() {
		return s
	}
	first, _ := c.first.LoadOrStore(s.ID, s)
	return first.(store.Encoded)
}
