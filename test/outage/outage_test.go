// Package outage stops real stores under real load: 500 requests a second go on while the server is killed, stands
// still, gets slow or can no longer be reached, and what was promised for that is held against what came.
//
//   - Routes that need no session answer as to an anonymous visitor, those that need one with 503, Retry-After and the
//     cookie kept; those that allow it go on with what was known last, for as long as they say.
//   - Nobody is signed out.
//   - No more requests wait for the store than the manager is told, whatever the store does.
//   - A store that is back serves everybody within two seconds, and is asked for one session by one request at a time.
package outage

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/relay"
	"coatcheck.dev/test/internal/trial"
)

const (
	rate     = 500 // requests a second
	visitors = 300
	calls    = 64 // Options.MaxStoreCalls
	timeout  = time.Second
	lease    = time.Second
	stale    = 4 * time.Second
)

// prompt is how soon an answer comes that waits for nothing: 50 ms where the machine has nothing else to do. Beside
// other tests, what counts is that it does not wait for the store.
var prompt = func() time.Duration {
	if trial.Torture() {
		return 50 * time.Millisecond
	}
	return timeout / 2
}()

// A shared store is a server's: with a feed.
type shared interface {
	store.Store
	store.Feed
}

// A counted store knows how many loads of one session are under way.
type counted struct {
	shared
	mu     sync.Mutex
	loads  map[store.ID]int
	beside atomic.Int64 // loads that began while another one of the same session was under way
	total  atomic.Int64
}

func (c *counted) Load(ctx context.Context, id store.ID) (store.Record, error) {
	c.total.Add(1)
	c.mu.Lock()
	if c.loads[id]++; c.loads[id] > 1 {
		c.beside.Add(1)
	}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.loads[id]--; c.loads[id] == 0 {
			delete(c.loads, id)
		}
	}()
	return c.shared.Load(ctx, id)
}

// An answer is what one request came to.
type answer struct {
	at, took time.Duration // since the load began
	path     string
	status   int
	user     string
	retry    string
	cookies  []string
}

// A site has three routes, one for each answer to an outage.
type site struct {
	t       *testing.T
	store   *counted
	near    near.Store
	handler http.Handler
	cookies []string
	patient bool // public pages wait for the store as long as others do

	began   time.Time
	inside  atomic.Int64 // requests under way
	most    atomic.Int64
	mu      sync.Mutex
	answers []answer
	running sync.WaitGroup
}

func newSite(t *testing.T, inner shared) *site {
	t.Helper()
	s := &site{t: t, store: &counted{shared: inner, loads: make(map[store.ID]int)}}
	s.near = near.New(s.store, near.Options{Lease: lease})
	m := session.New(s.near, session.Options{
		StoreTimeout: timeout, MaxStoreCalls: calls, RotateEvery: -1,
		OnFailure: func(r *http.Request) session.Failure {
			switch r.URL.Path {
			case "/public":
				if s.patient {
					return session.Optional
				}
				return session.OptionalWithin(prompt * 4 / 5)
			case "/stale":
				return session.Stale(stale)
			}
			return session.Required
		},
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = m.Close(ctx)
		s.near.Close()
	})
	s.handler = m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := session.From(r.Context())
		if user := r.URL.Query().Get("user"); user != "" {
			if err := v.SignIn(user); err != nil {
				t.Errorf("sign in: %v", err)
			}
		}
		fmt.Fprint(w, v.User())
	}))
	for i := range visitors {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/in?user=u%d", i), nil))
		c := w.Result().Cookies()
		if len(c) != 1 {
			t.Fatalf("visitor %d cannot sign in: %d %s", i, w.Code, w.Body)
		}
		s.cookies = append(s.cookies, c[0].Name+"="+c[0].Value)
	}
	return s
}

// load sends requests at the rate until the context ends, however long answers take.
func (s *site) load(ctx context.Context) {
	s.began = time.Now()
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		<-tick.C
		s.running.Go(func() { s.send([]string{"/public", "/account", "/stale"}[n%3], rand.N(visitors)) })
	}
	s.running.Wait()
}

