package e2e_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
)

// nameless are engines of which somebody can delete all cutoffs, and the store's name with them, below the program.
var nameless = map[string]func(testing.TB) (address string, forget func()){
	"sqlite": func(t testing.TB) (string, func()) {
		file := filepath.Join(t.TempDir(), "sessions.db")
		return "sqlite:" + file, func() {
			inDatabase(t, file, func(db *sql.DB) error { forget(t, db); return nil })
		}
	},
	"postgres": func(t testing.TB) (string, func()) {
		server := postgres.Start(t, "fsync=on")
		name := server.Create(t)
		return server.DSN(name), func() { forget(t, server.Open(t, name)) }
	},
	"mariadb": func(t testing.TB) (string, func()) {
		server := mariadb.Start(t, "innodb-flush-log-at-trx-commit=1")
		name := server.Create(t)
		return "mysql://root@" + server.Addr + "/" + name, func() { forget(t, server.Open(t, name)) }
	},
	"redis": func(t testing.TB) (string, func()) {
		node := redisserver.Start(t, careful...)
		return "redis://" + node.Addr, func() {
			if n := node.Do("DEL", "coatcheck:switches"); n != int64(1) {
				t.Fatalf("%v keys deleted", n)
			}
		}
	},
}

func forget(t testing.TB, db *sql.DB) {
	if _, err := db.Exec("DELETE FROM coatcheck_switches"); err != nil {
		t.Fatal(err)
	}
}

// A store that has lost its name counts as restored: nobody can tell which of the sessions in it had ended. A node
// notices that at its start, and while it runs if the store's feed crosses a network.
//
// Rows: I1
func TestStoreThatLostItsNameIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, start := range nameless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, forget := start(t)
			h := open(t, "demo", "--store", address)
			v, ada := signedIn(t, h)
			h.Term()
			h = h.reopen()
			v.at(h).is(ada) // it has its name
			if name != "sqlite" {
				other := open(t, "demo", "--store", address)
				v.at(other).is(ada)
				forget()
				v.at(h).soon(nobody)
				v.at(other).soon(nobody)
				h.Await(says("has lost its name"))
				v = newVisitor(t, other.site)
				v.signIn("ada")
				ada = me{"ada", []string{}, "light"}
				v.at(h).is(ada)
				other.Term()
			}
			h.Term()
			forget()
			if code, text := run(t, "doctor", "--store", address, "--data", h.data); code != 1 ||
				!strings.Contains(text, "✗ the store has lost its name") ||
				strings.Contains(text, "by hand ends within 10s on all nodes") == (name == "sqlite") {
				t.Errorf("the doctor ends with %d and says\n%s", code, text)
			}
			h = h.reopen()
			v.at(h).is(nobody)
			h.Await(says("has lost its name"))
			_, text := run(t, "doctor", "--store", address, "--data", h.data)
			if strings.Contains(text, "lost its name") {
				t.Errorf("in the end the doctor says\n%s", text)
			}
		})
	}
}
