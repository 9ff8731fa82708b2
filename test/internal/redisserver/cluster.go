package redisserver

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"coatcheck.dev/test/internal/proc"
)

// A Cluster has three masters and three replicas: Nodes[i+3] is the replica of Nodes[i] at first.
type Cluster struct {
	Nodes []*Node

	t   testing.TB
	ids [6]string

	mu    sync.Mutex
	owner map[int]int // of the slots that were moved, the master
}

const (
	masters   = 3
	slotCount = 16384
)

var (
	online  = regexp.MustCompile(`state=online.*lag=[01]\b`)
	failing = regexp.MustCompile(`[ ,]fail\b`) // a flag of CLUSTER NODES, also with a question mark
)

// StartCluster starts a cluster whose nodes take ten seconds of silence for death, unless an argument says otherwise.
func StartCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{t: t, owner: make(map[int]int)}
	addrs := proc.FreeAddrs(t, 12)
	args = append([]string{
		"--cluster-enabled", "yes", "--cluster-node-timeout", "10000", "--cluster-require-full-coverage", "no",
		"--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
	}, args...)
	for i, addr := range addrs[:6] {
		_, bus, _ := net.SplitHostPort(addrs[6+i])
		c.Nodes = append(c.Nodes, start(t, addr, append(args[:len(args):len(args)], "--cluster-port", bus)...))
		c.ids[i] = c.Nodes[i].Do("CLUSTER", "MYID").(string)
	}
	first, port, _ := net.SplitHostPort(addrs[0])
	_, bus, _ := net.SplitHostPort(addrs[6])
	for i, n := range c.Nodes {
		n.Do("CLUSTER", "SET-CONFIG-EPOCH", i+1)
		if i < masters {
			n.Do("CLUSTER", "ADDSLOTSRANGE", i*slotCount/masters, (i+1)*slotCount/masters-1)
		}
		if i > 0 {
			n.Do("CLUSTER", "MEET", first, port, bus)
		}
	}
	c.awaitKnown()
	for i := range masters {
		c.Nodes[masters+i].Do("CLUSTER", "REPLICATE", c.ids[i])
	}
	c.AwaitWhole()
	return c
}

func (c *Cluster) awaitKnown() {
	c.t.Helper()
	for _, n := range c.Nodes {
		await(c.t, "nodes to know each other", func() error {
			nodes, _ := n.Do("CLUSTER", "NODES").(string)
			known := strings.Count(nodes, "connected\n") + strings.Count(nodes, "connected ")
			if strings.Contains(nodes, "handshake") || known < 6 {
				return fmt.Errorf("%s", nodes)
			}
			return nil
		})
	}
}

// AwaitWhole returns when all nodes say that all is well, and each master has a replica that follows.
func (c *Cluster) AwaitWhole() {
	c.t.Helper()
	await(c.t, "the cluster to be whole", func() error {
		followed := 0
		for _, n := range c.Nodes {
			info, err := n.Try("CLUSTER", "INFO") // one that gets its master's data may refuse
			state, _ := info.(string)
			if !strings.Contains(state, "cluster_state:ok") || !strings.Contains(state, "cluster_slots_ok:16384") ||
				!strings.Contains(state, "cluster_known_nodes:6") {
				return fmt.Errorf("%s, %w", state, err)
			}
			known, err := n.Try("CLUSTER", "NODES")
			if nodes, _ := known.(string); err != nil || failing.MatchString(nodes) {
				return fmt.Errorf("%s, %w", nodes, err)
			}
			if n.Info("replication", "role") == "master" && online.MatchString(n.Info("replication", "slave0")) {
				followed++
			}
		}
		if followed != masters {
			return fmt.Errorf("%d masters have a replica", followed)
		}
		return nil
	})
}

// Slot returns the slot of a key.
func (c *Cluster) Slot(key string) int { return int(c.Nodes[0].Do("CLUSTER", "KEYSLOT", key).(int64)) }

