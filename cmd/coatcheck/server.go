package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/metrics"
	"coatcheck.dev/cmd/coatcheck/internal/watch"
	"coatcheck.dev/devices"
	"coatcheck.dev/event"
	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store"
)

// A server is everything that serves one site.
type server struct {
	log      *slog.Logger
	folder   *folder.Folder
	tokenIn  string // where the console's token is
	stores   *storeStack
	keys     *seal.Ring // nil if nothing needs any
	sessions *session.Manager
	events   *event.Queue
	history  *history.History // nil if nothing is kept
	endings  *ending.Jobs
	console  *console.Console
	index    *index.Index
	router   *router // nil if the site is no app behind the gate
	watch    *watch.Hub
	pusher   *pusher // nil if the site's configuration can name nobody
	drifts   drifts
	reloaded func(error)        // is told of each reload
	front    *httpserver.Server // the site
	back     *httpserver.Server // the console and its API
	counts   *httpserver.Server // the metrics alone; nil if they have no address of their own
	service  *httpserver.Server // the API without the console; nil if it has no address of its own
	plain    *httpserver.Server // what leads from plain http to https; nil if nothing does

	unready context.Context // done once /readyz says no
	retire  context.CancelFunc
	closing context.Context // done once event streams and WebSockets have to end
	close   context.CancelFunc
}

// grace is how long requests that are under way may take when the program is told to stop.
const grace = 10 * time.Second

func (p *Program) serve(ctx context.Context, flags config.Server, site site, reload *reloader) error {
	s, err := p.open(ctx, flags, site)
	if err != nil {
		return err
	}
	if reload != nil {
		go reload.run(s.closing, s)
	}
	if err := s.greet(p.Stdout, flags, site); err != nil {
		return errors.Join(err, s.flush())
	}
	err = httpserver.Run(s.drained(ctx, flags.DrainTime), grace, s.stopping, s.servers()...)
	if errors.Is(err, httpserver.ErrBrokenOff) {
		s.log.Warn(err.Error(), "after", grace) // a slow client is no failure of the program
		err = nil
	}
	return errors.Join(err, s.flush())
}

