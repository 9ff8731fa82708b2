package bench

import (
	"database/sql"
	"net"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// find returns a program that a benchmark needs. Without it the benchmark is skipped, and by name.
func find(b *testing.B, names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	b.Skipf("missing: %s (make deps installs it on Debian)", names[0])
	return ""
}

// run starts a server in a folder and ends it with the benchmark.
func run(b *testing.B, folder string, name string, args ...string) {
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func freePort() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// await waits until a server answers.
func await(b *testing.B, answers func() error) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := answers()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}

// startRedis starts a Redis that keeps its sessions as it is mostly run, with an append-only file that is synced each
// second.
func startRedis(b *testing.B) (addr string) {
	path := find(b, "redis-server", "valkey-server")
	port := freePort()
	run(b, b.TempDir(), path, "--bind", "127.0.0.1", "--port", port, "--save", "",
		"--appendonly", "yes", "--appendfsync", "everysec")
	addr = "127.0.0.1:" + port
	await(b, func() error {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err
	})
	return addr
}

// startPostgres starts a PostgreSQL as it comes.
func startPostgres(b *testing.B) (dsn string) {
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	server, err := filepath.EvalSymlinks(find(b, append([]string{"postgres"}, debian...)...))
	must(err)
	folder, err := os.MkdirTemp("", "coatcheck-bench-")
	must(err)
	b.Cleanup(func() { os.RemoveAll(folder) })
	data, port := filepath.Join(folder, "data"), freePort()
	as := asPostgres(b, folder)
	initdb := append(as, filepath.Join(filepath.Dir(server), "initdb"), "-D", data,
		"-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C")
	if out, err := exec.Command(initdb[0], initdb[1:]...).CombinedOutput(); err != nil {
		b.Fatalf("initdb: %v\n%s", err, out)
	}
	start := append(as, server, "-D", data,
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+port, "-c", "unix_socket_directories=")
	run(b, folder, start[0], start[1:]...)
	dsn = "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	db, err := sql.Open("pgx", dsn)
	must(err)
	defer db.Close()
	await(b, db.Ping)
	return dsn
}

// asPostgres returns what a command begins with to run as the user of PostgreSQL's package, as it refuses to run as
// root.
func asPostgres(b *testing.B, folder string) []string {
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := osuser.Lookup("postgres")
	must(err)
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	must(os.Chown(folder, uid, gid))
	as := []string{find(b, "setpriv"), "--reuid=" + owner.Uid, "--regid=" + owner.Gid, "--clear-groups",
		"--pdeathsig=KILL", "--"}
	return as[:len(as):len(as)]
}
