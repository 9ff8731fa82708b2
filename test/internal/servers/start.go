package servers

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// PreparedAtOnce has eight programs find an empty database at the same moment, some of which write at once.
func PreparedAtOnce(t *testing.T, s Server, d sqlstore.Dialect) {
	for range 3 {
		database := s.Create(t)
		begin, done := make(chan struct{}), new(sync.WaitGroup)
		for i := range 8 {
			st, _ := open(t, s, d, database)
			done.Go(func() {
				<-begin
				if i%2 == 0 {
					if err := st.Prepare(t.Context()); err != nil {
						t.Errorf("prepare: %v", err)
					}
				}
				if err := st.Create(t.Context(), Session("ada"), store.ID{}); err != nil {
					t.Errorf("create: %v", err)
				}
			})
		}
		close(begin)
		done.Wait()
		st, _ := open(t, s, d, database)
		if n, err := st.Count(t.Context(), "ada", time.Time{}); n != 8 || err != nil {
			t.Errorf("count: got %d, %v; want 8", n, err)
		}
	}
}

// NewerIsRefused has a program find tables of a version that it does not know.
func NewerIsRefused(t *testing.T, s Server, d sqlstore.Dialect) {
	database := s.Create(t)
	st, db := open(t, s, d, database)
	must(t, st.Prepare(t.Context()))
	_, err := db.Exec(`UPDATE coatcheck_schema SET version = 99`)
	must(t, err)
	older, _ := open(t, s, d, database)
	err = older.Create(t.Context(), Session("ada"), store.ID{})
	if err == nil || !strings.Contains(err.Error(), "use a newer version") {
		t.Errorf("create: got %v, want to be told to use a newer version", err)
	}
	var n int
	if must(t, db.QueryRow(`SELECT count(*) FROM coatcheck_sessions`).Scan(&n)); n != 0 {
		t.Errorf("%d records were created", n)
	}
}

// ClosedIsClosed has a store used after it was closed.
func ClosedIsClosed(t *testing.T, s Server, d sqlstore.Dialect) {
	st, _ := open(t, s, d, s.Create(t))
	must(t, st.Create(t.Context(), Session("ada"), store.ID{}))
	must(t, st.Close(context.Background()))
	if err := st.Create(t.Context(), Session("ada"), store.ID{}); err == nil ||
		!strings.Contains(err.Error(), "closed") {
		t.Errorf("create: got %v, want to be told that the store is closed", err)
	}
}
