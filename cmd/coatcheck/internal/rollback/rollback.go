package rollback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/internal/coalesce"
	"coatcheck.dev/store"
)

// Options of a store. File is required.
type Options struct {
	File           string // the node's own copy of its marks
	Place          string // the store's address, without secrets
	AcceptRestored bool   // let sessions in although they may have ended after the backup was made
	Log            *slog.Logger
}

// A Store keeps marks in the store behind it. Calls that end no session go straight through.
type Store struct {
	backend.Store

	options Options
	clock   store.Clock // that of the server: other nodes have written some of what is compared
	unhear  func()
	node    string
	names   []string // of the store; several if several nodes named it at once

	marking chan struct{} // a lock; a context can end the wait for it
	mark    time.Time     // under marking
	good    time.Time     // under marking: when the store was last what it should be, or made so
	notes   coalesce.Group[struct{}, struct{}]

	mu     sync.Mutex
	later  *time.Timer // nil unless a mark is due
	lost   bool        // the feed
	looked time.Time   // when the marks were last compared
	done   bool
}

// The names of marks begin with a control character. The gate lets no user have one.
const (
	namePrefix = "\x1fcoatcheck:store:"
	nodePrefix = "\x1fcoatcheck:node:"
)

func ours(user string) bool {
	return strings.HasPrefix(user, namePrefix) || strings.HasPrefix(user, nodePrefix)
}

// Open compares the marks. If the store was rolled back, it refuses the sessions in it.
func Open(ctx context.Context, inner backend.Store, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{Store: inner, options: o, marking: make(chan struct{}, 1), looked: time.Now()}
	if err := makeFile(o.File); err != nil {
		return nil, fmt.Errorf("name this node: %w", err)
	}
	s.hear(ctx)
	if err := s.compare(ctx, true); err != nil {
		s.unhear()
		return nil, fmt.Errorf("find out whether the store was restored from a backup: %w", err)
	}
	return s, nil
}

// clockTimeout is how long Open waits for the time of the store's server.
const clockTimeout = time.Second

// hear has the clock follow what the feed tells. It waits for the first word if there is a server that has not told its
// time yet.
func (s *Store) hear(ctx context.Context) {
	told := make(chan struct{})
	var lost atomic.Bool
	var first sync.Once
	s.clock.Time(time.Now())
	s.unhear = s.Store.Subscribe(func(n store.Notice) {
		s.clock.Hear(n)
		if !n.Server.IsZero() || n.Kind == store.Beat {
			first.Do(func() { close(told) })
		} else if n.Kind == store.Lost {
			lost.Store(true)
		}
	})
	if !lost.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	select {
	case <-told:
	case <-ctx.Done():
	}
}

// now returns the time by the clock of the store's server.
func (s *Store) now() time.Time { return s.clock.Time(time.Now()) }

// compare compares the store's mark and names with the node's copy. The first time, and once a month, it also writes
// them anew: stores forget old cutoffs, and while sessions move the second store has no name yet.
func (s *Store) compare(ctx context.Context, first bool) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	// The file first. Another program may share it and move the mark on, in the store first: read in this order, the
	// store is never behind.
	file, err := readFile(s.options.File)
	if err != nil {
		return err
	}
	s.node = file.Node
	began := s.now()
	all, err := s.Store.NotBefore(ctx)
	if err != nil {
		return err
	}
	state := file.state(s.options.Place, all)
	s.mark = latest(s.mark, latest(state.Known, state.There))
	if state.Restored() {
		if err := s.restored(ctx, state, all[""]); err != nil {
			return err
		}
	}
	s.good = began
	if s.names = names(all); !first && !state.Restored() && s.now().Sub(s.oldest(all)) < renewAfter {
		return nil
	}
	if err := s.name(ctx); err != nil || s.mark.IsZero() { // zero: this node has ended nothing yet
		return err
	}
	return s.write(ctx)
}

// renewAfter is far less than store.MaxLifetime, after which stores may forget.
const renewAfter = 30 * 24 * time.Hour

