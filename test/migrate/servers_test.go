package migrate_test

import (
	"database/sql"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// startPostgreSQL starts a PostgreSQL with a new data folder. The server refuses to run as root, so it runs as the user that
// its Debian package makes.
func startPostgreSQL(t *testing.T) *sql.DB {
	t.Helper()
	server, initdb := findPostgreSQL(t)
	addr := proc.FreeAddrs(t, 1)[0]
	host, port, _ := net.SplitHostPort(addr)

	folder, err := os.MkdirTemp("", "coatcheck-postgres-") // a test's own folder is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	data := filepath.Join(folder, "data")
	as := asServer(t, folder)
	run := func(path string, args ...string) *proc.Process {
		prefixed := append(append([]string(nil), as...), append([]string{path}, args...)...)
		return proc.Start(t, proc.Spec{Path: prefixed[0], Args: prefixed[1:], Dir: folder})
	}
	if code := run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C").Wait(); code != 0 {
		t.Fatalf("initdb ended with %d", code)
	}
	run(server, "-D", data, "-c", "listen_addresses="+host, "-c", "port="+port, "-c", "unix_socket_directories=",
		"-c", "fsync=off").AwaitListening(addr)
	db, err := sql.Open("pgx", "postgres://postgres@"+addr+"/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	awaitReady(t, db)
	return db
}

// asServer returns what a command begins with to run as a user who may start PostgreSQL, and gives them the folder.
func asServer(t *testing.T, folder string) []string {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("PostgreSQL is installed and its user is not: %v", err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	if err := os.Chown(folder, uid, gid); err != nil {
		t.Fatal(err)
	}
	return []string{tool.Find(t, "setpriv"), "--reuid=" + owner.Uid, "--regid=" + owner.Gid, "--clear-groups", "--pdeathsig=KILL", "--"}
}

// awaitReady waits until the server answers: it listens a moment before that.
func awaitReady(t *testing.T, db *sql.DB) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := db.Ping()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("PostgreSQL does not answer: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// findPostgreSQL returns the server and what makes its data folder. Debian keeps each version in a folder of its own.
func findPostgreSQL(t *testing.T) (server, initdb string) {
	t.Helper()
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	server, err := filepath.EvalSymlinks(tool.Find(t, append([]string{"postgres"}, debian...)...))
	if err != nil {
		t.Fatal(err)
	}
	return server, filepath.Join(filepath.Dir(server), "initdb")
}
