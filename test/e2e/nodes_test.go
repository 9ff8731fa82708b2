package e2e_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
)

// engines start a server that several nodes share, and return its address for --store and how to run a statement in it.
var engines = map[string]func(t testing.TB) (address string, db *sql.DB){
	"postgres": func(t testing.TB) (string, *sql.DB) {
		server := postgres.Start(t, "fsync=on")
		name := server.Create(t)
		return server.DSN(name), server.Open(t, name)
	},
	"mariadb": func(t testing.TB) (string, *sql.DB) {
		server := mariadb.Start(t, "innodb-flush-log-at-trx-commit=1")
		name := server.Create(t)
		return "mysql://root@" + server.Addr + "/" + name, server.Open(t, name)
	},
	"redis": func(t testing.TB) (string, *sql.DB) {
		return "redis://" + redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always").Addr + "/0", nil
	},
}

// soon asks until a visitor is who they should be. Between two nodes there is a feed, which takes a moment.
func (v *visitor) soon(want me) time.Duration {
	v.t.Helper()
	began := time.Now()
	v.await(want.String(), func(a answer) bool {
		return strings.TrimSpace(a.body) == want.String()
	}, http.MethodGet, "/api/me")
	return time.Since(began)
}

func (v *visitor) at(h *program) *visitor {
	other := v.as()
	other.base = h.site
	return other
}

// Two programs that are told of one store are one site, with no further setting.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	for name, start := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, db := start(t)
			a, b := open(t, "demo", "--store", address), open(t, "demo", "--store", address)
			ada := me{"ada", []string{"tea"}, "light"}
			stream := b.watch()

			v := newVisitor(t, a.site)
			v.signIn("ada")
			v.post("/cart", "item", "tea")
			v.at(b).is(ada)
			v.at(b).is(ada) // from near
			if got := b.sessions("ada"); len(got) != 1 || got[0].Handle != handle(v.ticket()) {
				t.Errorf("the console of the other node lists %v", got)
			}
			if x := a.ask(http.MethodDelete, "/v1/sessions/"+handle(v.ticket())); x.status != http.StatusNoContent {
				t.Fatalf("revoke: %d %s", x.status, x.body)
			}
			stream.await(store.Deleted, handle(v.ticket()))
			v.as().is(nobody)
			took := v.at(b).soon(nobody)

			v = newVisitor(t, a.site)
			v.signIn("ada")
			v.at(b).is(me{"ada", []string{}, "light"})
			left := v.as()
			left.post("/logout")
			v.is(nobody)
			stream.await(store.Deleted, handle(v.ticket()))
			t.Logf("refused on the other node %v after a revocation, %v after a sign-out", took, v.at(b).soon(nobody))

			if db != nil {
				laterVersion(t, db, a, b)
			}
			const skew = "off the server's, give or take"
			if _, text := run(t, "doctor", "--store", address); !strings.Contains(text, skew) {
				t.Errorf("the doctor does not tell the clock:\n%s", text)
			}
			for _, h := range []*program{a, b} {
				if x := h.ask(http.MethodGet, "/metrics"); !strings.Contains(x.body, "\ncoatcheck_near_feed_up 1\n") ||
					!strings.Contains(x.body, "\ncoatcheck_clock_skew_seconds ") ||
					!strings.Contains(x.body, `coatcheck_near_reads_total{by="session"}`) {
					t.Errorf("/metrics: %d %s", x.status, x.body)
				}
				for path, body := range map[string]string{"/healthz": "ok\n", "/readyz": "ok\n"} {
					if x := newVisitor(t, h.console).get(path); x.status != http.StatusOK || x.body != body {
						t.Errorf("%s: %d %s", path, x.status, x.body)
					}
				}
			}
			rolling(t, a, b)
			stream.await(store.Lost, "")
		})
	}
}

