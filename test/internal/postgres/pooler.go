package postgres

import (
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"testing"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// A Pooler is a PgBouncer in transaction mode: each transaction may run on another connection of the server.
type Pooler struct{ Addr string }

// Pool starts a PgBouncer in front of the server, with few connections, so that they are handed around.
func (s *Server) Pool(t testing.TB) *Pooler {
	t.Helper()
	path := tool.Find(t, "pgbouncer", "/usr/sbin/pgbouncer")
	folder := proc.Home(t, Owner)
	p := &Pooler{Addr: proc.FreeAddrs(t, 1)[0]}
	host, port, _ := net.SplitHostPort(p.Addr)
	serverHost, serverPort, _ := net.SplitHostPort(s.Addr)
	config := filepath.Join(folder, "pgbouncer.ini")
	text := "[databases]\n* = host=" + serverHost + " port=" + serverPort + " user=postgres\n" +
		"[pgbouncer]\nlisten_addr=" + host + "\nlisten_port=" + port + "\nunix_socket_dir=\n" +
		"auth_type=any\npool_mode=transaction\ndefault_pool_size=4\nserver_idle_timeout=5\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	proc.Start(t, proc.Spec{Path: path, Args: []string{config}, Dir: folder, User: Owner}).AwaitListening(p.Addr)
	return p
}

// Open opens a database through the pooler until the test ends.
func (p *Pooler) Open(t testing.TB, database string, params ...string) *sql.DB {
	t.Helper()
	return open(t, dsn("postgres", p.Addr, database, params))
}
