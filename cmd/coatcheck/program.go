package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/cookies"
	"coatcheck.dev/cmd/coatcheck/internal/device"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/metrics"
	"coatcheck.dev/cmd/coatcheck/internal/server"
	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// A Program is one run of coatcheck.
type Program struct {
	Stdin  io.Reader // for those who name it as a file
	Stdout io.Writer // what the user asked for: addresses, tables
	Stderr io.Writer // the log
}

// Run does what the arguments say, and returns when that is done. The commands that serve end when ctx does.
func (p *Program) Run(ctx context.Context, args []string) error {
	line, err := config.Parse(args, p.Stdout)
	if errors.Is(err, config.ErrAnswered) {
		return nil
	}
	if err != nil {
		return err
	}
	switch line.Command {
	case config.RunDemo:
		return p.serve(ctx, line.Demo.House, demo)
	case config.RunServe:
		site, err := upstream(&line.Serve)
		if err != nil {
			return err
		}
		return p.serve(ctx, line.Serve.House, site)
	case config.RunCheck:
		c := line.Check
		return check.Run(ctx, check.Options{
			Pages: c.Pages, HAR: c.HAR, Lines: c.Lines, URL: c.URL, Format: c.Format, FailOn: c.FailOn,
			Stdin: p.Stdin, Colour: check.Terminal(p.Stdout),
		}, p.Stdout)
	case config.PrintInventory:
		return shop.Inventory.WriteTable(p.Stdout)
	case config.RunDoctor:
		return p.doctor(ctx, &line.Doctor)
	case config.CopyStore:
		return p.copyStore(ctx, &line.Store.Copy)
	case config.ConvertCookies:
		return p.convert(ctx, line.Cookies.Convert)
	}
	_, err = fmt.Fprintf(p.Stdout, "coatcheck %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

func (p *Program) convert(ctx context.Context, flags config.Convert) error {
	c := cookies.Conversion{From: flags.From, To: flags.To, FromFormat: flags.FromFormat, ToFormat: flags.ToFormat,
		Stdin: p.Stdin, Stdout: p.Stdout}
	report, err := c.Run(ctx)
	if err != nil {
		return fmt.Errorf("convert cookies: %w", err)
	}
	return report.Print(p.Stderr)
}

// A site is what stands on the counter: the demo shop, or the app behind the gate.
type site struct {
	name    string // for the console
	label   string // for the terminal
	hint    string // what to do there
	options session.Options
	handler func(*house) http.Handler
}

var demo = site{
	name:    "demo shop",
	label:   "Shop",
	hint:    "Sign in to the shop as ada (password lovelace), alan (turing) or grace (hopper).",
	options: session.Options{SignInPath: "/login"},
	handler: func(h *house) http.Handler {
		return shop.New(h.sessions, shop.Options{ConsoleURL: h.back.URL(), Log: h.log})
	},
}

// upstream returns the site that is the gate in front of an app.
func upstream(flags *config.Serve) (site, error) {
	text := flags.Upstream
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return site{}, fmt.Errorf("--upstream %q is not a URL such as http://127.0.0.1:3000", flags.Upstream)
	}
	options := gate.Options{Upstream: u, TrustedOrigins: flags.TrustOrigin, TrustedProxies: flags.TrustedProxies(), AnswerTimeout: flags.UpstreamTimeout}
	if flags.UpstreamTimeout <= 0 {
		options.AnswerTimeout = -1
	}
	if err := options.Check(); err != nil {
		return site{}, err
	}
	return site{
		name:    u.Host,
		label:   "App",
		hint:    "Requests go on to " + u.String() + ", which knows the visitor from the headers Coatcheck-User, -Session and -Data.",
		options: session.Options{MaxBytes: gate.MaxBytes, MaxKeys: gate.MaxKeys},
		handler: func(h *house) http.Handler {
			options.Log, options.Closing = h.log, h.closing
			return gate.New(h.sessions, options)
		},
	}, nil
}

// A house is everything that serves one site.
type house struct {
	log       *slog.Logger
	folder    *folder.Folder
	depot     *depot
	storeLine string // for the greeting: where sessions are, if not in the folder
	sessions  *session.Manager
	console   *console.Console
	front     *server.Server // the site
	back      *server.Server // the console
	closing   context.Context
	close     context.CancelFunc // ends what would not end by itself
	unready   context.Context
	retire    context.CancelFunc // tells load balancers to send no more
}

// grace is how long requests that are under way may take when the program is told to stop.
const grace = 10 * time.Second

func (p *Program) serve(ctx context.Context, flags config.House, site site) error {
	h, err := p.open(ctx, flags, site)
	if err != nil {
		return err
	}
	if err := h.greet(p.Stdout, site); err != nil {
		return err
	}
	err = server.Run(h.drained(ctx, flags.DrainTime), grace, h.stopping, h.front, h.back)
	if errors.Is(err, server.ErrBrokenOff) {
		h.log.Warn(err.Error(), "after", grace) // a slow client is no failure of the program
		err = nil
	}
	return errors.Join(err, h.leave())
}

// open takes the addresses first, as that is what fails most often, and nothing has been made by then.
func (p *Program) open(ctx context.Context, flags config.House, site site) (_ *house, err error) {
	h := &house{log: p.logger(flags)}
	h.closing, h.close = context.WithCancel(context.Background())
	h.unready, h.retire = context.WithCancel(context.Background())
	var undo []func() error
	defer func() {
		for _, f := range undo {
			if err != nil {
				f()
			}
		}
	}()
	if h.front, err = server.Listen(flags.Listen, "--listen"); err != nil {
		return nil, err
	}
	undo = append(undo, h.front.Close)
	if h.back, err = server.Listen(flags.ConsoleListen, "--console-listen"); err != nil {
		return nil, err
	}
	undo = append(undo, h.back.Close)
	if h.folder, err = folder.Open(flags.Data); err != nil {
		return nil, err
	}
	token, err := h.folder.Token()
	if err != nil {
		return nil, err
	}
	if h.depot, err = h.openStore(ctx, &flags.Keep); err != nil {
		return nil, err
	}
	if flags.Store != "" {
		h.storeLine = fmt.Sprintf("  Store    %s\n", h.depot.where)
	}
	options := site.options
	options.StoreTimeout, options.MaxStoreCalls = flags.StoreTimeout, flags.StoreCalls
	options.DeviceLabel, options.TrustedProxies = device.Label, flags.TrustedProxies()
	counts := metrics.New(version())
	options.Events = event.NewQueue(event.LogEvents(h.log), counts.Observe)
	h.sessions = session.New(h.depot.Store, options)
	counts.Watch(h.sessions)
	if h.depot.near != nil {
		counts.WatchNear(h.depot.near.Stats)
	}
	h.console = console.New(console.Options{
		Sessions: h.sessions, Feed: h.depot, Token: token, BaseURL: h.back.URL(), What: site.name, Log: h.log,
		Closing: h.unready, Metrics: counts.Handler(h.log),
	})
	h.front.Log, h.front.Handler = h.log, site.handler(h)
	h.back.Log, h.back.Handler = h.log, h.console
	return h, nil
}

func (p *Program) logger(flags config.House) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelWarn}
	if flags.Verbose {
		options.Level = slog.LevelInfo
	}
	if flags.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.Stderr, options))
}

