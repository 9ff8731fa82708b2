// Package mariadb starts real MariaDB servers for tests.
//
// A server has its own data folder and listens on a loopback port of its own. It is shared by the cases of a test, each
// with a database of its own:
//
//	server := mariadb.Start(t)
//	db := server.Open(t, server.Create(t))
//
// It does not wait for the disk unless it is told to ("innodb_flush_log_at_trx_commit=1").
package mariadb

import (
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// Owner is the user that MariaDB's Debian package makes.
const Owner = "mysql"

// A Server is a MariaDB that runs, or ran.
type Server struct {
	Addr string

	t    testing.TB
	proc *proc.Process

	mu   sync.Mutex
	made int
}

// Start starts a MariaDB with a new data folder and settings of its own, such as "max_connections=10".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	return StartIn(t, proc.Home(t, Owner), settings...)
}

// StartIn is Start with the data folder in a folder of the Owner's.
func StartIn(t testing.TB, folder string, settings ...string) *Server {
	t.Helper()
	server := tool.Find(t, "mariadbd", "/usr/sbin/mariadbd")
	install := tool.Find(t, "mariadb-install-db")
	s := &Server{Addr: proc.FreeAddrs(t, 1)[0], t: t}
	host, port, _ := net.SplitHostPort(s.Addr)
	data := filepath.Join(folder, "data")
	args := []string{"--no-defaults", "--datadir=" + data, "--auth-root-authentication-method=normal", "--skip-test-db",
		"--skip-name-resolve",
		"--tmpdir=" + folder} // a server that starts removes what others have in a folder that they share
	if code := proc.Start(t,
		proc.Spec{Path: install, Args: args, Dir: folder, User: Owner, Timeout: time.Minute}).Wait(); code != 0 {
		t.Fatalf("mariadb-install-db ended with %d", code)
	}
	args = []string{"--no-defaults", "--datadir=" + data, "--bind-address=" + host, "--port=" + port,
		"--socket=" + filepath.Join(folder, "socket"), "--pid-file=" + filepath.Join(folder, "pid"),
		"--skip-name-resolve", "--max-connections=200",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--innodb-file-per-table=0",
		"--tmpdir=" + folder}
	for _, setting := range settings {
		args = append(args, "--"+setting)
	}
	s.start(proc.Spec{Path: server, Args: args, Dir: folder, User: Owner})
	return s
}

func (s *Server) start(spec proc.Spec) {
	s.t.Helper()
	s.proc = proc.Start(s.t, spec)
	s.proc.AwaitListening(s.Addr)
	s.Revive()
}

// Revive returns when the server answers, and starts it again if it has ended.
func (s *Server) Revive() {
	s.t.Helper()
	db, err := sql.Open("mysql", s.DSN(""))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for deadline := time.Now().Add(time.Minute); db.Ping() != nil; time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.proc.Done():
			s.proc = proc.Start(s.t, s.proc.Spec)
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("MariaDB does not answer: %v", db.Ping())
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

// Create makes a database and returns its name. It is the test's until that ends.
func (s *Server) Create(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	s.made++
	name := fmt.Sprintf("test%d", s.made)
	s.mu.Unlock()
	s.do(t, "CREATE DATABASE "+name)
	t.Cleanup(func() {
		select {
		case <-s.proc.Done(): // with all that it had
		default:
			s.do(t, "DROP DATABASE "+name)
		}
	})
	return name
}

func (s *Server) do(t testing.TB, text string) {
	t.Helper()
	db := s.Open(t, "")
	defer db.Close()
	_, err := db.Exec(text)
	// A server that takes few connections may not have noticed yet that the test has closed its own.
	for deadline := time.Now().Add(10 * time.Second); err != nil && strings.Contains(err.Error(), "1040") &&
		time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		_, err = db.Exec(text)
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// DSN returns the address of a database for the driver mysql, with parameters such as "interpolateParams=true".
func (s *Server) DSN(database string, params ...string) string {
	return s.DSNOf("root", database, params...)
}

// DSNOf is DSN for another user than the one who may do everything.
func (s *Server) DSNOf(user, database string, params ...string) string {
	return user + "@tcp(" + s.Addr + ")/" + database + "?" + strings.Join(params, "&")
}

// Open opens a database until the test ends.
func (s *Server) Open(t testing.TB, database string, params ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", s.DSN(database, params...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