func (s *site) send(path string, visitor int) {
	inside := s.inside.Add(1)
	defer s.inside.Add(-1)
	for {
		most := s.most.Load()
		if inside <= most || s.most.CompareAndSwap(most, inside) {
			break
		}
	}
	began := time.Now()
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Cookie", s.cookies[visitor])
	s.handler.ServeHTTP(w, r)
	a := answer{began.Sub(s.began), time.Since(began), path, w.Code, "", w.Header().Get("Retry-After"),
		w.Header()["Set-Cookie"]}
	if w.Code == http.StatusOK {
		a.user = w.Body.String()
		if a.user != "" && a.user != fmt.Sprintf("u%d", visitor) {
			s.t.Errorf("%s: visitor %d is taken for %s", path, visitor, a.user)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, a)
}

// between returns the answers to requests that came in a time since the load began.
func (s *site) between(from, to time.Duration) (all []answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.answers {
		if a.at >= from && a.at < to {
			all = append(all, a)
		}
	}
	return all
}

// An outage is what happens to a store, and how it is undone.
type outage struct {
	name   string
	begin  func()
	end    func()
	silent bool // nobody is told, so that the first questions wait for their time
	up     bool // the store goes on answering, slowly
}

// during runs the load through an outage and checks the answers.
func (s *site) during(o outage) {
	t := s.t
	t.Helper()
	const before, down, after = time.Second, 6 * time.Second, 3 * time.Second
	s.patient = o.up
	ctx, stop := context.WithCancel(t.Context())
	var loading sync.WaitGroup
	loading.Go(func() { s.load(ctx) })
	time.Sleep(before)
	var memory [2]runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory[0])
	from := time.Since(s.began)
	o.begin()
	time.Sleep(down)
	runtime.GC()
	runtime.ReadMemStats(&memory[1])
	o.end()
	to := time.Since(s.began)
	time.Sleep(after)
	stop()
	loading.Wait()

	s.nobodySignedOut()
	s.wantUp("before", s.between(0, from-100*time.Millisecond)) // those that came later may have met it
	if !o.up {
		s.wantAnswers(from, to, o.silent)
	}
	s.wantUp("two seconds after", s.between(to+2*time.Second, time.Hour))
	if most := s.most.Load(); most > calls+20 { // some are in the handler, and do not wait
		t.Errorf("%d requests were under way at once, and no more than %d may wait", most, calls)
	}
	if n := s.store.beside.Load(); n > 0 {
		t.Errorf("%d loads of a session began while it was being loaded", n)
	}
	grown := int64(memory[1].HeapAlloc) - int64(memory[0].HeapAlloc)
	t.Logf("%s: %d requests, most at once %d, %d loads, heap grown by %d KB (answers kept for this report included)",
		o.name, len(s.answers), s.most.Load(), s.store.total.Load(), grown>>10)
	if grown > 16<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	s.back(to)
}

// back logs how long it took until everybody was served again.
func (s *site) back(to time.Duration) {
	last := time.Duration(0)
	for _, a := range s.between(to, time.Hour) {
		if a.status != http.StatusOK || a.user == "" {
			last = max(last, a.at-to)
		}
	}
	s.t.Logf("the last request that was not served in full came %v after the end", last.Round(time.Millisecond))
}

func (s *site) nobodySignedOut() {
	for _, a := range s.answers {
		if len(a.cookies) > 0 {
			s.t.Errorf("at %v: %s answers %d and touches cookies: %q", a.at, a.path, a.status, a.cookies)
		}
		if a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
			s.t.Errorf("at %v: %s answers %d", a.at, a.path, a.status)
		}
	}
}

func (s *site) wantUp(when string, all []answer) {
	if len(all) < rate/4 {
		s.t.Errorf("%s: only %d answers", when, len(all))
	}
	for _, a := range all {
		if a.status != http.StatusOK || a.user == "" {
			s.t.Errorf("%s: at %v %s answers %d %q", when, a.at, a.path, a.status, a.user)
			return
		}
	}
}

