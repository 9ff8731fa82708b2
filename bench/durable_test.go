package bench

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/scs/sqlite3store"
	_ "modernc.org/sqlite"

	sqlstore "coatcheck.dev/store/sql"
)

// BenchmarkDurableSignIn signs users in, each sign-in durable in an SQLite file before its answer goes out:
// write-ahead log, synchronous=FULL, one driver. Everybody who signs in at once is another user. The limit is to
// append one record to a file and to wait for the disk, by one goroutine.
func BenchmarkDurableSignIn(b *testing.B) {
	b.Run("limit/one", limitDurable)
	for _, site := range []struct {
		name string
		open func(*testing.B) site
	}{{"coatcheck", coatcheckSQLite}, {"scs", scsSQLite}} {
		for _, load := range []struct {
			name       string
			goroutines int
		}{{"one", 1}, {"64", 64}} {
			b.Run(site.name+"/"+load.name, func(b *testing.B) {
				s := site.open(b)
				defer s.close()
				benchSignIn(b, s, load.goroutines)
			})
		}
	}
}

func benchSignIn(b *testing.B, s site, goroutines int) {
	var users, left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan struct{})
	b.ReportAllocs()
	b.ResetTimer()
	for range goroutines {
		go func() {
			defer func() { done <- struct{}{} }()
			r := request("")
			w := newNullWriter()
			var user string
			h := s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.signIn(w, r, user, false) }))
			for left.Add(-1) >= 0 {
				clear(w.h)
				user = fmt.Sprintf("user-%d", users.Add(1))
				h.ServeHTTP(w, r)
				cookieOf(w)
			}
		}()
	}
	for range goroutines {
		<-done
	}
}

func limitDurable(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	must(err)
	defer f.Close()
	record := make([]byte, 256)
	for b.Loop() {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		must(f.Sync())
	}
}

// coatcheckSQLite sets the journal and synchronous=FULL itself, and writes from one goroutine; others read beside it.
// Package database/sql keeps only two connections that are not in use, and would open and close one for nearly every
// read.
func coatcheckSQLite(b *testing.B) site {
	db := openSQLite(b, "")
	db.SetMaxOpenConns(coatcheckConns)
	db.SetMaxIdleConns(coatcheckConns)
	s := coatcheckSite(sqlstore.New(db, sqlstore.SQLite))
	stop := s.close
	s.close = func() { stop(); must(db.Close()) }
	return s
}

// scsSQLite gives scs what serves it best: one connection. With several their transactions find the database locked,
// and wait for each other longer than for the disk.
func scsSQLite(b *testing.B) site {
	db := openSQLite(b, "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_txlock=immediate")
	db.SetMaxOpenConns(scsConns)
	_, err := db.Exec(`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL);
		CREATE INDEX sessions_expiry_idx ON sessions(expiry)`)
	must(err)
	s := scsSite(sqlite3store.NewWithCleanupInterval(db, 0), 0)
	s.close = func() { must(db.Close()) }
	return s
}

const (
	coatcheckConns = 8
	scsConns       = 1
)

func openSQLite(b *testing.B, options string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "sessions.db")+options)
	must(err)
	return db
}