// open takes the addresses first: that fails most often, and nothing has been made by then.
func (p *Program) open(ctx context.Context, flags config.Server, site site) (_ *server, err error) {
	if err := flags.TLS.Check(); err != nil {
		return nil, err
	}
	s := &server{log: p.logger(flags)}
	if s.front, err = httpserver.Listen(flags.Listen, "--listen"); err != nil {
		return nil, err
	}
	if s.back, err = httpserver.Listen(flags.ConsoleListen, "--console-listen", s.front); err != nil {
		return nil, errors.Join(err, s.front.Close())
	}
	if err := errors.Join(s.listenService(&flags), s.listenMetrics(&flags), s.listenPlain(&flags)); err != nil {
		return nil, errors.Join(err, s.release())
	}
	if err := s.assemble(ctx, flags, site); err != nil {
		s.close()
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// assemble makes all that the two addresses serve.
func (s *server) assemble(ctx context.Context, flags config.Server, site site) (err error) {
	s.closing, s.close = context.WithCancel(context.Background())
	s.unready, s.retire = context.WithCancel(context.Background())
	if s.folder, err = folder.Open(flags.Data); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.folder.Close())
		}
	}()
	s.folder.Tighten(s.log)
	if err := s.secure(&flags); err != nil {
		return err
	}
	if err := site.bind(flags, s.log); err != nil {
		return err
	}
	token, err := s.takeToken(flags.ConsoleToken)
	if err != nil {
		return err
	}
	appKeys, err := s.openAppKeys(flags.AppKeys)
	if err != nil {
		return err
	}
	operators, err := s.openOperators(&flags)
	if err != nil {
		return err
	}
	if s.stores, err = openStores(ctx, &flags.Storage, s.folder, s.log); err != nil {
		return err
	}
	if flags.SealData || site.keys {
		if s.keys, err = openKeys(flags.KeysFrom, s.folder); err != nil {
			return errors.Join(err, s.stores.close(ctx))
		}
	}
	if err := s.openHistory(ctx, flags.History); err != nil {
		return errors.Join(err, s.stores.close(ctx))
	}
	counts := s.manage(s.stores.Store, flags, site)
	s.reloaded = counts.WatchReloads()
	if s.keys != nil {
		go s.followKeys(s.closing)
	}
	if s.stores.cache != nil {
		counts.WatchNear(s.stores.cache.Stats)
	}
	for _, w := range s.stores.wals {
		counts.WatchWAL(w.Address.String(), w.bytes)
	}
	if site.pushes != nil {
		if err := s.startPushing(ctx, site.pushes); err != nil {
			return errors.Join(err, s.stores.close(ctx))
		}
		counts.WatchWebhooks(s.pusher.statuses)
	}
	go s.countEachHour(s.closing)
	s.openIndex(flags.Lease)
	counts.WatchIndex(s.index.Status)
	s.openEndings()
	s.console = console.New(console.Options{
		Sessions: s.sessions, Feed: s.stores, Token: token, Operators: operators, BaseURL: s.back.URL(),
		What: site.name, Hosts: flags.ConsoleHost, TrustUserFrom: flags.ConsoleGates(),
		Log: s.log, InsecureCookie: flags.Dev, History: s.history,
		Index: s.index, Endings: s.endings, Webhooks: s.pusher.get, Shows: s.drifts.shows, Forget: s.forget,
	})
	s.followOperators(operators)
	s.front.Log, s.front.Handler = s.log, site.handler(s)
	if site.keeps != nil {
		s.front.Handler = s.drifts.all[0].Handler(s.front.Handler)
	}
	s.front.Limit = httpserver.Limit{
		PerClient: flags.ClientConns, Refused: s.refused,
		Exempt: append(flags.TrustedProxies(), httpserver.Loopback...),
	}
	if err := s.finish(&flags, counts); err != nil {
		_ = s.endings.Close()
		s.index.Close()
		return errors.Join(err, s.pusher.close(ctx), s.stores.close(ctx))
	}
	s.serveAPI(api.Options{
		Token: token, Keys: appKeys, Operators: operators, Metrics: counts.Handler(s.log),
	}, flags.Lease)
	return nil
}

// openIndex opens the index by which the console and the API find sessions. It is of this node alone.
func (s *server) openIndex(lease time.Duration) {
	s.index = index.Open(index.Options{
		Path: s.folder.IndexPath(), Store: s.stores.address.String(), Source: s.sessions, Feed: s.stores, Lease: lease,
		Log: s.log,
	})
}

// takeToken returns the operator's own token for the console, or the one in the data folder.
func (s *server) takeToken(own string) (token string, err error) {
	if own != "" {
		s.tokenIn = "COATCHECK_CONSOLE_TOKEN"
		return own, folder.CheckToken(own)
	}
	if token, err = s.folder.Token(s.log); token == "" {
		s.tokenIn = "none"
		return "", err
	}
	s.tokenIn = s.folder.TokenPath()
	return token, err
}

// manage makes the session manager. Its events are logged and counted.
func (s *server) manage(st store.Store, flags config.Server, site site) *metrics.Metrics {
	counts := metrics.New(version())
	observers := []event.Observer{event.LogEvents(s.log), counts.Observe}
	if s.history != nil {
		observers = append(observers, s.history.Observe)
		counts.WatchHistory(s.history.Lost)
	}
	if site.observe != nil {
		observers = append(observers, site.observe)
	}
	s.events = event.NewQueue(observers...)
	if site.pushes != nil {
		s.pusher = &pusher{s: s}
		s.events.Tap(s.pusher.observe)
	}
	if flags.Dev {
		s.log.Warn("--dev is for development: cookies travel over plain http, and anybody on the network can take them")
	}
	options := s.sessionOptions(flags, site.options)
	var drift *state.Drift
	if site.keeps != nil {
		options.CheckKey = func(name string) error { return drift.CheckKey(name) }
	}
	s.sessions = session.New(st, options)
	if site.keeps != nil {
		inv := site.keeps(s.sessions.Options())
		if options.Guard != nil {
			withBound(inv)
		}
		drift = s.compare(inv, nil)
	}
	counts.Watch(s.sessions)
	counts.WatchDrift(s.drifts.counts)
	return counts
}

