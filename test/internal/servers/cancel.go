package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// Cancelled has calls cancelled at random points, and looks after each whether the next answer is that to the next
// question.
func Cancelled(t *testing.T, s Server, d sqlstore.Dialect, times int) {
	st, db := open(t, s, d, s.Create(t))
	db.SetMaxOpenConns(4) // fewer than callers, so that connections go around
	must(t, st.Prepare(t.Context()))
	const callers = 8
	var done sync.WaitGroup
	for i := range callers {
		r := Session(fmt.Sprintf("user %d", i))
		must(t, st.Create(t.Context(), r, store.ID{}))
		done.Go(func() {
			for n := 0; n < times/callers && !t.Failed(); n++ {
				interrupt(t.Context(), st, r)
				own(t, st, r)
			}
		})
	}
	done.Wait()
}

// interrupt makes a call that is cancelled while it runs, most often.
func interrupt(ctx context.Context, st *sqlstore.Store, r store.Record) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, cancel).Stop()
	switch rand.IntN(5) {
	case 0:
		_, _ = st.Load(ctx, r.ID)
	case 1:
		_, _ = st.List(ctx, store.Query{User: r.User})
	case 2:
		if got, err := st.Load(ctx, r.ID); err == nil {
			_ = st.Save(ctx, got)
		}
	case 3:
		_ = st.Touch(ctx, []store.Seen{{ID: r.ID, At: r.LastSeen.Add(time.Second)}})
	default:
		_, _ = st.DeleteUser(ctx, r.User, r.ID)
	}
}

// own looks whether a caller sees what is theirs, and nothing else.
func own(t *testing.T, st *sqlstore.Store, r store.Record) {
	got, err := st.Load(t.Context(), r.ID)
	if err != nil {
		t.Errorf("load: %v", err)
		return
	}
	if value, _ := got.Data.Get("owner"); got.ID != r.ID || got.User != r.User || value.JSON != `"`+r.User+`"` {
		t.Errorf("%s got the session of %q with %v", r.User, got.User, value)
	}
	list, err := st.List(t.Context(), store.Query{User: r.User})
	if err != nil || len(list) != 1 || list[0].ID != r.ID {
		t.Errorf("%s lists %d sessions, %v; want their own", r.User, len(list), err)
	}
	if _, err := st.Load(t.Context(), store.NewID()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("load of what never was: %v", err)
	}
}
