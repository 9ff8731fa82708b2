package postgres

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// Standby starts a server that has all that this one has, and follows it.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	server, _ := find(t)
	backup := tool.Find(t, filepath.Join(filepath.Dir(server), "pg_basebackup"), "pg_basebackup")
	r := &Server{Addr: proc.FreeAddrs(t, 1)[0], t: t}
	folder := proc.Home(t, Owner)
	data := filepath.Join(folder, "data")
	host, port, _ := net.SplitHostPort(s.Addr)
	args := []string{"-h", host, "-p", port, "-U", "postgres", "-D", data, "-R", "-X", "stream", "-c", "fast"}
	if code := proc.Start(t,
		proc.Spec{Path: backup, Args: args, Dir: folder, User: Owner, Timeout: time.Minute}).Wait(); code != 0 {
		t.Fatalf("pg_basebackup ended with %d", code)
	}
	host, port, _ = net.SplitHostPort(r.Addr)
	r.start(proc.Spec{Path: server, Dir: folder, User: Owner, Args: []string{"-D", data, "-c", "fsync=off",
		"-c", "max_connections=200",
		"-c", "listen_addresses=" + host, "-c", "port=" + port, "-c", "unix_socket_directories="}})
	return r
}

// Fence has the server take no writes any more, in sessions that there are too.
func (s *Server) Fence(t testing.TB) {
	t.Helper()
	s.do(t, "postgres", "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
}

// Unfence has it take writes again.
func (s *Server) Unfence(t testing.TB) {
	t.Helper()
	s.do(t, "postgres", "SET default_transaction_read_only = off",
		"ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
}

// Promote makes a standby a server of its own, which takes writes when this returns.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.do(t, "postgres", "SELECT pg_promote()")
}
