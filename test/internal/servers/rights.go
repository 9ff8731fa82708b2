package servers

import (
	"database/sql"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// FewRights has a user who may do no more than the documentation names do everything, on tables that somebody else has
// made.
func FewRights(t *testing.T, db *sql.DB, d sqlstore.Dialect) {
	ctx := t.Context()
	st := sqlstore.New(db, d)
	e := Hear(t, st)
	t.Cleanup(func() { _ = st.Close(ctx) })
	r := Session("ada")
	must(t, st.Create(ctx, r, store.ID{}))
	r.Version = 1
	must(t, st.Save(ctx, r))
	must(t, st.Touch(ctx, []store.Seen{{ID: r.ID, At: time.Now()}}))
	next := Session("ada")
	next.Version = 2
	must(t, st.Create(ctx, next, r.ID))
	must(t, st.SetNotBefore(ctx, "ada", time.Now()))
	if ids, err := st.DeleteUser(ctx, "ada"); err != nil || len(ids) != 1 {
		t.Errorf("delete user: got %v, %v; want one", ids, err)
	}
	must(t, st.Create(ctx, r, store.ID{}))
	if found, err := st.Delete(ctx, r.ID); err != nil || !found {
		t.Errorf("delete: got %v, %v", found, err)
	}
	must(t, st.Create(ctx, r, store.ID{}))
	if n, err := st.Sweep(ctx, time.Now().Add(24*time.Hour), 10); err != nil || n != 1 {
		t.Errorf("sweep: got %d, %v; want 1", n, err)
	}
	e.Told(t, store.Swept, r.ID)
	if _, err := st.Check(ctx); err != nil {
		t.Errorf("check: %v", err)
	}
}
