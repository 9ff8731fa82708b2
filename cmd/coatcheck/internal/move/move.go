package move

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/store"
)

// A Store is two stores that are served as one. Its methods may be called from any number of goroutines.
type Store struct {
	old, new backend.Store
	takes    bool // whether a session that is used moves to the new store
}

// To serves the sessions of either store, and leaves them there. New sessions begin in the old one.
func To(old, new backend.Store) *Store { return &Store{old: old, new: new} }

// From moves a session to the new store when it is used. New sessions begin in the new one.
func From(old, new backend.Store) *Store { return &Store{old: old, new: new, takes: true} }

// mark is the key of a record that is being moved, and of its place in the new store. Nobody sees it, because such a
// record is not served.
const mark = "coatcheck.moving"

func marked(r *store.Record) bool {
	_, ok := r.Data.Get(mark)
	return ok
}

func withMark(r store.Record) store.Record {
	r.Data = r.Data.With(store.Change{Key: mark, Value: store.Value{JSON: "true"}})
	return r
}

func withoutMark(r store.Record) store.Record {
	r.Data = r.Data.With(store.Change{Key: mark, Delete: true})
	return r
}

// place returns what keeps the place of a session in the new store. It opens to no ticket, and is swept in a minute. No
// other place has its version.
func place(r store.Record, now time.Time) store.Record {
	p := withMark(store.Record{
		ID: r.ID, Version: rand.Uint64N(1 << 48), User: r.User,
		CreatedAt: r.CreatedAt, LastSeen: r.LastSeen, ExpiresAt: now.Add(time.Minute),
	})
	crand.Read(p.Secret[:])
	return p
}

// elsewhere marks the versions of the store in which no sessions begin.
const elsewhere = 1 << 63

// homes returns the store in which sessions begin, and the other one.
func (s *Store) homes() (home, other backend.Store) {
	if s.takes {
		return s.new, s.old
	}
	return s.old, s.new
}

// tagged returns a record with the store that it comes from in its version.
func (s *Store) tagged(r store.Record, from backend.Store) store.Record {
	if home, _ := s.homes(); from != home {
		r.Version |= elsewhere
	}
	return r
}

// origin undoes tagged: it returns a record with its version, and the store that it was loaded from.
func (s *Store) origin(r store.Record) (store.Record, backend.Store) {
	home, other := s.homes()
	if r.Version&elsewhere != 0 {
		r.Version &^= elsewhere
		return r, other
	}
	return r, home
}

// steps bounds the steps of a load. Two nodes that move the same session at once cannot cause so many.
const steps = 64

var errUnsettled = errors.New("move: other nodes keep moving the session; try again")

// find finds a session in either store, and moves it on if it has to.
func (s *Store) find(ctx context.Context, id store.ID, take bool) (store.Record, backend.Store, error) {
	for range steps {
		r, where, err := s.step(ctx, id, take)
		if !errors.Is(err, errAgain) {
			return r, where, err
		}
	}
	return store.Record{}, nil, errUnsettled
}

var errAgain = errors.New("move: look again")

// step looks once, and takes at most one of the steps of the package's documentation.
func (s *Store) step(ctx context.Context, id store.ID, take bool) (store.Record, backend.Store, error) {
	fresh, err := s.new.Load(ctx, id)
	begun := err == nil
	switch {
	case begun && !marked(&fresh):
		return fresh, s.new, nil
	case !begun && !errors.Is(err, store.ErrNotFound):
		return store.Record{}, nil, err
	}
	r, err := s.old.Load(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		// It may have been moved between the two looks. The other way does not happen.
		if now, err := s.new.Load(ctx, id); err != nil || marked(&now) {
			return store.Record{}, nil, cmp.Or(err, store.ErrNotFound)
		}
		return store.Record{}, nil, errAgain
	case err != nil:
		return store.Record{}, nil, err
	case !begun && !take && !marked(&r):
		return r, s.old, nil
	case !marked(&r):
		return store.Record{}, nil, again(s.old.Save(ctx, withMark(r)))
	case !begun:
		return store.Record{}, nil, again(s.new.Create(ctx, place(r, time.Now()), store.ID{}))
	}
	r.Version = fresh.Version
	if err := s.new.Save(ctx, withoutMark(r)); err != nil {
		return store.Record{}, nil, again(err)
	}
	_, err = s.old.Delete(ctx, id)
	return store.Record{}, nil, again(err)
}

// again asks for another look after a step that was taken, or that another node was quicker to take.
func again(err error) error {
	if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) ||
		errors.Is(err, store.ErrExists) {
		return errAgain
	}
	return err
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	r, where, err := s.find(ctx, id, s.takes)
	if err != nil {
		return store.Record{}, err
	}
	return s.tagged(r, where), nil
}