// oldest returns when the oldest of the store's names was written.
func (s *Store) oldest(all map[string]time.Time) time.Time {
	oldest := s.now()
	for _, name := range s.names {
		if at := all[namePrefix+name]; at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
}

// name writes the store's names in it, and notes where it is. A store without a name gets one.
func (s *Store) name(ctx context.Context) error {
	if len(s.names) == 0 {
		s.names = []string{store.NewID().String()}
	}
	for _, name := range s.names {
		if err := s.Store.SetNotBefore(ctx, namePrefix+name, s.now()); err != nil {
			return err
		}
	}
	return changeFile(s.options.File, func(f *file) { f.meet(s.options.Place, s.names) })
}

// restored deals with a store that was rolled back, emptied or replaced. If another node has done that since, everybody
// need not sign in once more: the cutoff refuses what this node has ended.
func (s *Store) restored(ctx context.Context, state State, cutoff time.Time) error {
	what := "the store was restored from a backup"
	if state.Vanished {
		what = "the store has lost its name, because it was emptied, or another took its place"
	}
	attrs := []any{"ended_until", state.Known}
	if !state.There.IsZero() {
		attrs = append(attrs, "backup_of_after", state.There)
	}
	if s.options.AcceptRestored {
		s.options.Log.Warn(what+"; sessions that had ended since are let in (--accept-restored-store)", attrs...)
		return nil
	}
	s.options.Log.Warn(what+"; all sessions in it are refused, because some had ended since "+
		"(--accept-restored-store would let them in)", attrs...)
	if since := latest(state.Known, s.good); !since.IsZero() && cutoff.After(since) {
		return nil
	}
	return s.Store.SetNotBefore(ctx, "", s.now())
}

func names(all map[string]time.Time) (names []string) {
	for user := range all {
		if name, ok := strings.CutPrefix(user, namePrefix); ok {
			names = append(names, name)
		}
	}
	return names
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *Store) lock(ctx context.Context) error {
	select {
	case s.marking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) unlock() { <-s.marking }

// write moves the mark forward, in the store first: a copy ahead of the store would mean a rollback.
func (s *Store) write(ctx context.Context) error {
	at := s.now().UTC().Truncate(time.Microsecond)
	if !at.After(s.mark) {
		at = s.mark.Add(time.Microsecond)
	}
	if err := s.Store.SetNotBefore(ctx, nodePrefix+s.node, at); err != nil {
		return err
	}
	s.mark = at
	return changeFile(s.options.File, func(f *file) { f.note(s.names, at) })
}

// note moves the mark after a session has ended, before that is acknowledged. Callers who come while a mark is being
// written share the next one.
func (s *Store) note(ctx context.Context) error {
	_, _, err := s.notes.Do(ctx, struct{}{}, func() (struct{}, error) {
		err := s.lock(ctx)
		if err == nil {
			defer s.unlock()
			err = s.write(ctx)
		}
		if err != nil && ctx.Err() != nil {
			err = coalesce.ErrAbandoned // of this caller, and no word on the store
		}
		return struct{}{}, err
	})
	if errors.Is(err, coalesce.ErrAbandoned) {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("note the end of a session: %w", err)
	}
	return nil
}

const (
	noteDelay   = time.Second     // before the end of a replaced session is noted
	noteTimeout = 5 * time.Second // for that, and for a comparison in the background
)

// noteLater notes the end of a replaced session. It does not delay the sign-in that has replaced it.
func (s *Store) noteLater() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.later != nil || s.done {
		return
	}
	s.later = time.AfterFunc(noteDelay, func() {
		s.mu.Lock()
		s.later = nil
		s.mu.Unlock()
		s.inBackground(s.note)
	})
}

func (s *Store) inBackground(do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), noteTimeout)
	defer cancel()
	if err := do(ctx); err != nil {
		s.options.Log.Warn("rollback detection: the mark could not be compared or moved", "error", err)
	}
}

// Close notes what has not been noted yet. The inner store stays open.
func (s *Store) Close(ctx context.Context) error {
	defer s.unhear()
	s.mu.Lock()
	due := s.later != nil && s.later.Stop()
	s.later, s.done = nil, true
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.note(ctx)
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	err := s.Store.Create(ctx, r, replaces)
	if err == nil && !replaces.IsZero() {
		s.noteLater()
	}
	return err
}

// Delete implements [store.Store]. What was not there may be in a backup, and its end has been acknowledged.
func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	found, err := s.Store.Delete(ctx, id)
	if err == nil {
		err = s.note(ctx)
	}
	return found, err
}

// DeleteUser implements [store.Store].
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	ids, err := s.Store.DeleteUser(ctx, user, keep...)
	if err == nil && user != "" {
		err = s.note(ctx)
	}
	return ids, err
}

// SetNotBefore implements [store.Store].
func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if ours(user) {
		return errors.New("rollback: the name of a user cannot begin with a control character")
	}
	if err := s.Store.SetNotBefore(ctx, user, t); err != nil {
		return err
	}
	return s.note(ctx)
}

// NotBefore implements [store.Store].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	all, err := s.Store.NotBefore(ctx)
	for user := range all {
		if ours(user) {
			delete(all, user)
		}
	}
	return all, err
}

// compareEvery is how often the marks are compared while all seems well: a backup may take the store's place between
// two beats.
const compareEvery = 10 * time.Second

// due reports whether it is time to compare: the feed has come back, or the last time was long ago.
func (s *Store) due(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := !s.done && (s.lost || now.Sub(s.looked) >= compareEvery)
	s.lost = false
	if due {
		s.looked = now
	}
	return due
}

// Subscribe implements [store.Feed]. A feed that comes back may be that of another server.
func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) {
	return s.Store.Subscribe(func(n store.Notice) {
		switch n.Kind {
		case store.Cutoff:
			if ours(n.User) {
				return
			}
		case store.Lost:
			s.mu.Lock()
			s.lost = true
			s.mu.Unlock()
		case store.Beat:
			if s.due(time.Now()) {
				go s.inBackground(func(ctx context.Context) error { return s.compare(ctx, false) })
			}
		}
		tell(n)
	})
}
