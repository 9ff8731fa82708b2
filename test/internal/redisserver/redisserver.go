// Package redisserver starts Redis, or Valkey, as tests need it: one node, a master with Sentinels, a Cluster. It also
// does to them what happens to servers. Everything listens on loopback, on random ports, keeps its files in a folder of
// its own, and ends with the test.
//
//	node := redisserver.Start(t, "--appendonly", "yes")
//	s := rueidisstore.New(redisserver.RueidisClient(t, node.Addr), redisstore.Options{})
//	node.Kill() // the power cut
//	node.Restart()
package redisserver

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// A Node is one server.
type Node struct {
	Addr string
	Proc *proc.Process

	t     testing.TB
	admin *redis.Client
}

// Start starts a server with more arguments than it needs anyway. Without any it keeps nothing on disk.
func Start(t testing.TB, args ...string) *Node {
	t.Helper()
	return start(t, proc.FreeAddrs(t, 1)[0], args...)
}

func start(t testing.TB, addr string, args ...string) *Node {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{Addr: addr, t: t}
	n.Proc = proc.Start(t, proc.Spec{
		Path: tool.Find(t, "redis-server", "valkey-server"), Dir: t.TempDir(),
		Args: append([]string{
			"--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--enable-debug-command", "local",
		}, args...),
	})
	n.admin = redis.NewClient(&redis.Options{
		Addr: addr, Protocol: 2, MaxRetries: -1, DisableIdentity: true,
		DialTimeout: 2 * time.Second, ReadTimeout: 10 * time.Second,
	})
	t.Cleanup(func() { n.admin.Close() })
	n.AwaitReady()
	return n
}

// AwaitReady returns when the server answers, and has read what it has.
func (n *Node) AwaitReady() {
	n.t.Helper()
	n.Proc.AwaitListening(n.Addr)
	await(n.t, "server to be ready", func() error { return n.admin.Ping(n.t.Context()).Err() })
}

// Do runs a command, which must succeed.
func (n *Node) Do(args ...any) any {
	n.t.Helper()
	reply, err := n.admin.Do(n.t.Context(), args...).Result()
	if err != nil && err != redis.Nil {
		n.t.Fatalf("%v on %s: %v", args[0], n.Addr, err)
	}
	return reply
}

// Try runs a command that may fail.
func (n *Node) Try(args ...any) (any, error) { return n.admin.Do(n.t.Context(), args...).Result() }

// Info returns a field of INFO.
func (n *Node) Info(section, field string) string {
	n.t.Helper()
	text, _ := n.Do("INFO", section).(string)
	for line := range strings.SplitSeq(text, "\r\n") {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return value
		}
	}
	return ""
}

// Kill is the power cut, as far as a process can have one.
func (n *Node) Kill() {
	n.t.Helper()
	n.Proc.Kill()
}

// Restart starts the server again, with its files and on its address. If it runs, it is asked to end first, in order.
func (n *Node) Restart() {
	n.t.Helper()
	select {
	case <-n.Proc.Done():
	default:
		n.Proc.Term()
	}
	n.Proc = proc.Start(n.t, n.Proc.Spec)
	n.AwaitReady()
}

// Revive returns when the server answers, and starts it again if it has ended.
func (n *Node) Revive() {
	n.t.Helper()
	await(n.t, "server to live", func() error {
		select {
		case <-n.Proc.Done():
			n.Restart()
		default:
		}
		return n.admin.Ping(n.t.Context()).Err()
	})
}

// Follow makes the node a replica of another one.
func (n *Node) Follow(master *Node) {
	n.t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	await(n.t, "server to follow another", func() error {
		_, err := n.Try("REPLICAOF", host, port)
		return err
	})
}

// AwaitReplica returns when a replica follows the node, and has what it has.
func (n *Node) AwaitReplica() {
	n.t.Helper()
	await(n.t, "a replica to follow", func() error {
		if state := n.Info("replication", "slave0"); !online.MatchString(state) {
			return fmt.Errorf("replica: %q", state)
		}
		return nil
	})
}

// await repeats a look until it finds no error.
func await(t testing.TB, what string, look func() error) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s: %v", what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