// moved returns the error of a change that did not find its record. It is a conflict if the record is in the other
// store now.
func (s *Store) moved(ctx context.Context, id store.ID, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, _, err := s.find(ctx, id, s.takes); err != nil {
		return err
	}
	return store.ErrConflict
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	home, _ := s.homes()
	if replaces.IsZero() {
		return home.Create(ctx, r, replaces)
	}
	r, where := s.origin(r)
	if err := where.Create(ctx, r, replaces); err != nil {
		return s.moved(ctx, replaces, err)
	}
	return s.clear(ctx, replaces)
}

// clear deletes what a crash has left of a session that is gone.
func (s *Store) clear(ctx context.Context, id store.ID) error {
	found, err := s.old.Delete(ctx, id)
	if err == nil && found {
		_, err = s.new.Delete(ctx, id)
	}
	return err
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	r, where := s.origin(r)
	return s.moved(ctx, r.ID, where.Save(ctx, r))
}

// Touch implements [store.Store]. A touch may be lost if the session moves meanwhile: the next one follows.
func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	if err := s.new.Touch(ctx, seen); err != nil || s.takes {
		return err
	}
	return s.old.Touch(ctx, seen)
}

// Delete implements [store.Store]. Everything that ends sessions begins with the old store.
func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	before, err := s.old.Delete(ctx, id)
	if err != nil {
		return false, err
	}
	after, err := s.new.Delete(ctx, id)
	return before || after, err
}

// DeleteUser implements [store.Store].
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	before, err := s.old.DeleteUser(ctx, user, keep...)
	if err != nil {
		return nil, err
	}
	after, err := s.new.DeleteUser(ctx, user, keep...)
	if err != nil {
		return nil, err
	}
	for _, id := range after {
		if !slices.Contains(before, id) {
			before = append(before, id)
		}
	}
	return before, nil
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	// The old store first: a session that moves meanwhile is found twice rather than not at all.
	before, err := s.old.List(ctx, q)
	if err != nil {
		return nil, err
	}
	after, err := s.new.List(ctx, q)
	if err != nil {
		return nil, err
	}
	var all []store.Record
	there := make(map[store.ID]bool)
	for _, r := range after {
		if !marked(&r) {
			there[r.ID] = true
			all = append(all, s.tagged(r, s.new))
		}
	}
	for _, r := range before {
		if !there[r.ID] {
			all = append(all, s.tagged(withoutMark(r), s.old))
		}
	}
	slices.SortFunc(all, func(a, b store.Record) int {
		return a.Cursor().Compare(b.Cursor())
	})
	return all[:min(len(all), q.PageLimit())], nil
}

// Live implements [store.Store], in the order of List.
func (s *Store) Live(ctx context.Context, user string, after, now time.Time, limit int) ([]store.Summary, error) {
	moving, err := s.old.Live(ctx, user, after, now, limit)
	if err != nil {
		return nil, err
	}
	all, err := s.new.Live(ctx, user, after, now, limit)
	if err != nil {
		return nil, err
	}
	there := make(map[store.ID]bool)
	for _, r := range all {
		there[r.ID] = true
	}
	for _, r := range moving {
		if !there[r.ID] {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b store.Summary) int { return a.Cursor().Compare(b.Cursor()) })
	return all[:min(len(all), max(limit, 0))], nil
}

// Count implements [store.Store]. A session that is being moved may count twice.
func (s *Store) Count(ctx context.Context, user string, after time.Time) (int, error) {
	older, err := s.old.Count(ctx, user, after)
	if err != nil {
		return 0, err
	}
	newer, err := s.new.Count(ctx, user, after)
	return older + newer, err
}

// Sweep implements [store.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	before, err := s.old.Sweep(ctx, now, limit)
	if err != nil || before >= limit {
		return before, err
	}
	after, err := s.new.Sweep(ctx, now, limit-before)
	return before + after, err
}

// SetNotBefore implements [store.Store].
func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if err := s.old.SetNotBefore(ctx, user, t); err != nil {
		return err
	}
	return s.new.SetNotBefore(ctx, user, t)
}

// NotBefore implements [store.Store].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	before, err := s.old.NotBefore(ctx)
	if err != nil {
		return nil, err
	}
	after, err := s.new.NotBefore(ctx)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(after)
	if all == nil {
		all = make(map[string]time.Time)
	}
	for user, t := range before {
		if t.After(all[user]) {
			all[user] = t
		}
	}
	return all, nil
}

// take moves one session, and deletes what a crash has left of it in the old store.
func (s *Store) take(ctx context.Context, id store.ID) (store.Record, error) {
	r, _, err := s.find(ctx, id, true)
	if err != nil {
		return store.Record{}, fmt.Errorf("move %v: %w", id, err)
	}
	if _, err := s.old.Delete(ctx, id); err != nil {
		return store.Record{}, fmt.Errorf("move %v: %w", id, err)
	}
	return r, nil
}
