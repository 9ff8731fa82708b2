package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/relay"
	"coatcheck.dev/test/internal/trial"
)

// A pair is a master and its replica.
type pair struct {
	servers [2]string        // their addresses
	promote func(master int) // makes one the master, and the other one its replica
	store   func(addr string) string
}

// pairs start servers. The first one is the master.
var pairs = map[string]func(testing.TB) pair{
	"redis": func(t testing.TB) pair {
		nodes := []*redisserver.Node{redisserver.Start(t, careful...), redisserver.Start(t, careful...)}
		p := pair{
			servers: [2]string{nodes[0].Addr, nodes[1].Addr},
			promote: func(master int) {
				nodes[master].Do("REPLICAOF", "NO", "ONE")
				nodes[1-master].Follow(nodes[master])
				nodes[master].AwaitReplica()
			},
			store: func(addr string) string { return "redis://" + addr },
		}
		p.promote(0)
		return p
	},
}

// A failover by hand: the address leads to another server, and the old one stays up as its replica. A node whose
// connections still lead there must neither believe it nor what the node has in memory.
//
// Rows: I1
func TestAServerThatIsNoWriterAnyMoreIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, start := range pairs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const short = 2 * time.Second
			servers := start(t)
			var ways [2]*relay.Relay
			var nodes [2]*program
			for i := range nodes {
				ways[i] = relay.Start(t, servers.servers[0])
				nodes[i] = open(t, "demo", "--store", servers.store(ways[i].Addr), "--lease", short.String())
			}
			var longest time.Duration
			for round := range trial.Times(5, 200) {
				longest = max(longest, demote(t, servers, nodes, ways, 1-round%2, short))
			}
			t.Logf("full service at most %v after the address led to the writer", longest)
		})
	}
}

// demote makes another server the master. Node 0 keeps its connections to the old one, and node 1 does not. It returns
// how long node 0 takes to serve again.
func demote(
	t *testing.T, p pair, nodes [2]*program, ways [2]*relay.Relay, master int, lease time.Duration,
) time.Duration {
	t.Helper()
	v := newVisitor(t, nodes[0].site)
	v.signIn("ada")
	v.at(nodes[1]).soon(me{"ada", []string{}, "light"})
	v.is(me{"ada", []string{}, "light"})

	p.promote(master)
	ways[1].Lead(p.servers[master])
	ways[1].Cut()
	ways[1].Heal()
	v.as().at(nodes[1]).await("a sign-out", hasStatus(http.StatusSeeOther), http.MethodPost, "/logout")

	left, probe := v.as(), newVisitor(t, nodes[0].console)
	for ended := time.Now(); time.Since(ended) < lease+time.Second; {
		late := time.Since(ended) > lease
		if a := left.get("/api/me"); late && strings.Contains(a.body, "ada") {
			t.Fatalf("after the lease, the ended session is accepted: %d %s", a.status, a.body)
		}
		if a := probe.get("/readyz"); late && a.status != http.StatusServiceUnavailable {
			t.Fatalf("/readyz says %d while no writer answers", a.status)
		}
	}
	ways[0].Lead(p.servers[master])
	began := time.Now()
	next := newVisitor(t, nodes[0].site)
	next.await("a sign-in", hasStatus(http.StatusSeeOther), http.MethodPost, "/login",
		"user", "alan", "password", passwords["alan"])
	probe.await("ready", hasStatus(http.StatusOK), http.MethodGet, "/readyz")
	took := time.Since(began)
	if trial.Torture() && took > 2*time.Second { // otherwise other tests keep the machine busy
		t.Errorf("full service only after %v", took)
	}
	v.is(nobody)
	next.is(me{"alan", []string{}, "light"})
	return took
}