// Two programs that have one file open are one site, too. There is no feed between them, so each asks the file again a
// moment later.
//
// Rows: I1
func TestTwoProgramsShareAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sessions.db")
	a, b := open(t, "demo", "--store", "sqlite:"+file), open(t, "demo", "--store", "sqlite:"+file)
	v := newVisitor(t, a.site)
	v.signIn("ada")
	v.at(b).is(me{"ada", []string{}, "light"})
	v.post("/cart", "item", "tea")
	v.at(b).soon(me{"ada", []string{"tea"}, "light"})
	v.at(b).post("/cart", "item", "cup")
	v.soon(me{"ada", []string{"tea", "cup"}, "light"})
	v.at(b).is(me{"ada", []string{"tea", "cup"}, "light"})
	left := v.as()
	left.post("/logout")
	v.is(nobody)
	v.at(b).soon(nobody)

	const reads = `coatcheck_near_reads_total{by="session"}`
	for _, h := range []*program{a, b} {
		if x := h.ask(http.MethodGet, "/metrics"); !strings.Contains(x.body, reads) {
			t.Errorf("/metrics: %d %s", x.status, x.body)
		}
	}
	w := newVisitor(t, b.site)
	w.signIn("alan")
	w.at(a).is(me{"alan", []string{}, "light"})
	inDatabase(t, file, func(db *sql.DB) error {
		_, err := db.Exec("DELETE FROM coatcheck_sessions WHERE owner = 'alan'")
		return err
	})
	w.soon(nobody)
	w.at(a).soon(nobody)
	rolling(t, a, b)
}

// A later version may append fields to a record: this one reads over them, and its visitors stay signed in.
func laterVersion(t *testing.T, db *sql.DB, a, b *program) {
	t.Helper()
	v := newVisitor(t, a.site)
	v.signIn("grace")
	text := `UPDATE coatcheck_sessions SET body = body || '\x0107fe'::bytea WHERE owner = 'grace'`
	if _, err := db.Exec(text); err != nil {
		text = `UPDATE coatcheck_sessions SET body = concat(body, x'0107fe') WHERE owner = 'grace'`
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	grace := me{"grace", []string{}, "light"}
	v.at(b).is(grace)
	v.at(b).post("/cart", "item", "cup")
	grace.Cart = []string{"cup"}
	v.at(b).is(grace)
	v.soon(grace)
}

// rolling restarts one node after the other while visitors go on, behind something that sends them to a node that takes
// them. Nobody is signed out, and nobody sees an error.
func rolling(t *testing.T, nodes ...*program) {
	t.Helper()
	balancer := &balancer{}
	balancer.set(nodes...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	var answers atomic.Int64
	for range 6 {
		v := newVisitor(t, nodes[0].site)
		v.signIn("ada")
		running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				a, ok := balancer.send(v, n)
				answers.Add(1)
				if !ok || a.status >= 400 || a.status == http.StatusOK && !strings.Contains(a.body, `"user":"ada"`) {
					t.Errorf("request %d: %d %s (%v)", n, a.status, a.body, ok)
					return
				}
			}
		})
	}
	for i, h := range nodes {
		balancer.set(nodes[1-i])
		if code := h.Term(); code != 0 {
			t.Errorf("a node ended with %d:\n%s", code, h.Output())
		}
		nodes[i] = h.reopen()
		balancer.set(nodes...)
		before := answers.Load()
		for answers.Load() < before+100 && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
	}
	stop()
	running.Wait()
	t.Logf("rolling restart: %d answers, no sign-out, no error", answers.Load())
}

// A balancer knows which nodes take requests.
type balancer struct {
	mu    sync.Mutex
	nodes []*program
}

func (b *balancer) set(nodes ...*program) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nodes = append([]*program(nil), nodes...)
}

func (b *balancer) pick(n int) *program {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.nodes[n%len(b.nodes)]
}

// send sends a request to one node, and to another if that one does not take it.
func (b *balancer) send(v *visitor, n int) (answer, bool) {
	for try := range 3 {
		v.base = b.pick(n + try).site
		method, path, fields := http.MethodGet, "/api/me", []string(nil)
		if n%10 == 0 {
			method, path, fields = http.MethodPost, "/cart", []string{"item", "tea"}
		}
		if a, err := v.try(method, path, fields...); err == nil {
			return a, true
		}
	}
	return answer{}, false
}

// A node that was told to stop says so first, and goes on serving for as long as a load balancer may take to notice.
func TestDrain(t *testing.T) {
	t.Parallel()
	h := open(t, "demo", "--drain-time", "1s")
	v := newVisitor(t, h.site)
	v.signIn("ada")
	probe := newVisitor(t, h.console)
	done := make(chan int)
	go func() { done <- h.Term() }()
	a := probe.await("not ready", hasStatus(http.StatusServiceUnavailable), http.MethodGet, "/readyz")
	if a.body != "stopping\n" || a.header.Get("Retry-After") == "" {
		t.Errorf("/readyz says %q", a.body)
	}
	v.is(me{"ada", []string{}, "light"})
	if a := probe.get("/healthz"); a.status != http.StatusOK {
		t.Errorf("/healthz: %d", a.status)
	}
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
