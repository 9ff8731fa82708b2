package mariadb

import (
	"fmt"
	"net"
	"testing"
)

// Follow makes the server a replica of another one, which takes no writes itself. Both are started with log-bin and
// with a server-id of their own.
func (s *Server) Follow(t testing.TB, master *Server) {
	t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	s.Fence(t)
	s.do(t, fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%s, MASTER_USER='root', "+
		"MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1", host, port))
	s.do(t, "START SLAVE")
}

// Fence has the server take no writes any more.
func (s *Server) Fence(t testing.TB) {
	t.Helper()
	s.do(t, "SET GLOBAL read_only = 1")
}

// Unfence has it take writes again.
func (s *Server) Unfence(t testing.TB) {
	t.Helper()
	s.do(t, "SET GLOBAL read_only = 0")
}

// Promote makes a replica a server of its own.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.do(t, "STOP SLAVE")
	s.Unfence(t)
}