// wantAnswers checks what came while the store was down.
func (s *site) wantAnswers(from, to time.Duration, silent bool) {
	// Until then leases run, and the first questions that nobody answers wait for their time.
	defined := from + lease + 500*time.Millisecond
	if silent {
		defined += timeout
	}
	forgotten := from + stale + lease + 500*time.Millisecond
	var slowest time.Duration
	looked := 0 // how many waited to see whether the store is back, when nobody else did
	counts := map[string]int{}
	lastStale := time.Duration(0)
	for _, a := range s.between(from, to) {
		if a.at+a.took > to { // it was under way when the store came back, and may have been answered by it
			continue
		}
		counts[strings.TrimSpace(fmt.Sprintf("%s %d %t", a.path, a.status, a.user != ""))]++
		if a.path == "/public" {
			if slowest = max(slowest, a.took); a.status != http.StatusOK {
				s.t.Errorf("at %v: /public answers %d", a.at-from, a.status)
			}
		}
		if silent && a.at > defined && a.took > prompt {
			looked++
		}
		if a.path == "/stale" && a.user != "" {
			lastStale = max(lastStale, a.at-from)
		}
		if a.status == http.StatusServiceUnavailable && a.retry == "" {
			s.t.Errorf("at %v: %s has no Retry-After", a.at-from, a.path)
		}
		if a.at <= defined || a.path == "/stale" && a.at <= forgotten {
			continue
		}
		if want := map[string]int{"/public": http.StatusOK, "/account": http.StatusServiceUnavailable,
			"/stale": http.StatusServiceUnavailable}[a.path]; a.status != want || a.user != "" {
			s.t.Errorf("at %v: %s answers %d %q, want %d", a.at-from, a.path, a.status, a.user, want)
		}
	}
	if most := int((to-defined)/timeout) + 1; looked > most {
		s.t.Errorf("%d requests waited for a store that does not answer, one at a time would be %d at most", looked,
			most)
	}
	if slowest > prompt {
		s.t.Errorf("/public took up to %v", slowest)
	}
	if lastStale < stale-1500*time.Millisecond || lastStale > stale+lease+time.Second {
		s.t.Errorf("/stale knew visitors until %v after the beginning, and is to know them for %v", lastStale, stale)
	}
	var lines []string
	for k, n := range counts {
		lines = append(lines, fmt.Sprintf("%s: %d", k, n))
	}
	slices.Sort(lines)
	s.t.Logf("down (path, status, known): %s; /public took at most %v, /stale knew visitors for %v",
		strings.Join(lines, ", "), slowest.Round(time.Microsecond), lastStale.Round(time.Millisecond))
}

func redisAt(t *testing.T, addr string) shared {
	c := redisserver.RueidisClient(t, addr)
	s := redisstore.New(rueidisstore.Do(c), redisstore.Options{Subscribe: rueidisstore.Subscribe(c)})
	t.Cleanup(s.Close)
	return s
}

func postgresAt(t *testing.T, dsn string) shared {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	s := sqlstore.New(db, sqlstore.PostgreSQL)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Close(ctx)
		db.Close()
	})
	return s
}

func TestRedis(t *testing.T) {
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		node := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
		newSite(t, redisAt(t, node.Addr)).during(outage{name: "killed", begin: node.Kill, end: node.Restart})
	})
	t.Run("stopped by a signal", func(t *testing.T) {
		t.Parallel()
		node := redisserver.Start(t)
		newSite(t, redisAt(t, node.Addr)).during(outage{name: "stopped", silent: true,
			begin: func() { node.Proc.Signal(syscall.SIGSTOP) }, end: func() { node.Proc.Signal(syscall.SIGCONT) }})
	})
	for _, o := range ways {
		if !trial.Torture() {
			continue // PostgreSQL has them
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			r := relay.Start(t, redisserver.Start(t).Addr)
			newSite(t, redisAt(t, r.Addr)).during(o.of(r))
		})
	}
}

func TestPostgreSQL(t *testing.T) {
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		server := postgres.Start(t, "fsync=on")
		newSite(t,
			postgresAt(t, server.DSN("postgres"))).during(outage{name: "killed", begin: server.Kill,
			end: server.Restart})
	})
	server := sync.OnceValue(func() *postgres.Server { return postgres.Start(t) })
	for _, o := range ways {
		if o.long && !trial.Torture() {
			continue
		}
		server := server()
		name := server.Create(t)
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			r := relay.Start(t, server.Addr)
			newSite(t, postgresAt(t, strings.Replace(server.DSN(name), server.Addr, r.Addr, 1))).during(o.of(r))
		})
	}
}

// ways are what can happen on the way.
var ways = []struct {
	name string
	long bool // left out of the short run
	of   func(*relay.Relay) outage
}{
	{"200 ms away", false, func(r *relay.Relay) outage {
		return outage{name: "200 ms", up: true, begin: func() { r.Delay(100 * time.Millisecond) }, end: r.Heal}
	}},
	{"10 s away", true, func(r *relay.Relay) outage {
		return outage{name: "10 s", silent: true, begin: func() { r.Delay(5 * time.Second) }, end: r.Heal}
	}},
	{"black hole", false, func(r *relay.Relay) outage {
		return outage{name: "black hole", silent: true, begin: r.Silence, end: r.Heal}
	}},
}
