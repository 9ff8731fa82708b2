package servers

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// FewRights has the user app, who may do no more than the documentation names, do everything on tables that somebody
// else has made. It returns both, for what another kind of server does not have.
func (k Kind) FewRights(t *testing.T, statements ...string) (owner *Box, app *sql.DB) {
	t.Parallel()
	owner, app = k.app(t, statements)
	ctx := t.Context()
	st := sqlstore.New(app, k.Dialect)
	must(t, st.Prepare(ctx))
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
	return owner, app
}

// rights are what a user needs on each table to write and remove a row there.
var rights = map[string][]string{
	"coatcheck_sessions": {"SELECT", "INSERT", "UPDATE", "DELETE"},
	"coatcheck_switches": {"SELECT", "INSERT", "UPDATE", "DELETE"},
	"coatcheck_changes":  {"SELECT", "INSERT", "DELETE"},
}

// MissingRights has a store prepared by the user app, who lacks one right after the other. It is refused, and the error
// names what was refused; with the right back, all is well. Nothing of that is left in a table, nor told to anybody.
func (k Kind) MissingRights(t *testing.T, statements ...string) {
	t.Parallel()
	b, app := k.app(t, statements)
	ctx, d := t.Context(), k.Dialect
	exec := func(text string) {
		t.Helper()
		_, err := b.DB.Exec(text)
		must(t, err)
	}
	b.MustCreate(t)
	for table, all := range rights {
		for _, right := range all {
			exec("REVOKE " + right + " ON " + table + " FROM app")
			err := sqlstore.New(app, d).Prepare(ctx)
			if err == nil || !strings.Contains(err.Error(), table) || !strings.Contains(err.Error(), "lacks a right") ||
				right != "SELECT" && !strings.Contains(err.Error(), right) {
				t.Errorf("without %s on %s: got error %v", right, table, err)
			}
			exec("GRANT " + right + " ON " + table + " TO app")
		}
	}
	must(t, sqlstore.New(app, d).Prepare(ctx))
	exec("REVOKE SELECT ON coatcheck_schema FROM app")
	if made, err := sqlstore.New(app, d).Made(ctx); err == nil {
		t.Errorf("whoever may not look finds tables: %t", made)
	}
	exec("GRANT SELECT ON coatcheck_schema TO app")
	if made, err := sqlstore.New(app, d).Made(ctx); err != nil || !made {
		t.Errorf("whoever may look finds tables: %t, %v", made, err)
	}
	for table, want := range map[string]int{"coatcheck_sessions": 1, "coatcheck_switches": 0, "coatcheck_changes": 1} {
		var rows int
		must(t, b.DB.QueryRow("SELECT count(*) FROM "+table).Scan(&rows))
		if rows != want {
			t.Errorf("%s has %d rows, want %d: those of the session", table, rows, want)
		}
	}
}
