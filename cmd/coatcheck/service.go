package main

import (
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/admin"
	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
	"coatcheck.dev/cmd/coatcheck/internal/watch"
)

// listenService takes the address of --api-listen, if there is one.
func (s *server) listenService(flags *config.Server) (err error) {
	if flags.APIListen == "" {
		return nil
	}
	s.service, err = httpserver.Listen(flags.APIListen, "--api-listen", s.front, s.back)
	return err
}

// listenMetrics takes the address of --metrics-listen, if there is one.
func (s *server) listenMetrics(flags *config.Server) (err error) {
	if flags.MetricsListen == "" {
		return nil
	}
	s.counts, err = httpserver.Listen(flags.MetricsListen, "--metrics-listen", s.servers()...)
	return err
}

// ownBodyTimeout is for forms and JSON of a few kilobytes.
const ownBodyTimeout = 30 * time.Second

// serveAPI has the session API answer beside the console and, if it has one, at its own address.
func (s *server) serveAPI(o api.Options, lease time.Duration) {
	s.watch = watch.New(watch.Options{Feed: s.stores, Lease: lease})
	o.Sessions, o.Closing, o.Watch, o.Replays = s.sessions, s.unready, s.watch, api.NewReplays()
	o.History, o.Endings, o.Index = s.history, s.endings, s.index
	o.Webhooks, o.Shows, o.Forget = s.pusher.get, s.drifts.shows, s.forget
	if s.router != nil {
		o.Sites = s.router.site
	}
	s.back.Log, s.back.Handler = s.log, admin.New(s.console, o)
	s.back.Limit, s.back.BodyTimeout = s.front.Limit, ownBodyTimeout
	if s.counts != nil {
		s.counts.Log, s.counts.Handler = s.log, api.Metrics(o)
		s.counts.Limit, s.counts.BodyTimeout = s.front.Limit, ownBodyTimeout
	}
	if s.service != nil {
		s.service.Log, s.service.Handler = s.log, api.New(o)
		s.service.BodyTimeout = ownBodyTimeout // its clients are few, and may have many connections
	}
}

// site returns the site of a host, or the first one if host is empty, and what to call when it is not needed any more;
// nil if there is no such site.
func (t *router) site(host string) (*api.Site, func()) {
	g := t.enter()
	a := g.first()
	if host != "" {
		a = g.find(host)
	}
	if a == nil {
		t.leave(g)
		return nil, nil
	}
	return &api.Site{Sessions: a.manager.Manager, Token: a.token}, func() { t.leave(g) }
}
