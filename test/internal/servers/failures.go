package servers

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// Failures are the ways in which a server of a kind refuses a call.
type Failures struct {
	Settings []string // with which it has so few connections that a test can use them up
	Users    []string // statements that make the user reader, who may only read, and those of Refused

	Refused  map[string]string // the user of each case whom the server does not let in
	ReadOnly string            // the parameter of a session that takes no writes
	Hasty    string            // the parameter of a session whose statements may not take long
	Lock     string            // the statement that has writers wait
}

// FailuresSayWhatToDo has a server refuse calls in all its ways, and looks whether each error says what to do.
func (k Kind) FailuresSayWhatToDo(t *testing.T, f Failures) {
	t.Parallel()
	s := k.Start(t, f.Settings...)
	database := s.Create(t)
	b := NewBox(t, s.Open(t, database), k.Dialect)
	must(t, b.Prepare(t.Context()))
	b.DB.SetMaxIdleConns(0) // connections are few, and what one has locked is free when it is closed
	for _, text := range f.Users {
		_, err := b.DB.Exec(text)
		must(t, err)
	}
	type failure struct{ name, dsn, want string }
	cases := []failure{
		{"no such database", s.DSN("nowhere"), "no such database"},
		{"a right is missing", s.DSNOf("reader", database), "lacks a right"},
		{"read only", s.DSN(database, f.ReadOnly), "connect to the primary"},
		{"time is up", s.DSN(database, f.Hasty), "ran into its time limit"},
	}
	for name, user := range f.Refused {
		cases = append(cases, failure{name, s.DSNOf(user, database), "refuses the user"})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "ran into its time limit" {
				tx, err := b.DB.BeginTx(t.Context(), nil)
				must(t, err)
				defer tx.Rollback()
				_, err = tx.Exec(f.Lock)
				must(t, err)
			}
			k.refused(t, k.open(t, c.dsn), c.want)
		})
	}
	t.Run("too many connections", func(t *testing.T) {
		as := s.DSNOf("reader", database) // who may do everything has one in reserve
		for k.open(t, as).Ping() == nil {
		}
		k.refused(t, k.open(t, as), "no connection left")
	})
	s.Kill()
	t.Run("nobody there", func(t *testing.T) { k.refused(t, k.open(t, s.DSN(database)), "check that it runs") })
}

// refused looks whether a call is refused with what is wanted.
func (k Kind) refused(t *testing.T, db *sql.DB, want string) {
	t.Helper()
	err := sqlstore.New(db, k.Dialect).Create(context.Background(), Session("ada"), store.ID{})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want to be told %q", err, want)
	}
}
