package console

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/asset"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/csrf"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// Options say what the console shows, and to whom.
type Options struct {
	// Sessions has the sessions that are listed and ended.
	Sessions *session.Manager

	// Feed tells of their changes.
	Feed store.Feed

	// History has what happened before, and is told who signs in here. The default is none.
	History *history.History

	// Endings end all sessions that a search finds. The default is that there is no such button.
	Endings *ending.Jobs

	// Index finds sessions. The default is none: the list is newest first, and can be of one user.
	Index *index.Index

	// Token signs in the operator that is always there. If it is empty, there is none.
	Token string

	// Operators have names, roles, and tokens and links of their own. The default is that there is only the one with
	// Token, and no link.
	Operators *operator.Roster

	// BaseURL is where browsers find the console, such as "http://localhost:8081". Sign-in links begin with it.
	BaseURL string

	// Hosts are other names by which browsers find it. At names that are neither these, nor that of BaseURL, nor
	// localhost, there is no console.
	Hosts []string

	// TrustUserFrom are the networks of another gate, whose header Coatcheck-User signs in the operator of that name.
	// Whoever can connect from there can be any operator. The default is that the header counts for nothing.
	TrustUserFrom []netip.Prefix

	// What names the site in a few words, at the top of each page. It may be empty.
	What string

	// InsecureCookie leaves out the Secure attribute of the console's cookie, for development over plain HTTP on a name
	// other than localhost. Each page says so.
	InsecureCookie bool

	// Shows reports whether operators whose role allows it may see the values of a key. The default is that they may.
	Shows func(key string) bool

	// Forget removes what is kept of a user beside the history, when that is erased. By default there is nothing.
	Forget func(ctx context.Context, user string) error

	// Webhooks returns the outbox that others hear of events from, and nil if there is none. It may be nil itself.
	Webhooks func() *webhook.Outbox

	// Log records sign-ins, refused ones, and failures. The default is no log.
	Log *slog.Logger
}

// A Console has pages, and a session for each operator who is signed in. Its methods may be called from any number of
// goroutines.
type Console struct {
	opts      Options
	log       *slog.Logger
	operators *session.Manager // the console's own sessions
	records   *memory.Store    // where operators keeps them
	hosts     []string         // names of the console's own
	live      *live
	refused   refusals
	unfeed    []func()
}

// Cookie is the name of the console's own session cookie. Ports do not separate cookies, so it must differ from the
// cookies of other sites on the same host.
const Cookie = "__Host-coatcheck-console"

// InsecureCookie is its name with Options.InsecureCookie.
const InsecureCookie = "coatcheck-console"

// liveHeader marks the requests by which an open page follows changes. They do not count as use of the console's
// session: a page that nobody looks at must not keep its operator signed in.
const liveHeader = "Coatcheck-Live"

