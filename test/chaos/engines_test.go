package chaos

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to look into the file beside the site

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/disk"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/servers"
)

// An engine is a store with its server, if it has one, and what can happen to that.
type engine struct {
	kind   string
	nodes  int
	server string                                // its address
	store  func(addr string) string              // the address of the store, when the server is reached at addr
	faults map[string]func(*world) (undo func()) // nil for what cannot be done as this user
	// empty removes all records behind the back of the site; nothing is broken meanwhile.
	empty func()
}

var engines = map[string]func(*testing.T) engine{
	"sqlite": func(t *testing.T) engine {
		d := disk.New(t, "")
		file := "file:" + filepath.Join(d.Dir, "sessions.db") + "?_pragma=busy_timeout(10000)"
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		hoard, release := hoarding(t, db, sqlstore.SQLite)
		return engine{
			kind: "sqlite", nodes: 1, store: func(string) string { return file },
			empty:  func() { run(t, db, "DELETE FROM coatcheck_sessions") },
			faults: map[string]func(*world) func(){"the disk is full": full(d, hoard, release, func() {})},
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
		d := disk.New(t, "")
		server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always", "--dir", d.Dir)
		return engine{
			kind: "redis", nodes: 2, server: server.Addr, store: func(addr string) string { return addr },
			empty: func() { server.Do("FLUSHDB") },
			faults: map[string]func(*world) func(){
				"the server is killed": func(*world) func() { server.Kill(); return server.Restart },
				"the disk is full":     fullLog(d, server.Revive),
			},
		}
	},
	"postgres": func(t *testing.T) engine {
		d := disk.New(t, postgres.Owner)
		server := postgres.StartIn(t, d.Dir, "fsync=on", "max_wal_size=64MB")
		name := server.Create(t)
		dsn, db := server.DSN(name), server.Open(t, name)
		hoard, release := hoarding(t, db, sqlstore.PostgreSQL)
		again := func() { // one that has failed to recover waits for clients that say nothing, up to a minute
			server.Kill()
			server.Restart()
		}
		return engine{
			kind: "postgres", nodes: 2, server: server.Addr,
			store: func(addr string) string { return strings.Replace(dsn, server.Addr, addr, 1) },
			empty: func() { run(t, db, "TRUNCATE coatcheck_sessions") },
			faults: map[string]func(*world) func(){
				"the server is killed":        func(*world) func() { server.Kill(); return server.Restart },
				"the server takes no writes":  fenced(t, server),
				"the disk is full":            full(d, hoard, release, server.Revive),
				"the disk of the log is full": full(d, lengthen(db), func(context.Context) {}, again),
			},
		}
	},
	"mariadb": func(t *testing.T) engine {
		d := disk.New(t, mariadb.Owner)
		server := mariadb.StartIn(t, d.Dir, "innodb-flush-log-at-trx-commit=1", "innodb-autoextend-increment=1")
		name := server.Create(t)
		db := server.Open(t, name)
		for _, s := range []string{"CREATE USER app@'%'", "GRANT ALL ON " + name + ".* TO app@'%'"} {
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		hoard, release := hoarding(t, db, sqlstore.MySQL)
		return engine{
			kind: "mariadb", nodes: 2, server: server.Addr,
			store: func(addr string) string { return "app@tcp(" + addr + ")/" + name + "?interpolateParams=true" },
			empty: func() { run(t, db, "TRUNCATE coatcheck_sessions") },
			faults: map[string]func(*world) func(){
				"the server is killed":       func(*world) func() { server.Kill(); return server.Restart },
				"the server takes no writes": fenced(t, server),
				"the disk is full":           full(d, hoard, release, server.Revive),
			},
		}
	},
}

// full fills the disk of a database, and then what the database has put by.
func full(d *disk.Disk, useUp, giveBack func(context.Context), revive func()) func(*world) func() {
	if !d.Small {
		return nil
	}
	return func(*world) func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		d.Fill()
		useUp(ctx)
		return func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			d.Free()
			revive()
			giveBack(ctx)
		}
	}
}

// hoarding returns what stores sessions of nobody's, big ones and then small ones, until none has room, and what
// removes them. Either may fail: a node that stands still may have locked the database.
func hoarding(t *testing.T, db *sql.DB, d sqlstore.Dialect) (hoard, release func(context.Context)) {
	box := servers.NewBox(t, db, d)
	hoard = func(ctx context.Context) {
		for size := 10_000; size > 0; size /= 10 {
			for err := error(nil); err == nil; {
				r := servers.Session("nobody")
				big := store.Value{JSON: `"` + strings.Repeat("x", size) + `"`}
				r.Data = r.Data.With(store.Change{Key: "big", Value: big})
				err = box.Create(ctx, r, store.ID{})
			}
		}
	}
	return hoard, func(ctx context.Context) { box.DeleteUser(ctx, "nobody") }
}

// fullLog fills a disk to which a server only appends.
func fullLog(d *disk.Disk, revive func()) func(*world) func() {
	if !d.Small {
		return nil
	}
	return func(*world) func() {
		d.Fill()
		return func() {
			d.Free()
			revive()
		}
	}
}

// lengthen adds to PostgreSQL's log until it ends, in both senses of the word: its files have a fixed size.
func lengthen(db *sql.DB) func(context.Context) {
	return func(ctx context.Context) {
		for err := error(nil); err == nil; {
			_, err = db.ExecContext(ctx, "SELECT pg_logical_emit_message(false, '', repeat('x', 8000))")
		}
	}
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
