package redisserver

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// A Sentinels is a master with replicas and three Sentinels who watch them. Nodes[0] is the master at first.
type Sentinels struct {
	Nodes []*Node
	Addrs []string // of the Sentinels

	t testing.TB
}

// MasterSet is the name by which the Sentinels know the master.
const MasterSet = "counter"

// StartSentinels starts a master with so many replicas, all with the given arguments, and three Sentinels that take two
// seconds of silence for death. With half a second a busy machine had them replace a master that was alive.
func StartSentinels(t testing.TB, replicas int, args ...string) *Sentinels {
	t.Helper()
	addrs := proc.FreeAddrs(t, 1+replicas+3)
	s := &Sentinels{t: t, Addrs: addrs[1+replicas:]}
	host, port, _ := net.SplitHostPort(addrs[0])
	args = append([]string{
		"--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
	}, args...)
	s.Nodes = append(s.Nodes, start(t, addrs[0], args...))
	for _, addr := range addrs[1 : 1+replicas] {
		s.Nodes = append(s.Nodes, start(t, addr, append(args[:len(args):len(args)], "--replicaof", host+" "+port)...))
	}
	for _, addr := range s.Addrs {
		s.watch(addr, host, port)
	}
	s.AwaitWhole()
	return s
}

func (s *Sentinels) watch(addr, host, port string) {
	s.t.Helper()
	dir := s.t.TempDir()
	_, own, _ := net.SplitHostPort(addr)
	conf := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor %s %s %s 2\n"+
		"sentinel down-after-milliseconds %[3]s 2000\n"+
		"sentinel failover-timeout %[3]s 3000\nsentinel parallel-syncs %[3]s 4\n", own, dir, MasterSet, host, port)
	file := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		s.t.Fatal(err)
	}
	proc.Start(s.t, proc.Spec{
		Path: tool.Find(s.t, "redis-server", "valkey-server"), Args: []string{file, "--sentinel"}, Dir: dir,
	}).AwaitListening(addr)
}

// Master returns the node that the Sentinels take for the master, or nil.
func (s *Sentinels) Master() *Node {
	c := redis.NewSentinelClient(&redis.Options{Addr: s.Addrs[0], Protocol: 2, DisableIdentity: true})
	defer c.Close()
	at, err := c.GetMasterAddrByName(s.t.Context(), MasterSet).Result()
	if err != nil || len(at) != 2 {
		return nil
	}
	for _, n := range s.Nodes {
		if n.Addr == net.JoinHostPort(at[0], at[1]) {
			return n
		}
	}
	return nil
}

// AwaitWhole returns when all Sentinels know each other and all replicas, and every node has what the master has.
func (s *Sentinels) AwaitWhole() {
	s.t.Helper()
	replicas := fmt.Sprint(len(s.Nodes) - 1)
	for _, addr := range s.Addrs {
		c := redis.NewSentinelClient(&redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true})
		await(s.t, "Sentinels to know each other", func() error {
			m, err := c.Master(s.t.Context(), MasterSet).Result()
			switch {
			case err != nil:
				return err
			case m["flags"] != "master" || m["num-other-sentinels"] != "2" || m["num-slaves"] != replicas:
				return fmt.Errorf("flags %s, %s others, %s replicas",
					m["flags"], m["num-other-sentinels"], m["num-slaves"])
			}
			return nil
		})
		c.Close()
	}
	await(s.t, "replicas to follow the master", func() error {
		m := s.Master()
		if m == nil {
			return fmt.Errorf("no master")
		}
		role, n := m.Info("replication", "role"), m.Info("replication", "connected_slaves")
		if role != "master" || n != replicas {
			return fmt.Errorf("a %s with %s replicas", role, n)
		}
		for i := range len(s.Nodes) - 1 {
			if state := m.Info("replication", fmt.Sprintf("slave%d", i)); !online.MatchString(state) {
				return fmt.Errorf("replica: %s", state)
			}
		}
		return nil
	})
}

// AwaitMasterOtherThan returns the new master after a failover, once it takes writes.
func (s *Sentinels) AwaitMasterOtherThan(old *Node) (n *Node) {
	s.t.Helper()
	await(s.t, "failover", func() error {
		if n = s.Master(); n == nil || n == old {
			return fmt.Errorf("still the old master")
		}
		if role := n.Info("replication", "role"); role != "master" {
			return fmt.Errorf("the new master is a %s", role)
		}
		return nil
	})
	return n
}

// Failover has the Sentinels make a replica the master, while the old one is up, and returns when that follows it.
func (s *Sentinels) Failover() {
	s.t.Helper()
	old := s.Master()
	c := redis.NewSentinelClient(&redis.Options{Addr: s.Addrs[0], Protocol: 2, DisableIdentity: true})
	defer c.Close()
	await(s.t, "Sentinels to begin a failover", func() error { return c.Failover(s.t.Context(), MasterSet).Err() })
	old.Follow(s.AwaitMasterOtherThan(old)) // as the Sentinels would tell it in ten seconds
	s.AwaitWhole()
}

// GoRedis connects to whoever is the master.
func (s *Sentinels) GoRedis() *redis.Client {
	c := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: MasterSet, SentinelAddrs: s.Addrs, MaxRetries: -1,
		DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second,
	})
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Rueidis connects to whoever is the master.
func (s *Sentinels) Rueidis() rueidis.Client {
	s.t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: s.Addrs, Sentinel: rueidis.SentinelOption{MasterSet: MasterSet}, ConnWriteTimeout: time.Second,
		Dialer: net.Dialer{Timeout: time.Second, KeepAlive: time.Second},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}