// New returns a console. It has no goroutine while nobody watches.
func New(o Options) *Console {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Operators == nil {
		o.Operators = new(operator.Roster)
	}
	if o.Forget == nil {
		o.Forget = func(context.Context, string) error { return nil }
	}
	if o.Shows == nil {
		o.Shows = func(string) bool { return true }
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	c := &Console{opts: o, log: o.Log.With("part", "console"), records: memory.New()}
	c.refused.note = o.History.Note
	own := session.Options{
		Cookie:         Cookie,
		SameSiteStrict: true,
		SignInPath:     "/sign-in",
		Passive:        passive,
		Events:         event.NewQueue(c.observers()...),
	}
	if o.Sessions != nil {
		own.TrustedProxies = o.Sessions.Options().TrustedProxies
	}
	if o.InsecureCookie {
		own.Cookie, own.InsecureCookie = InsecureCookie, true
	}
	c.operators = session.New(c.records, own)
	if u, err := url.Parse(o.BaseURL); err == nil && u.Host != "" {
		c.hosts = append(c.hosts, event.HostName(u.Host))
	}
	for _, host := range o.Hosts {
		c.hosts = append(c.hosts, event.HostName(host))
	}
	c.live = newLive()
	c.unfeed = []func(){c.records.Subscribe(c.operatorChanged), o.Feed.Subscribe(c.live.notice)}
	if o.Index != nil {
		c.unfeed = append(c.unfeed, o.Index.OnChange(c.live.change))
	}
	if !o.InsecureCookie && !keepsCookies(o.BaseURL) {
		c.log.Warn("browsers do not keep the console's cookie here; use https or localhost", "url", o.BaseURL)
	}
	return c
}

// observers hear of the console's own sessions.
func (c *Console) observers() []event.Observer {
	observers := []event.Observer{event.LogEvents(c.log)}
	if c.opts.History != nil {
		observers = append(observers, c.opts.History.ObserveOperators)
	}
	return observers
}

func passive(r *http.Request) bool {
	return r.Header.Get(liveHeader) != "" || r.URL.Path == "/events"
}

// keepsCookies reports whether browsers take cookies with the Secure attribute from a URL.
func keepsCookies(base string) bool {
	u, err := url.Parse(base)
	return err == nil && event.Trustworthy(u.Scheme, u.Host)
}

// maxBody bounds the body of a request for a page, in bytes. A form of ours is far smaller.
const maxBody = 8 << 10

// routes are the pages by their patterns. What each takes stands in the table of package operator.
func (c *Console) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /sign-in":   c.showSignIn,
		"POST /sign-in":  c.signIn,
		"POST /sign-out": c.signOut,
		"POST /rows":     c.changeRows,

		"GET /sign-in/passkey":  c.askForPasskey,
		"POST /sign-in/passkey": c.showPasskey,
		"GET /passkeys":         c.listPasskeys,
		"POST /passkeys":        c.addPasskey,
		"POST /passkeys/remove": c.removePasskey,

		"GET /{$}":              c.showSessions,
		"GET /session/{handle}": c.showSession,
		"GET /events":           c.follow,

		"POST /session/{handle}/values": c.showValues,

		"GET /explain":  c.askForCookie,
		"POST /explain": c.explainCookie,

		"GET /history":        c.showHistory,
		"GET /history.csv":    c.exportCSV,
		"GET /history.json":   c.exportJSON,
		"GET /charts":         c.showCharts,
		"GET /erase-history":  c.askErase,
		"POST /erase-history": c.eraseHistory,

		"POST /end-found":          c.askEndFound,
		"GET /endings":             c.showJobs,
		"GET /ending/{id}":         c.showJob,
		"POST /ending/{id}":        c.startJob,
		"POST /ending/{id}/cancel": c.cancelJob,
		"GET /ending/{id}/csv":     c.exportJob,
		"GET /not-before":          c.askNotBefore,
		"POST /not-before":         c.setNotBefore,

		"POST /end":             c.endSession,
		"GET /end-user":         c.confirmEndUser,
		"POST /end-user":        c.endUser,
		"GET /webhooks":         c.showWebhooks,
		"POST /webhooks/dead":   c.decideDead,
		"POST /webhooks/replay": c.replayWebhooks,
		"POST /webhooks/resume": c.resumeWebhooks,

		"GET /end-everybody":  c.confirmEndEverybody,
		"POST /end-everybody": c.endEverybody,
	}
}

// Pages returns the handler of the console's pages. It needs the requests of [Console.Handler].
func (c *Console) Pages() http.Handler {
	pages := http.NewServeMux()
	for pattern, handle := range c.routes() {
		if a := operator.Needs(pattern); a == operator.Anybody {
			pages.Handle(pattern, handle)
		} else {
			pages.Handle(pattern, c.restricted(a, handle))
		}
	}
	pages.Handle("GET /assets/", asset.Handler(files))
	pages.HandleFunc("/", c.notFound)
	guard := csrf.New(csrf.Options{Denied: http.HandlerFunc(c.crossOrigin), Events: c.opts.Sessions.Options().Events})
	return guard.Handler(http.MaxBytesHandler(c.wellFormed(pages), maxBody))
}

// wellFormed refuses an address with a part that cannot be read, such as a name with a semicolon that nobody has
// escaped: package url leaves such a part out, and without it the page is about more sessions, or about everybody's.
func (c *Console) wellFormed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			c.malformed(w, r, damagedAddress)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Handler puts a handler behind the console's own names, sessions and security headers.
func (c *Console) Handler(next http.Handler) http.Handler {
	return withHeaders(c.atKnownHost(c.operators.Handler(c.upToDate(c.behindGate(next)))))
}

// upToDate has each request judged by the operators as their file has them now: whoever has just lost a role, a token
// or a passkey does not come in by it.
func (c *Console) upToDate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.opts.Operators.Refresh()
		next.ServeHTTP(w, r)
	})
}

// SignInLink returns a URL that signs in its first visitor, as the operator that is always there. It works once, within
// 10 minutes. Whoever has it is that operator, so it belongs on the terminal where the program was started, and nowhere
// else. If no link can be made, the log says why, and the URL is that of the sign-in page.
func (c *Console) SignInLink() string {
	secret, err := c.opts.Operators.Mint(operator.Owner, time.Now())
	if err != nil {
		c.log.Error("make a sign-in link", "error", err)
		return c.opts.BaseURL + "/sign-in"
	}
	return operator.LinkURL(c.opts.BaseURL, secret)
}

// Close ends the streams of open pages, because http.Server.Shutdown would wait for them. The console goes on
// answering, without updates. Closing twice is harmless.
func (c *Console) Close() {
	for _, stop := range c.unfeed {
		stop()
	}
	c.live.close()
	c.refused.flush()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.operators.Close(ctx) // its store is in memory and ends with the program
}

// operatorChanged ends the streams of an operator whose session has ended.
func (c *Console) operatorChanged(n store.Notice) {
	if n.Kind != store.Created && n.Kind != store.Saved {
		c.live.end(n.ID)
	}
}
