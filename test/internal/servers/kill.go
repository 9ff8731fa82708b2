package servers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/trial"
)

// A fate is what is known of a record after the server was killed.
type fate struct {
	record  store.Record
	version uint64 // that was acknowledged last; 0: none
	ended   bool   // the end was acknowledged
	unsure  bool   // a call was under way: what it would have done may be so
}

// Killed kills the server again and again while sessions are created, saved, replaced and revoked, and looks whether
// all that was acknowledged is so.
func Killed(t *testing.T, s Server, d sqlstore.Dialect, rounds int) {
	database := s.Create(t)
	acknowledged, chance := 0, trial.Chance(t)
	for round := range rounds {
		st, db := open(t, s, d, database)
		must(t, st.Prepare(t.Context()))
		var mu sync.Mutex
		var fates []*fate
		var done sync.WaitGroup
		lived := make(chan struct{}, 1)
		for w := range 6 {
			done.Go(func() {
				for i := 0; ; i++ {
					mine, ok := live(t.Context(), st, fmt.Sprintf("user %d of %d, %d", w, round, i), i)
					mu.Lock()
					fates = append(fates, mine...)
					mu.Unlock()
					select {
					case lived <- struct{}{}:
					default:
					}
					if !ok {
						return
					}
				}
			})
		}
		gone := make(chan struct{})
		go func() { done.Wait(); close(gone) }()
		for range 20 + chance.IntN(100) { // lives until the power is cut
			select {
			case <-lived:
			case <-gone:
				t.Fatal("calls fail although the server runs")
			}
		}
		s.Kill()
		<-gone
		s.Restart()
		for _, f := range fates {
			acknowledged += f.check(t, st)
		}
		must(t, st.Close(context.Background()))
		db.Close()
		if t.Failed() {
			return
		}
	}
	if acknowledged < 20*rounds {
		t.Errorf("only %d changes were acknowledged in %d rounds", acknowledged, rounds)
	}
	t.Logf("%d acknowledged changes survived %d kills", acknowledged, rounds)
}

// live is the life of a session, or of two of which one replaces the other, until a call fails.
func live(ctx context.Context, st *sqlstore.Store, user string, i int) ([]*fate, bool) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	f := &fate{record: Session(user)}
	all := []*fate{f}
	if err := st.Create(ctx, f.record, store.ID{}); err != nil {
		f.unsure = true
		return all, false
	}
	f.version = 1
	f.record.Version = 1
	if err := st.Save(ctx, f.record); err != nil {
		f.unsure = true
		return all, false
	}
	f.version = 2
	var err error
	switch i % 4 {
	case 0:
		_, err = st.Delete(ctx, f.record.ID)
	case 1:
		_, err = st.DeleteUser(ctx, user)
	case 2:
		next := &fate{record: Session(user + " again")}
		next.record.Version = 2
		all = append(all, next)
		if err = st.Create(ctx, next.record, f.record.ID); err == nil {
			next.version = 1
		} else {
			next.unsure = true
		}
	default:
		return all, true
	}
	f.ended, f.unsure = err == nil, err != nil
	return all, err == nil
}

// check compares a fate with what is there, and returns how much of it had been acknowledged.
func (f *fate) check(t *testing.T, st *sqlstore.Store) int {
	t.Helper()
	got, err := st.Load(t.Context(), f.record.ID)
	gone := errors.Is(err, store.ErrNotFound)
	switch {
	case err != nil && !gone:
		t.Errorf("load: %v", err)
	case f.ended && !gone:
		t.Errorf("a session came back, in version %d, after its end was acknowledged", got.Version)
	case !f.ended && gone && f.version > 0 && !f.unsure:
		t.Errorf("a session is gone that was acknowledged in version %d", f.version)
	case !gone && got.Version < f.version:
		t.Errorf("a session is in version %d, and %d was acknowledged", got.Version, f.version)
	case !gone && got.User != f.record.User:
		t.Errorf("a session of %q has become that of %q", f.record.User, got.User)
	}
	if f.ended {
		return int(f.version) + 1
	}
	return int(f.version)
}
