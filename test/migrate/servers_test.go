package migrate_test

import (
	"net"
	"testing"

	"github.com/redis/go-redis/v9"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// startRedis starts a Redis of its own that keeps nothing on disk.
func startRedis(t *testing.T) (*redis.Client, *proc.Process) {
	t.Helper()
	path := tool.Find(t, "redis-server", "valkey-server")
	addr := proc.FreeAddrs(t, 1)[0]
	host, port, _ := net.SplitHostPort(addr)
	p := proc.Start(t, proc.Spec{
		Path: path, Dir: t.TempDir(),
		Args: []string{"--bind", host, "--port", port, "--save", "", "--appendonly", "no"},
	})
	p.AwaitListening(addr)
	client := redis.NewClient(redisOptions(addr))
	t.Cleanup(func() { client.Close() })
	return client, p
}