// sessionOptions adds to a site's options what is the same for all sites.
func (s *server) sessionOptions(flags config.Server, options session.Options) session.Options {
	options.StoreTimeout, options.MaxStoreCalls = flags.StoreTimeout, flags.StoreCalls
	options.DeviceLabel, options.TrustedProxies = devices.Label, flags.TrustedProxies()
	options.Events, options.Header = s.events, api.Header(options.Header)
	if flags.Dev {
		options.InsecureCookie = true
		if options.Cookie == "" {
			options.Cookie = insecureCookie
		}
	}
	if flags.SealData {
		options.SealData = s.keys
	}
	return options
}

// newManager returns another manager of sessions in the same store.
func (s *server) newManager(options session.Options) *session.Manager {
	return session.New(s.stores.Store, options)
}

// insecureCookie is the name of the session's cookie with --dev. Many apps have a cookie "session" of their own.
const insecureCookie = "coatcheck-session"

// refused reports a client that had too many connections. It is an event, so it is counted, and a flood of them is one
// line of the log in a minute.
func (s *server) refused(client netip.Addr) {
	s.sessions.Options().Events.Send(event.Event{
		Kind: event.Limit, Address: client.String(), Reason: "too many connections from one address",
	})
}

// greet says where everything is. The link is a secret, but the terminal is where it belongs.
func (s *server) greet(w io.Writer, flags config.Server, site site) error {
	kept := ""
	if flags.Store != "" { // and not in the data folder
		kept = fmt.Sprintf("  Store    %s\n", s.stores.address)
	}
	if s.service != nil {
		kept += fmt.Sprintf("  API      %s (for services, with app keys)\n", s.service.URL())
	}
	if s.counts != nil {
		kept += fmt.Sprintf("  Metrics  %s/metrics (for whoever can reach it)\n", s.counts.URL())
	}
	_, err := fmt.Fprintf(w, `Coatcheck %s is running. Ctrl-C ends it; sessions stay.

  %-8s %s
  Console  %s (good once, for 10 minutes)
  Data     %s
%s  Token    %s (for the console and its API)

%s
`, version(), site.label, s.front.URL(), s.console.SignInLink(), s.folder.Path(), kept, s.tokenIn, site.hint)
	return err
}

// drained returns a context that ends some time after ctx does. In that time the program keeps serving, and says that
// it is not ready.
func (s *server) drained(ctx context.Context, after time.Duration) context.Context {
	drained, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		s.retire()
		s.log.Info("stopping: not ready for more requests", "serving", after)
		time.AfterFunc(after, stop)
	})
	return drained
}

// stopping ends what has no end of its own: event streams and WebSockets.
func (s *server) stopping() {
	s.log.Info("stopping: no new requests are taken")
	s.retire()
	s.close()
	s.console.Close()
	s.watch.Close()
}

// flush makes durable what is still in memory, in the order in which one part hands on to the next.
func (s *server) flush() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	errs := []error{s.endings.Close()}
	s.index.Close()
	if s.router != nil {
		errs = append(errs, s.router.close(ctx)...)
	}
	if err := s.sessions.Close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("write when sessions were last seen: %w", err))
	}
	if err := s.history.Close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("close the history: %w", err))
	}
	errs = append(errs, s.pusher.close(ctx))
	if err := s.stores.close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("close the store: %w", err))
	}
	return errors.Join(append(errs, s.folder.Close())...) // only now may another program have it
}
