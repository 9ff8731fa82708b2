package move_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/move"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/storetest"
)

func TestContract(t *testing.T) {
	t.Run("to", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) store.Store { return move.To(memory.New(), memory.New()) })
	})
	t.Run("from", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) store.Store { return move.From(memory.New(), memory.New()) })
	})
}

func session(user string) store.Record {
	now := time.UnixMicro(time.Now().UnixMicro()).UTC()
	return store.Record{ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
		Data: store.Data{}.With(store.Change{Key: "n", Value: store.Value{JSON: "0"}})}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares all but the versions.
func same(a, b store.Record) bool {
	a.Version, b.Version = 0, 0
	return reflect.DeepEqual(a, b)
}

// A dying store fails each write once more after so many calls: as often as a program can crash on the way.
type dying struct {
	*memory.Store
	left *int
}

func (d dying) die() error {
	if *d.left--; *d.left < 0 {
		return fmt.Errorf("crashed")
	}
	return nil
}

func (d dying) Save(ctx context.Context, r store.Record) error {
	if err := d.die(); err != nil {
		return err
	}
	return d.Store.Save(ctx, r)
}

func (d dying) Create(ctx context.Context, r store.Record, id store.ID) error {
	if err := d.die(); err != nil {
		return err
	}
	return d.Store.Create(ctx, r, id)
}

func (d dying) Delete(ctx context.Context, id store.ID) (bool, error) {
	if err := d.die(); err != nil {
		return false, err
	}
	return d.Store.Delete(ctx, id)
}

// Wherever a move is broken off, the session is there for both kinds of nodes, once, and ends when it is ended.
func TestBrokenOffAnywhere(t *testing.T) {
	for after := range 6 {
		for _, ended := range []bool{false, true} {
			old, fresh, r := memory.New(), memory.New(), session("ada")
			must(t, old.Create(t.Context(), r, store.ID{}))
			left := after
			_, err := move.From(dying{old, &left}, dying{fresh, &left}).Load(t.Context(), r.ID)
			if broken := err != nil; broken != (after < 4) {
				t.Fatalf("after %d writes: %v", after, err)
			}
			if ended {
				if found, err := move.To(old, fresh).Delete(t.Context(), r.ID); !found || err != nil {
					t.Errorf("after %d writes: ended %v, %v", after, found, err)
				}
			}
			for _, s := range []*move.Store{move.To(old, fresh), move.From(old, fresh), move.To(old, fresh)} {
				got, err := s.Load(t.Context(), r.ID)
				list, _ := s.List(t.Context(), store.Query{User: "ada"})
				switch {
				case ended && (err != store.ErrNotFound || len(list) > 0):
					t.Errorf("after %d writes, and ended: %v, %v", after, err, list)
				case !ended && (err != nil || !same(got, r) || len(list) != 1 || !same(list[0], r)):
					t.Errorf("after %d writes: %+v, %v, listed %v", after, got, err, list)
				}
			}
			// it clears what was left behind
			report, err := move.Copy(t.Context(), old, fresh, move.Options{Move: true})
			if err != nil || report.Err() != nil || report.Left != 0 {
				t.Errorf("after %d writes: moved %+v, %v", after, report, err)
			}
			if n, _ := old.Count(t.Context(), "", time.Time{}); n != 0 {
				t.Errorf("after %d writes: %d left in the old store", after, n)
			}
		}
	}
}

// Nodes of both kinds use a session while it is moved: no change is lost, none that was ended comes back, and none ends
// that nobody ended.
func TestInUse(t *testing.T) {
	for round := range 100 {
		old, fresh, r := memory.New(), memory.New(), session("ada")
		must(t, old.Create(t.Context(), r, store.ID{}))
		nodes := []*move.Store{move.To(old, fresh), move.From(old, fresh), move.From(old, fresh)}
		var running sync.WaitGroup
		ends := round%2 == 0
		for i, s := range nodes {
			running.Go(func() {
				for n := range 5 {
					if err := set(s, r.ID, fmt.Sprintf("%d-%d", i, n)); err != nil &&
						!(ends && err == store.ErrNotFound) {
						t.Errorf("node %d: %v", i, err)
					}
				}
			})
		}
		if ends {
			running.Go(func() {
				time.Sleep(rand.N(100 * time.Microsecond))
				node := nodes[rand.N(3)]
				if found, err := node.Delete(context.Background(), r.ID); err != nil || !found {
					t.Errorf("ended: %v, %v", found, err)
				}
				for _, s := range nodes {
					if _, err := s.Load(context.Background(), r.ID); err != store.ErrNotFound {
						t.Errorf("after it was ended: %v", err)
					}
				}
			})
		}
		running.Wait()
		got, err := nodes[0].Load(t.Context(), r.ID)
		if ends {
			if err != store.ErrNotFound {
				t.Errorf("in the end: %v", err)
			}
			continue
		}
		for i := range nodes {
			for n := range 5 {
				if _, ok := got.Data.Get(fmt.Sprintf("%d-%d", i, n)); !ok {
					t.Errorf("round %d: change %d of node %d is lost", round, n, i)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

// A late store holds its node up before one of its writes, until it is let go.
type late struct {
	*memory.Store
	create, save chan struct{} // nil holds nothing up
	held         chan struct{}
}

func (l *late) wait(until chan struct{}) {
	if until != nil {
		l.held <- struct{}{}
		<-until
	}
}

func (l *late) Create(ctx context.Context, r store.Record, id store.ID) error {
	l.wait(l.create)
	return l.Store.Create(ctx, r, id)
}

func (l *late) Save(ctx context.Context, r store.Record) error {
	l.wait(l.save)
	return l.Store.Save(ctx, r)
}

// Two nodes are late with their steps while a third one ends the session: it does not come back. One of them keeps a
// place for it once more, and the other knows one from before.
//
// Rows: I1
func TestLateNodesBringNothingBack(t *testing.T) {
	for name, end := range map[string]func(s *move.Store, r store.Record) error{
		"one": func(s *move.Store, r store.Record) error {
			_, err := s.Delete(context.Background(), r.ID)
			return err
		},
		"all of a user": func(s *move.Store, r store.Record) error {
			_, err := s.DeleteUser(context.Background(), r.User)
			return err
		},
		"one, and looked for before": func(s *move.Store, r store.Record) error {
			if _, err := s.Delete(context.Background(), r.ID); err != nil {
				return err
			}
			if _, err := s.Load(context.Background(), r.ID); err != store.ErrNotFound {
				return fmt.Errorf("after it was ended: %v", err)
			}
			return nil
		},
		"one that has moved": func(s *move.Store, r store.Record) error {
			if _, err := s.Load(context.Background(), r.ID); err != nil {
				return err
			}
			_, err := s.Delete(context.Background(), r.ID)
			return err
		},
		"all of a user that have moved": func(s *move.Store, r store.Record) error {
			if _, err := s.Load(context.Background(), r.ID); err != nil {
				return err
			}
			_, err := s.DeleteUser(context.Background(), r.User)
			return err
		},
		"replaced after it has moved": func(s *move.Store, r store.Record) error {
			now, err := s.Load(context.Background(), r.ID)
			if err != nil {
				return err
			}
			now.ID, now.User = store.NewID(), "someone else"
			return s.Create(context.Background(), now, r.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			old, fresh, r := memory.New(), memory.New(), session("ada")
			must(t, old.Create(t.Context(), r, store.ID{}))
			creates := &late{Store: fresh, create: make(chan struct{}), save: make(chan struct{})}
			settles := &late{Store: fresh, save: make(chan struct{})}
			var nodes sync.WaitGroup
			for _, l := range []*late{creates, settles} {
				l.held = make(chan struct{})
				nodes.Go(func() {
					_, _ = move.From(old, l).Load(context.Background(), r.ID)
					close(l.held)
				})
				<-l.held
			}
			must(t, end(move.From(old, fresh), r))
			creates.create <- struct{}{}
			<-creates.held // before its next step, or done
			close(settles.save)
			for range settles.held { // further steps
			}
			close(creates.create)
			close(creates.save)
			for range creates.held {
			}
			nodes.Wait()
			if _, err := move.To(old, fresh).Load(t.Context(), r.ID); err != store.ErrNotFound {
				t.Errorf("in the end: %v", err)
			}
			if list, _ := move.To(old, fresh).List(t.Context(), store.Query{User: "ada"}); len(list) > 0 {
				t.Errorf("in the end there is %+v", list)
			}
			if now, err := fresh.Load(t.Context(), r.ID); err == nil && now.Secret == r.Secret {
				t.Error("what is left opens to the old ticket")
			}
		})
	}
}

// set saves a key as sessions do: again after a conflict.
func set(s store.Store, id store.ID, key string) error {
	for {
		r, err := s.Load(context.Background(), id)
		if err != nil {
			return err
		}
		r.Data = r.Data.With(store.Change{Key: key, Value: store.Value{JSON: "1"}})
		if err = s.Save(context.Background(), r); err != store.ErrConflict {
			return err
		}
	}
}

func TestCopy(t *testing.T) {
	old, fresh := memory.New(), memory.New()
	var all []store.Record
	for i := range 1203 {
		r := session(fmt.Sprint("u", i%7))
		must(t, old.Create(t.Context(), r, store.ID{}))
		all = append(all, r)
	}
	must(t, old.SetNotBefore(t.Context(), "u1", time.Now()))
	report, err := move.Copy(t.Context(), old, fresh, move.Options{})
	must(t, err)
	if err := report.Err(); err != nil || report.To.Records != 1203 || report.Cutoffs != 1 {
		t.Errorf("copied %+v, %v", report, err)
	}

	// The old one goes on, and is copied again.
	r := all[5]
	must(t, set(old, r.ID, "more"))
	_, err = old.Delete(t.Context(), all[6].ID)
	must(t, err)
	report, err = move.Copy(t.Context(), old, fresh, move.Options{})
	must(t, err)
	if report.Err() == nil || report.Extra != 1 {
		t.Errorf("one that was ended: %+v, %v", report, report.Err())
	}
	report, err = move.Copy(t.Context(), old, fresh, move.Options{DeleteExtras: true})
	must(t, err)
	if err := report.Err(); err != nil || report.To.Records != 1202 {
		t.Errorf("copied again %+v, %v", report, err)
	}
	if got, err := fresh.Load(t.Context(), r.ID); err != nil || got.Data.Len() <= r.Data.Len() {
		t.Errorf("the change was not copied: %+v, %v", got, err)
	}
}

func TestMove(t *testing.T) {
	old, fresh := memory.New(), memory.New()
	for range 1203 {
		must(t, old.Create(t.Context(), session("ada"), store.ID{}))
	}
	node := move.From(old, fresh)
	list, _ := node.List(t.Context(), store.Query{Limit: 1000})
	var running sync.WaitGroup
	for _, r := range list[:50] {
		running.Go(func() {
			if err := set(node, r.ID, "in use"); err != nil {
				t.Error(err)
			}
		})
	}
	report, err := move.Copy(t.Context(), old, fresh, move.Options{Move: true})
	must(t, err)
	running.Wait()
	n, _ := fresh.Count(t.Context(), "", time.Time{})
	if err := report.Err(); err != nil || report.Left != 0 || n != 1203 {
		t.Errorf("moved %+v, %v; %d there", report, err, n)
	}
	for _, r := range list[:50] {
		if got, err := fresh.Load(t.Context(), r.ID); err != nil || got.Data.Len() <= r.Data.Len() {
			t.Errorf("a change is lost: %+v, %v", got, err)
		}
	}
}
