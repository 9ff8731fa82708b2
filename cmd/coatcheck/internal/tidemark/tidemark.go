package tidemark

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/cloakroom"
	"coatcheck.dev/store"
)

// Options of a store. File is required.
type Options struct {
	File           string // the node's own copy of its marks
	AcceptRestored bool   // let sessions in that may have been ended after a backup was made
	Log            *slog.Logger
}

// A Store keeps marks in the store that it stands in front of.
type Store struct {
	cloakroom.Store // what ends no session goes through

	options Options
	node    string
	names   []string // of the store; several if nodes named it at the same moment

	marking chan struct{} // a lock whose wait a context can end
	mark    time.Time     // under marking
	noted   uint64        // the last end that the mark covers; under marking

	mu     sync.Mutex
	ends   uint64
	later  *time.Timer // nil unless a mark is due
	lost   bool        // the feed
	looked time.Time   // the last look, or the one that is under way
	done   bool
}

// The names of marks begin with a control character, which no name of a user has that came in by the gate.
const (
	namePrefix = "\x1fcoatcheck:store:"
	nodePrefix = "\x1fcoatcheck:node:"
)

func ours(user string) bool {
	return strings.HasPrefix(user, namePrefix) || strings.HasPrefix(user, nodePrefix)
}

// Open looks at the marks, and refuses what the store may not know to have ended.
func Open(ctx context.Context, inner cloakroom.Store, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{Store: inner, options: o, marking: make(chan struct{}, 1), looked: time.Now()}
	if err := makeFile(o.File); err != nil {
		return nil, fmt.Errorf("give this node a name: %w", err)
	}
	if err := s.look(ctx, true); err != nil {
		return nil, fmt.Errorf("look whether the store was restored from a backup: %w", err)
	}
	return s, nil
}

// look compares the store's mark with the node's copy. The first time it writes the mark anew, so that no store forgets it
// for its age.
func (s *Store) look(ctx context.Context, first bool) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	// The file first: while another program that shares it goes on, the store is never behind what was read here before.
	file, err := readFile(s.options.File)
	if err != nil {
		return err
	}
	s.node = file.Node
	all, err := s.Store.NotBefore(ctx)
	if err != nil {
		return err
	}
	if s.names = names(all); len(s.names) == 0 {
		name := store.NewID().String()
		if err := s.Store.SetNotBefore(ctx, namePrefix+name, time.Now()); err != nil {
			return err
		}
		s.names = []string{name}
	}
	known, there := file.known(s.names), all[nodePrefix+s.node]
	s.mark = latest(s.mark, latest(known, there))
	restored := known.After(there)
	if restored {
		if err := s.restored(ctx, known, there); err != nil {
			return err
		}
	}
	if s.mark.IsZero() || !first && !restored { // this node has ended nothing yet, or there is nothing to put right
		return nil
	}
	return s.write(ctx)
}

// restored deals with a store that has gone back from one moment to another.
func (s *Store) restored(ctx context.Context, known, there time.Time) error {
	attrs := []any{"ended_until", known}
	if !there.IsZero() {
		attrs = append(attrs, "backup_of_after", there)
	}
	if s.options.AcceptRestored {
		s.options.Log.Warn("the store is older than what this node has ended in it: a backup was put in its place; sessions that were ended since are let in, as --accept-restored-store says", attrs...)
		return nil
	}
	s.options.Log.Warn("the store is older than what this node has ended in it: a backup was put in its place; all sessions from before now are refused, as some of them were ended since (--accept-restored-store lets them in)", attrs...)
	return s.Store.SetNotBefore(ctx, "", time.Now())
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

// write moves the mark forward, in the store first: a copy that is ahead of it would mean a restored backup.
func (s *Store) write(ctx context.Context) error {
	at := time.Now().UTC().Truncate(time.Microsecond)
	if !at.After(s.mark) {
		at = s.mark.Add(time.Microsecond)
	}
	if err := s.Store.SetNotBefore(ctx, nodePrefix+s.node, at); err != nil {
		return err
	}
	s.mark = at
	return writeFile(s.options.File, s.names, at)
}

// note notes that something was ended, before that is acknowledged. Those who come while a mark is being written share the
// next one.
func (s *Store) note(ctx context.Context) error {
	s.mu.Lock()
	s.ends++
	mine := s.ends
	s.mu.Unlock()
	if err := s.lock(ctx); err != nil {
		return fmt.Errorf("note the end of a session: %w", err)
	}
	defer s.unlock()
	if s.noted >= mine {
		return nil
	}
	s.mu.Lock()
	all := s.ends
	s.mu.Unlock()
	if err := s.write(ctx); err != nil {
		return fmt.Errorf("note the end of a session: %w", err)
	}
	s.noted = all
	return nil
}

const (
	laterTime = time.Second     // until the end of a session that was replaced is noted
	noteTime  = 5 * time.Second // for that, and for a look
)

// noteLater notes it soon.
func (s *Store) noteLater() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.later != nil || s.done {
		return
	}
	s.later = time.AfterFunc(laterTime, func() {
		s.mu.Lock()
		s.later = nil
		s.mu.Unlock()
		s.inBackground(s.note)
	})
}

func (s *Store) inBackground(do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), noteTime)
	defer cancel()
	if err := do(ctx); err != nil {
		s.options.Log.Warn("the mark of what this node has ended was not moved", "error", err)
	}
}

// Close notes what is still to be noted. The inner store stays open.
func (s *Store) Close(ctx context.Context) error {
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

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	found, err := s.Store.Delete(ctx, id)
	if err == nil && found {
		err = s.note(ctx)
	}
	return found, err
}

// DeleteUser implements [store.Store].
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	ids, err := s.Store.DeleteUser(ctx, user, keep...)
	if err == nil && len(ids) > 0 {
		err = s.note(ctx)
	}
	return ids, err
}

// SetNotBefore implements [store.Store].
func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if ours(user) {
		return errors.New("tidemark: the name of a user does not begin with a control character")
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

// lookEvery is how often a store is looked at that seems to be whole: a backup may be put in its place between two beats.
const lookEvery = 10 * time.Second

// due reports whether it is time for a look, as the feed was found again, or the last one was long ago.
func (s *Store) due(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := !s.done && (s.lost || now.Sub(s.looked) >= lookEvery)
	s.lost = false
	if due {
		s.looked = now
	}
	return due
}

// Subscribe implements [store.Feed]. When a feed is found again, it may be that of another server.
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
				go s.inBackground(func(ctx context.Context) error { return s.look(ctx, false) })
			}
		}
		tell(n)
	})
}