// greet says where everything is. The link is a secret, but the terminal is where it belongs.
func (h *house) greet(w io.Writer, site site) error {
	_, err := fmt.Fprintf(w, `Coatcheck %s is running. Ctrl-C ends it; sessions stay.

  %-8s %s
  Console  %s (good once, for 10 minutes)
  Data     %s
%s  Token    %s (for the console and its API)

%s
`, version(), site.label, h.front.URL(), h.console.SignInLink(), h.folder.Path(), h.storeLine, h.folder.TokenPath(), site.hint)
	return err
}

// drained returns a context that ends some time after ctx does, in which the program serves on and says that it is not ready.
func (h *house) drained(ctx context.Context, after time.Duration) context.Context {
	drained, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		h.retire()
		h.log.Info("stopping: not ready for more requests", "serving", after)
		time.AfterFunc(after, stop)
	})
	return drained
}

// stopping ends what has no end of its own: event streams and WebSockets.
func (h *house) stopping() {
	h.log.Info("stopping: no new requests are taken")
	h.retire()
	h.close()
	h.console.Close()
}

// leave makes durable what is still in memory, in the order in which one part hands on to the next.
func (h *house) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var errs []error
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{{"write when sessions were last seen", h.sessions.Close}, {"close the store", h.depot.close}} {
		if err := step.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	return errors.Join(errs...)
}

// version is that of the module, or of the revision that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown version)"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
