package servers

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/storetest"
)

// A Box is a store with its pool.
type Box struct {
	*sqlstore.Store
	DB *sql.DB
}

// NewBox makes a store on a pool, and closes it at the end of the test.
func NewBox(t testing.TB, db *sql.DB, d sqlstore.Dialect, options ...sqlstore.Options) *Box {
	t.Helper()
	b := &Box{sqlstore.New(db, d, options...), db}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// Session returns a record of a user, whose data says whose it is.
func Session(user string) store.Record {
	now := time.UnixMicro(time.Now().UnixMicro()).UTC()
	return store.Record{
		ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
		IdleTimeout: time.Minute,
		Auth:        []store.Auth{{Method: "password", At: now}},
		Data:        store.Data{}.With(store.Change{Key: "owner", Value: store.Value{JSON: `"` + user + `"`}}),
	}
}

// MustCreate adds a session that must be accepted.
func (b *Box) MustCreate(t testing.TB) store.Record {
	t.Helper()
	r := Session("ada")
	must(t, b.Create(context.Background(), r, store.ID{}))
	return r
}

// Contract runs the suite of all stores. open makes a store on a database; damage is the statement that spoils the
// record of an ID.
func Contract(t *testing.T, s Server, damage string, open func(t *testing.T, database string) *Box) {
	databases := make(map[store.Store]string)
	box := func(t *testing.T, database string) store.Store {
		b := open(t, database)
		b.DB.SetMaxOpenConns(16)
		databases[b] = database
		return b
	}
	storetest.Harness{
		New: func(t *testing.T) store.Store { return box(t, s.Create(t)) },
		Reopen: func(t *testing.T, s store.Store) store.Store {
			must(t, s.(*Box).Close(t.Context()))
			s.(*Box).DB.Close()
			return box(t, databases[s])
		},
		Damage: func(t *testing.T, s store.Store, id store.ID) {
			_, err := s.(*Box).DB.Exec(damage, id[:])
			must(t, err)
		},
		Demote: func(t *testing.T, st store.Store) (restore func()) {
			s.Fence(t)
			// MariaDB goes on taking an administrator's writes, as those of the tests are: it is the feed that notices.
			for err := store.ErrNotFound; errors.Is(err, store.ErrNotFound); time.Sleep(time.Millisecond) {
				_, err = st.Load(t.Context(), store.NewID())
			}
			return func() { s.Unfence(t) }
		},
	}.Run(t)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
