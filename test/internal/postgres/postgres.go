// Package postgres starts real PostgreSQL servers, and poolers in front of them, for tests.
//
// A server has its own data folder and listens on a loopback port of its own. It is shared by the cases of a test, each
// with a database of its own:
//
//	server := postgres.Start(t)
//	db := server.Open(t, server.Create(t))
//
// It does not wait for the disk unless it is told to ("fsync=on"): only tests that kill it have a use for that.
package postgres

import (
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// Owner is the user that PostgreSQL's Debian package makes: neither PostgreSQL nor a pooler runs as root.
const Owner = "postgres"

// A Server is a PostgreSQL that runs, or ran.
type Server struct {
	Addr string

	t    testing.TB
	proc *proc.Process

	mu   sync.Mutex
	made int
	free []string // databases that are empty again
}

// Start starts a PostgreSQL with a new data folder and settings of its own, such as "max_connections=10".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	return StartIn(t, proc.Home(t, Owner), settings...)
}

// StartIn is Start with the data folder in a folder of the Owner's.
func StartIn(t testing.TB, folder string, settings ...string) *Server {
	t.Helper()
	server, initdb := find(t)
	s := &Server{Addr: proc.FreeAddrs(t, 1)[0], t: t}
	host, port, _ := net.SplitHostPort(s.Addr)
	data := filepath.Join(folder, "data")
	args := []string{"-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C"}
	if code := proc.Start(t,
		proc.Spec{Path: initdb, Args: args, Dir: folder, User: Owner, Timeout: time.Minute}).Wait(); code != 0 {
		t.Fatalf("initdb ended with %d", code)
	}
	args = []string{"-D", data}
	for _, setting := range append([]string{"listen_addresses=" + host, "port=" + port, "unix_socket_directories=",
		"fsync=off", "max_connections=200"}, settings...) {
		args = append(args, "-c", setting)
	}
	s.start(proc.Spec{Path: server, Args: args, Dir: folder, User: Owner})
	return s
}

func (s *Server) start(spec proc.Spec) {
	s.t.Helper()
	s.proc = proc.Start(s.t, spec)
	s.Revive()
}

// Revive returns when the server answers, and starts it again if it has ended.
func (s *Server) Revive() {
	s.t.Helper()
	db, err := sql.Open("pgx", s.DSN("postgres"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for deadline := time.Now().Add(time.Minute); db.Ping() != nil; time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.proc.Done(): // what the one before has left behind may not be gone yet
			s.proc = proc.Start(s.t, s.proc.Spec)
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatal("PostgreSQL does not answer")
		}
	}
}

// Kill ends the server as a power cut would, but for what the operating system has not yet written.
func (s *Server) Kill() {
	s.t.Helper()
	s.proc.Kill()
}

// Restart starts the server again that was killed.
func (s *Server) Restart() {
	s.t.Helper()
	s.start(s.proc.Spec)
}

// Create returns the name of an empty database, which is the test's until it ends.
func (s *Server) Create(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var name string
	if n := len(s.free); n > 0 {
		name, s.free = s.free[n-1], s.free[:n-1]
	} else {
		s.made++
		name = fmt.Sprintf("test%d", s.made)
		s.do(t, "postgres", "CREATE DATABASE "+name)
	}
	t.Cleanup(func() { // to empty one takes a tenth of the time that it takes to make one
		select {
		case <-s.proc.Done(): // with all that it had
			return
		default:
		}
		s.do(t, name, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, name)
	})
	return name
}

func (s *Server) do(t testing.TB, database string, texts ...string) {
	t.Helper()
	db := s.Open(t, database)
	defer db.Close()
	for _, text := range texts {
		_, err := db.Exec(text)
		// A server that takes few connections may not have noticed yet that the test has closed its own.
		for deadline := time.Now().Add(10 * time.Second); err != nil && strings.Contains(err.Error(), "53300") &&
			time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			_, err = db.Exec(text)
		}
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// DSN returns the address of a database, for the driver pgx, with parameters such as "default_query_exec_mode=exec".
func (s *Server) DSN(database string, params ...string) string {
	return s.DSNOf("postgres", database, params...)
}

// DSNOf is DSN for another user than the one who may do everything.
func (s *Server) DSNOf(user, database string, params ...string) string {
	return dsn(user, s.Addr, database, params)
}

func dsn(user, addr, database string, params []string) string {
	return "postgres://" + user + "@" + addr + "/" + database + "?" + strings.Join(append([]string{"sslmode=disable"},
		params...), "&")
}

// Open opens a database until the test ends.
func (s *Server) Open(t testing.TB, database string, params ...string) *sql.DB {
	t.Helper()
	return open(t, s.DSN(database, params...))
}

func open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// find returns the server and what makes its data folder. Debian keeps each version in a folder of its own.
func find(t testing.TB) (server, initdb string) {
	t.Helper()
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	server, err := filepath.EvalSymlinks(tool.Find(t, append([]string{"postgres"}, debian...)...))
	if err != nil {
		t.Fatal(err)
	}
	return server, filepath.Join(filepath.Dir(server), "initdb")
}

// Output is what the server has printed since it was started last.
func (s *Server) Output() string { return s.proc.Output() }
