package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/event"
)

// A router passes each request to the app of its host. What it knows can be swapped while it is in use: a request is
// answered by the generation of apps that it began with.
type router struct {
	s       *server
	current atomic.Pointer[generation]

	mu       sync.Mutex // guards what follows
	flags    *config.Serve
	signals  string // the issuer of shared signals, in the configuration that was built last; "" if there are none
	apps     map[string]*app
	managers map[string]*managed
	freeing  sync.WaitGroup // generations on their way out
}

// A generation is what one configuration says.
type generation struct {
	byHost map[string]*app
	wild   map[string]*app // by the domain below which a host is
	rest   *app            // for every other host; nil if there is none
	all    []*app
	uses   atomic.Int64 // requests, and one while it is the current one; 0 is forever
}

// openRouter makes the router of the first configuration. That was checked, so whatever fails now is in the log, and
// each request is answered that there is no such site.
func (s *server) openRouter(flags *config.Serve) http.Handler {
	t := &router{
		s: s, flags: flags, apps: make(map[string]*app), managers: make(map[string]*managed),
	}
	// The console has the first manager for good.
	first := &managed{Manager: s.sessions, key: sessionKey(flags.All()[0]), uses: 1}
	t.managers[first.key] = first
	g, err := t.generation(flags)
	if err != nil {
		s.log.Error("the configuration cannot be served", "error", err)
		g = &generation{}
	}
	g.uses.Store(1)
	t.current.Store(g)
	s.router = t
	return t
}

// ServeHTTP passes a request on.
func (t *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := t.enter()
	defer t.leave(g)
	a := g.find(event.ClientHost(r, t.s.sessions.Options().TrustedProxies))
	if a == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "There is no site of this name here.", http.StatusMisdirectedRequest)
		return
	}
	a.handler.ServeHTTP(w, r)
}

// enter returns the current generation, which stays at least until leave.
func (t *router) enter() *generation {
	for {
		g := t.current.Load()
		if n := g.uses.Load(); n > 0 && g.uses.CompareAndSwap(n, n+1) {
			return g
		}
	}
}

func (t *router) leave(g *generation) {
	if g.uses.Add(-1) == 0 {
		t.freeing.Go(func() { t.free(g) })
	}
}

// first returns the app of the site that stands first, nil if there is none.
func (g *generation) first() *app {
	if len(g.all) == 0 {
		return nil
	}
	return g.all[0]
}

// find returns the app for a host as the client names it, and nil if there is none.
func (g *generation) find(host string) *app {
	if len(g.byHost) == 0 && len(g.wild) == 0 {
		return g.rest
	}
	if a := g.byHost[strings.ToLower(host)]; a != nil {
		return a
	}
	name := event.HostName(host)
	if a := g.byHost[name]; a != nil {
		return a
	}
	for domain := name; domain != ""; {
		_, domain, _ = strings.Cut(domain, ".")
		if a := g.wild[domain]; a != nil {
			return a
		}
	}
	return g.rest
}

// reload takes up another configuration, which was checked, and what else is taken up with it. On an error the old one
// stays.
func (t *router) reload(flags *config.Serve, also func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if keys := t.flags.Changed(flags); len(keys) > 0 {
		return fmt.Errorf("%s cannot change in a program that runs; restart it, or put the old value back",
			strings.Join(keys, ", "))
	}
	g, err := t.build(flags)
	if err != nil {
		return err
	}
	g.uses.Store(1)
	if err := also(); err != nil {
		t.leave(g)
		return err
	}
	t.flags = flags
	t.leave(t.current.Swap(g))
	return nil
}

// generation is build for those who do not have the lock.
func (t *router) generation(flags *config.Serve) (*generation, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.build(flags)
}

// build makes a generation out of the apps that are there already and of new ones.
func (t *router) build(flags *config.Serve) (_ *generation, err error) {
	g := &generation{byHost: make(map[string]*app), wild: make(map[string]*app)}
	t.signals = flags.SharedSignals.Issuer
	defer func() {
		if err != nil {
			t.drop(g.all)
		}
	}()
	sites := flags.All()
	names := hidden(sites, func(s *config.Site) string {
		if flags.Dev {
			return devName(s)
		}
		return s.CookieName()
	})
	for _, s := range sites {
		a, err := t.app(s, flags.Server, names)
		if err != nil {
			return nil, err
		}
		g.all = append(g.all, a)
		g.place(s.Hosts, a)
	}
	return g, nil
}

// place puts an app under its hosts.
func (g *generation) place(hosts []string, a *app) {
	if len(hosts) == 0 {
		g.rest = a
	}
	for _, host := range hosts {
		if domain, ok := strings.CutPrefix(host, "*."); ok {
			g.wild[domain] = a
		} else {
			g.byHost[host] = a
		}
	}
}

// app returns the app of a site, with one more use.
func (t *router) app(s *config.Site, flags config.Server, names []string) (*app, error) {
	key, err := appKey(s, names, t.signals)
	if err != nil {
		return nil, err
	}
	if a := t.apps[key]; a != nil {
		a.uses++
		return a, nil
	}
	m, err := t.manager(s, flags)
	if err != nil {
		return nil, err
	}
	a, err := t.newApp(s, names, m)
	if err != nil {
		t.dropManager(m)
		return nil, err
	}
	a.key, a.uses = key, 1
	t.apps[key] = a
	t.warn(s)
	if u, err := s.UpstreamURL(); err == nil && s.Beside == "" {
		go t.s.tryApp(u)
	}
	return a, nil
}

// manager returns the manager of a site's sessions, with one more use.
func (t *router) manager(s *config.Site, flags config.Server) (*managed, error) {
	key := sessionKey(s)
	m := t.managers[key]
	if m == nil {
		st := site{options: s.SessionOptions(), public: folders(s)}
		if flags.Dev {
			st.options.Cookie = devName(s)
		}
		if err := st.bind(flags, t.s.log); err != nil {
			return nil, err
		}
		options := t.s.sessionOptions(flags, st.options)
		options.SweepInterval = -1 // the first one does it
		if err := options.Check(); err != nil {
			return nil, err
		}
		m = &managed{Manager: t.s.newManager(options), key: key}
		t.managers[key] = m
	}
	m.uses++
	return m, nil
}

// free lets go of a generation that no request uses any more.
func (t *router) free(g *generation) {
	t.mu.Lock()
	gone := t.drop(g.all)
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for _, m := range gone {
		if err := m.Close(ctx); err != nil {
			t.s.log.Warn("not all of when sessions were last seen could be written", "error", err)
		}
	}
}

// drop ends one use of each app, and returns the managers that nobody uses any more.
func (t *router) drop(apps []*app) (gone []*managed) {
	for _, a := range apps {
		if a.uses--; a.uses > 0 {
			continue
		}
		delete(t.apps, a.key)
		a.close()
		if t.dropManager(a.manager) {
			gone = append(gone, a.manager)
		}
	}
	return gone
}

func (t *router) dropManager(m *managed) (gone bool) {
	if m.uses--; m.uses == 0 {
		delete(t.managers, m.key)
		return true
	}
	return false
}

// close waits for what is being let go, and makes durable what the sites' managers still have in memory.
func (t *router) close(ctx context.Context) (errs []error) {
	t.freeing.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.managers {
		if m.Manager != t.s.sessions {
			errs = append(errs, m.Close(ctx))
		}
	}
	return errs
}

// pollFile is how often the configuration file is looked at.
const pollFile = time.Second
