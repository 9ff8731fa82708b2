package servers

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// Trimmed lets minutes pass, and looks which changes are still written down: none that was committed long ago, and all
// that were committed in the last minute, however early they were made.
func Trimmed(t *testing.T, s Server, d sqlstore.Dialect, insert string) {
	database := s.Create(t)
	synctest.Test(t, func(t *testing.T) {
		db := s.Open(t, database)
		st := sqlstore.New(db, d)
		must(t, st.Prepare(t.Context()))
		tx, err := db.Begin()
		must(t, err)
		must(t, st.Create(t.Context(), Session("first"), store.ID{}))
		late := store.NewID()
		_, err = tx.Exec(insert, late[:])
		must(t, err)
		for i := range 3 {
			time.Sleep(31 * time.Second) // no time passes while the store talks with the server
			must(t, st.Create(t.Context(), Session("ada"), store.ID{}))
			if i == 0 {
				time.Sleep(time.Second)
				must(t, tx.Commit())
			}
		}
		must(t, st.Close(context.Background()))
	})
	db := s.Open(t, database)
	for _, c := range []struct {
		name, user  string
		least, most int
	}{{"the first", "first", 0, 0}, {"the later ones", "ada", 2, 3}, {"the late one", "", 1, 1}} {
		var n int
		must(t, db.QueryRow(`SELECT count(*) FROM coatcheck_changes WHERE owner = '`+c.user+`'`).Scan(&n))
		if n < c.least || n > c.most {
			t.Errorf("of %s %d are left, want %d to %d", c.name, n, c.least, c.most)
		}
	}
}
