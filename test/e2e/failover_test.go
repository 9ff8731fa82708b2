package e2e_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/redisserver"
)

// lease is the program's default.
const lease = 5 * time.Second

// careful is how Redis keeps what it has acknowledged.
var careful = []string{"--appendonly", "yes", "--appendfsync", "always"}

// A succession is servers of which one takes the place of another.
type succession struct {
	address  string            // for --store
	promises []string          // what the doctor says of them
	mistakes map[string]string // addresses that do not fit them, and what is said of each
	lose     func(store.ID) (mend func())
}

// successions start servers. To lose the master that has a session returns when there is a new one; to mend brings the
// old one back.
var successions = map[string]func(testing.TB) succession{
	"sentinel": func(t testing.TB) succession {
		set := redisserver.StartSentinels(t, 2, careful...)
		address := "redis+sentinel://" + strings.Join(set.Addrs, ",") + "/"
		whole := address + redisserver.MasterSet
		return succession{
			address: whole + "?wait=1",
			promises: []string{"! 2 replicas, and a write waits for 1\n", "! min-replicas-to-write 0\n",
				"✓ appendonly yes, appendfsync always\n"},
			mistakes: map[string]string{
				"redis://" + set.Addrs[0]: "this looks like a Sentinel; use redis+sentinel://",
				"redis+sentinel://" + set.Nodes[0].Addr + "/" + redisserver.MasterSet: "this is not a Sentinel",
				address + "nobody": "the Sentinels watch no master with the name",
				whole:              "→ let a write wait for them: wait=1 in the store's address",
				whole + "?wait=3":  "every write waits for 3 of them, and fails",
			},
			lose: func(store.ID) func() {
				old := set.Master()
				old.Kill()
				master := set.AwaitMasterOtherThan(old)
				return func() {
					old.Restart()
					old.Follow(master) // as the Sentinels would tell it in ten seconds
					set.AwaitWhole()
				}
			},
		}
	},
	"cluster": func(t testing.TB) succession {
		cluster := redisserver.StartCluster(t, append(slices.Clone(careful), "--cluster-node-timeout", "1000")...)
		_, bus, _ := strings.Cut(proc.FreeAddrs(t, 1)[0], ":")
		alone := redisserver.Start(t, "--cluster-enabled", "yes", "--cluster-port", bus)
		key := redisstore.New(goredisstore.Do(cluster.GoRedis()), redisstore.Options{}).RecordKey
		return succession{
			address: "redis+cluster://" + cluster.Nodes[0].Addr + "," + cluster.Nodes[1].Addr + "?wait=1",
			promises: []string{"✓ 1 replica, and a write waits for 1 (the node on port ", "✓ cluster_state ok\n",
				"? appendonly yes, appendfsync always, on one node of the Cluster\n"},
			mistakes: map[string]string{
				"redis://" + cluster.Nodes[0].Addr: "this is one node of a Cluster; use redis+cluster://",
				"redis+cluster://" + alone.Addr:    "the cluster does not serve all slots",
			},
			lose: func(id store.ID) func() {
				slot := cluster.Slot(key(id))
				old := cluster.Master(slot, cluster.Nodes[0])
				old.Kill()
				cluster.AwaitMasterOtherThan(slot, old)
				return func() {
					old.Restart()
					cluster.AwaitWhole()
				}
			},
		}
	},
}

// consult asks the doctor, who is to say what these servers promise, and what is wrong with an address that does not
// fit them.
func (s succession) consult(t *testing.T) {
	t.Helper()
	for _, promise := range s.promises {
		if code, text := run(t, "doctor", "--store", s.address); code != 0 || !strings.Contains(text, promise) {
			t.Errorf("the doctor ends with %d, and is to say %q:\n%s", code, promise, text)
		}
	}
	for address, what := range s.mistakes {
		if _, text := run(t, "doctor", "--store", address); !strings.Contains(text, what) {
			t.Errorf("of %s the doctor is to say %q:\n%s", address, what, text)
		}
	}
}