// Move moves a slot to the next of the first three nodes, key by key, while clients use it. It is for clusters that
// have lost no node yet, and may be called from any goroutine.
func (c *Cluster) Move(ctx context.Context, slot int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, moved := c.owner[slot]
	for !moved && slot >= (from+1)*slotCount/masters {
		from++
	}
	to := (from + 1) % masters
	source, target := c.Nodes[from], c.Nodes[to]
	do := func(n *Node, args ...any) any {
		reply, err := n.admin.Do(ctx, args...).Result()
		if err != nil {
			panic(fmt.Errorf("%v: %w", args[:2], err))
		}
		return reply
	}
	return catch(func() {
		do(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", c.ids[from])
		do(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", c.ids[to])
		host, port, _ := net.SplitHostPort(target.Addr)
		for {
			keys, _ := do(source, "CLUSTER", "GETKEYSINSLOT", slot, 10).([]any)
			if len(keys) == 0 {
				break
			}
			do(source, append([]any{"MIGRATE", host, port, "", 0, 5000, "KEYS"}, keys...)...)
		}
		for _, n := range []*Node{target, source, c.Nodes[(to+1)%masters]} {
			do(n, "CLUSTER", "SETSLOT", slot, "NODE", c.ids[to])
		}
		c.awaitAgreed(slot, to, do)
		c.owner[slot] = to
	})
}

// awaitAgreed waits until the masters agree on who has a slot, and on the epoch. If the next slot moved before that,
// two nodes might claim it with the same epoch.
func (c *Cluster) awaitAgreed(slot, to int, do func(n *Node, args ...any) any) {
	for range 1000 {
		epochs, agreed := make(map[string]bool), true
		for _, n := range c.Nodes[:masters] {
			in, _ := do(n, "CLUSTER", "INFO").(string)
			_, epoch, _ := strings.Cut(in, "cluster_current_epoch:")
			epoch, own, _ := strings.Cut(epoch, "\r\ncluster_my_epoch:")
			own, _, _ = strings.Cut(own, "\r\n")
			epochs[epoch] = true
			if agreed = agreed && !epochs["own "+own] && c.Master(slot, n) == c.Nodes[to]; n == c.Nodes[to] && !agreed {
				do(n, "CLUSTER", "SETSLOT", slot, "NODE", c.ids[to])
			}
			epochs["own "+own] = true
		}
		if agreed && len(epochs) == 1+masters {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	panic(fmt.Errorf("the masters do not agree on slot %d", slot))
}

// catch turns the panics of f into an error.
func catch(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = p.(error)
		}
	}()
	f()
	return nil
}

func (c *Cluster) addrs() (addrs []string) {
	for _, n := range c.Nodes {
		addrs = append(addrs, n.Addr)
	}
	return addrs
}

// Master returns the node that has a slot, as another one sees it.
func (c *Cluster) Master(slot int, asked *Node) *Node {
	all, _ := asked.Try("CLUSTER", "SLOTS")
	ranges, _ := all.([]any)
	for _, r := range ranges {
		r := r.([]any)
		if int64(slot) < r[0].(int64) || int64(slot) > r[1].(int64) {
			continue
		}
		at := r[2].([]any)
		for _, n := range c.Nodes {
			if n.Addr == fmt.Sprintf("%v:%v", at[0], at[1]) {
				return n
			}
		}
	}
	return nil
}

// Views returns what each node knows of all nodes, and the last lines that it wrote.
func (c *Cluster) Views() string {
	var b strings.Builder
	for _, n := range c.Nodes {
		nodes, err := n.Try("CLUSTER", "NODES")
		lines := strings.Split(n.Proc.Output(), "\n")
		fmt.Fprintf(&b, "%s: %v, %v\n%s\n", n.Addr, nodes, err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
	return b.String()
}

// GoRedis connects to the cluster.
func (c *Cluster) GoRedis() *redis.ClusterClient {
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: c.addrs(), DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second,
	})
	c.t.Cleanup(func() { client.Close() })
	return client
}

// Rueidis connects to the cluster.
func (c *Cluster) Rueidis() rueidis.Client {
	c.t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: c.addrs(), ConnWriteTimeout: time.Second,
		Dialer: net.Dialer{Timeout: time.Second, KeepAlive: time.Second},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(client.Close)
	return client
}

// AwaitMasterOtherThan returns when another node than the old one has a slot, in the eyes of all the others.
func (c *Cluster) AwaitMasterOtherThan(slot int, old *Node) {
	c.t.Helper()
	await(c.t, "failover", func() error {
		for _, n := range c.Nodes {
			if n == old {
				continue
			}
			if m := c.Master(slot, n); m == nil || m == old {
				return fmt.Errorf("%s sees no new master", n.Addr)
			}
		}
		return nil
	})
}
