package chaos

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to look into the file beside the site

	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
)

// An engine is a store with its server, if it has one, and what can happen to that.
type engine struct {
	kind   string
	nodes  int
	server string                   // its address
	store  func(addr string) string // the address of the store, when the server is reached at addr
	faults map[string]func(*world) (undo func())
	empty  func() // removes all records behind the back of the site; nothing is broken meanwhile
}

var engines = map[string]func(*testing.T) engine{
	"sqlite": func(t *testing.T) engine {
		file := "file:" + filepath.Join(t.TempDir(), "sessions.db") + "?_pragma=busy_timeout(10000)"
		return engine{
			kind: "sqlite", nodes: 1, store: func(string) string { return file },
			empty: func() {
				db, err := sql.Open("sqlite", file)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				run(t, db, "DELETE FROM coatcheck_sessions")
			},
		}
	},
	"sentinel": func(t *testing.T) engine {
		servers := redisserver.StartSentinels(t, 2, "--appendonly", "yes", "--appendfsync", "always")
		address := strings.Join(servers.Addrs, ",")
		return engine{
			kind: "sentinel", nodes: 2, store: func(string) string { return address },
			empty: func() { servers.Master().Do("FLUSHDB") },
			faults: map[string]func(*world) func(){
				"the master is killed": func(*world) func() {
					master := servers.Master()
					master.Kill()
					return func() {
						servers.AwaitMasterOtherThan(master)
						master.Restart()
						servers.AwaitWhole()
					}
				},
			},
		}
	},
	"redis": func(t *testing.T) engine {
		server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
		return engine{
			kind: "redis", nodes: 2, server: server.Addr, store: func(addr string) string { return addr },
			empty: func() { server.Do("FLUSHDB") },
			faults: map[string]func(*world) func(){
				"the server is killed": func(*world) func() { server.Kill(); return server.Restart },
			},
		}
	},
	"postgres": func(t *testing.T) engine {
		server := postgres.Start(t, "fsync=on")
		name := server.Create(t)
		dsn, db := server.DSN(name), server.Open(t, name)
		return engine{
			kind: "postgres", nodes: 2, server: server.Addr,
			store: func(addr string) string { return strings.Replace(dsn, server.Addr, addr, 1) },
			empty: func() { run(t, db, "TRUNCATE coatcheck_sessions") },
			faults: map[string]func(*world) func(){
				"the server is killed":       func(*world) func() { server.Kill(); return server.Restart },
				"the server takes no writes": fenced(t, server),
			},
		}
	},
	"mariadb": func(t *testing.T) engine {
		server := mariadb.Start(t, "innodb-flush-log-at-trx-commit=1")
		name := server.Create(t)
		db := server.Open(t, name)
		for _, s := range []string{"CREATE USER app@'%'", "GRANT ALL ON " + name + ".* TO app@'%'"} {
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		return engine{
			kind: "mariadb", nodes: 2, server: server.Addr,
			store: func(addr string) string { return "app@tcp(" + addr + ")/" + name + "?interpolateParams=true" },
			empty: func() { run(t, db, "TRUNCATE coatcheck_sessions") },
			faults: map[string]func(*world) func(){
				"the server is killed":       func(*world) func() { server.Kill(); return server.Restart },
				"the server takes no writes": fenced(t, server),
			},
		}
	},
}

// fenced has a server take no writes.
func fenced(t *testing.T, server interface {
	Fence(testing.TB)
	Unfence(testing.TB)
}) func(*world) func() {
	return func(*world) func() {
		server.Fence(t)
		return func() { server.Unfence(t) }
	}
}

// run runs statements on one connection, which must be accepted once the server answers.
func run(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range statements {
		if _, err := conn.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}