// The master that has a session is lost, and who is signed in stays so on every node, and who was signed out as well.
//
// Rows: I1
func TestFailoverKeepsSignInsAndSignOuts(t *testing.T) {
	t.Parallel()
	for name, start := range successions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := start(t)
			servers.consult(t)
			address := servers.address
			a, b := open(t, "demo", "--store", address), open(t, "demo", "--store", address)
			// and so has nothing to go by while there is no master
			asks := open(t, "demo", "--store", address, "--no-near")
			ada := me{"ada", []string{"tea"}, "light"}
			v, thief := newVisitor(t, a.site), newVisitor(t, a.site)
			thief.signIn("ada")
			thief.at(b).is(me{"ada", []string{}, "light"})
			v.signIn("ada")
			v.post("/cart", "item", "tea")
			v.at(b).is(ada)
			v.at(asks).is(ada)
			revoked(t, a, b, thief)

			id, err := store.ParseID(handle(v.ticket()))
			if err != nil {
				t.Fatal(err)
			}
			stop := v.staysOn(ada, a, b, asks)
			began := time.Now()
			mend := servers.lose(id)
			taken := time.Since(began)
			for _, h := range []*program{a, b, asks} {
				v.at(h).soon(ada)
			}
			t.Logf("a new master after %v, and every node answers after %v", taken, time.Since(began))
			stop()
			for _, h := range []*program{a, b, asks} {
				thief.at(h).is(nobody)
			}

			mend()
			began = time.Now()
			v.await("possible again", hasStatus(http.StatusSeeOther), http.MethodPost, "/cart", "item", "cup")
			t.Logf("written %v after the old master was back", time.Since(began))
			ada.Cart = append(ada.Cart, "cup")
			v.at(b).soon(ada)
			revoked(t, b, a, v)
		})
	}
}

// revoked ends the session of a visitor on one node, and sees that it is refused there at once and on the other within
// the lease.
func revoked(t *testing.T, here, there *program, v *visitor) {
	t.Helper()
	if x := here.ask(http.MethodDelete, "/v1/sessions/"+handle(v.ticket())); x.status != http.StatusNoContent {
		t.Fatalf("revoke: %d %s", x.status, x.body)
	}
	v.as().at(here).is(nobody)
	took := v.as().at(there).soon(nobody)
	if t.Logf("refused on the other node %v after a revocation", took); took > lease {
		t.Errorf("a revoked session lives on for %v", took)
	}
}

// staysOn asks each node again and again until it is stopped: they may say that they cannot tell, but never that the
// visitor is somebody else.
func (v *visitor) staysOn(want me, nodes ...*program) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	var known, unknown atomic.Int64
	for _, h := range nodes {
		w := v.at(h)
		asking.Go(func() {
			for ctx.Err() == nil {
				a, err := w.try(http.MethodGet, "/api/me")
				switch {
				case err == nil && a.status == http.StatusServiceUnavailable && len(a.cookies) == 0:
					unknown.Add(1)
				case err == nil && a.status == http.StatusOK && strings.TrimSpace(a.body) == want.String():
					known.Add(1)
				default:
					v.t.Errorf("during a failover: %d %s %q (%v)", a.status, a.body, a.cookies, err)
					return
				}
				time.Sleep(5 * time.Millisecond) // so as not to keep the servers from what they have to do
			}
		})
	}
	return func() {
		v.t.Helper()
		cancel()
		asking.Wait()
		v.t.Logf("meanwhile %d answers, and %d times unknown", known.Load(), unknown.Load())
	}
}

// Sentinels may speak TLS, and the master behind them. Who does not trust them, or does not speak it, is told so.
func TestSecureSentinel(t *testing.T) {
	t.Parallel()
	sentinel, certificate := redisserver.StartSecure(t)
	address := "rediss+sentinel://" + sentinel + "/" + redisserver.MasterSet
	s := spec(t, t.TempDir(), "demo", "--store", address)
	s.Env = []string{"SSL_CERT_FILE=" + certificate}
	v := newVisitor(t, openSpec(t, s).site)
	v.signIn("ada")
	v.is(me{"ada", []string{}, "light"})
	succession{mistakes: map[string]string{
		address: "certificate signed by unknown authority",
		strings.Replace(address, "rediss", "redis", 1): "check whether the server speaks TLS",
	}}.consult(t)
}
