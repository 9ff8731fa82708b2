package gate

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/identity"
	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/csrf"
	"coatcheck.dev/internal/sitedata"
	"coatcheck.dev/session"
)

// MaxBytes and MaxKeys bound the data of one session behind a gate. Give them to session.Options: all data travels in
// one header of every request, and common servers read at most 8 KiB in a line.
const (
	MaxBytes = 6 << 10
	MaxKeys  = 100
)

// Options configure a gate. Only Upstream is required.
type Options struct {
	// Upstream is where the app listens: scheme http, https or h2c (HTTP/2 without TLS) and a host, and no path; or
	// scheme unix and the path of a socket.
	Upstream *url.URL

	// UpstreamCA has the authorities that may vouch for an app with https. The default is those that the system trusts.
	UpstreamCA *x509.CertPool

	// Log records what the operator has to know: refused answers, and an app that cannot be reached. The default is
	// slog.Default.
	Log *slog.Logger

	// Hidden names further cookies, beside the session's, that the app neither sees nor can set: the console's.
	Hidden []string

	// FormTokens asks a request that would change something for a token, if its client tells neither Sec-Fetch-Site nor
	// Origin, as old browsers do: see package csrf. The app finds one in the header Coatcheck-Csrf-Token, and puts it
	// into its forms. The default is that such requests pass.
	FormTokens bool

	// PassHeaders are request headers that the app asks for although a client could mislead it with them, such as
	// X-HTTP-Method-Override or True-Client-IP. The default is none: they are removed from every request.
	PassHeaders []string

	// OnSet is told the key of each value that the app sets. The default is nobody.
	OnSet func(key string)

	// Options say what requests need; the default is nothing. Of bearer clients neither the ticket nor a new one
	// reaches the app.
	route.Options

	// BodyTimeout is how long a client may pause while it sends a body. The default is 1 minute. Beyond that time it
	// has to send 500 bytes a second on average. A slower client gets 408. Negative means any time.
	BodyTimeout time.Duration

	// AnswerTimeout is how long the app may take to begin its answer. The default is 1 minute; negative means any time.
	// The body of the answer may take any time.
	AnswerTimeout time.Duration

	// Token returns a token of a user's session for the app, which goes to it as "Authorization: Bearer TOKEN". No
	// client's own Authorization header goes on then. The default is nil: the gate neither adds nor removes one.
	Token func(*session.Session) (string, error)

	// Closing ends event streams and WebSockets when it is done, because they would keep a server from shutting down.
	// The default is never. Each ends with its session in any case.
	Closing context.Context
}

// Check reports what is wrong with the options, if anything; [New] panics with the same error.
func (o Options) Check() error {
	if err := o.checkUpstream(); err != nil {
		return err
	}
	return o.Options.Check()
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.AnswerTimeout == 0 {
		o.AnswerTimeout = time.Minute
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = time.Minute
	}
	if o.Closing == nil {
		o.Closing = context.Background()
	}
	return o
}

// A Gate passes requests on, and does what the answers say. Its methods may be called from any number of goroutines.
type Gate struct {
	sessions *session.Manager
	has      session.Options // of sessions
	opts     Options
	own      ownCookies
	proxy    *httputil.ReverseProxy
	buffers  *buffers
	upstream *upstream
	teller   identity.Teller
	tokens   *csrf.Guard // nil without Options.FormTokens
	handler  http.Handler

	strangers strangers
}

// New returns a gate that gives its visitors sessions of the manager. It panics if the options are wrong: see
// [Options.Check].
//
// Of the manager's own options it takes the name of the cookie, the limits, the queue of events and the trusted
// proxies. What these proxies say in X-Forwarded-For, -Host and -Proto goes on to the app, so each has to set all three
// itself, whatever its client sends.
func New(sessions *session.Manager, opts Options) *Gate {
	if err := opts.Check(); err != nil {
		panic(err)
	}
	opts = opts.withDefaults()
	has := sessions.Options()
	g := &Gate{sessions: sessions, has: has, opts: opts, buffers: new(buffers)}
	g.own = append(ownCookies{has.Cookie}, opts.Hidden...)
	if guard, ok := has.Guard.(*bound.Guard); ok {
		g.own = append(g.own, guard.Options().Cookie)
	}
	g.teller = identity.Teller{Bound: has.Guard != nil, Token: opts.Token, Log: opts.Log}
	g.upstream = &upstream{opts: opts, proxies: has.TrustedProxies, shared: newTransport(opts)}
	g.proxy = &httputil.ReverseProxy{
		Rewrite:        g.rewrite,
		ModifyResponse: g.answered,
		ErrorHandler:   g.failed,
		Transport:      g.upstream,
		BufferPool:     g.buffers,
		FlushInterval:  flushInterval,
		ErrorLog:       slog.NewLogLogger(opts.Log.Handler(), slog.LevelWarn),
	}
	if opts.FormTokens {
		rules := opts.CrossSite(&has)
		rules.Tokens = csrf.Tokens{
			Session: sessions.Binding, InsecureCookie: has.InsecureCookie,
			InsecureReportOnly: opts.InsecureReportCrossSite,
		}
		g.tokens, g.own = csrf.New(rules), append(g.own, rules.Tokens.CookieName())
	}
	g.handler = g.table()
	return g
}

// ServeHTTP passes a request on, and its answer back.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.handler.ServeHTTP(w, r) }

// Close closes the connections to the app that no request uses. The gate goes on serving.
func (g *Gate) Close() { g.upstream.shared.CloseIdleConnections() }

// table returns what passes requests on as their routes say.
func (g *Gate) table() *route.Table {
	return route.New(g.sessions, g.opts.Options, route.Next{
		Public:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.exchange(w, r, &exchange{}) }),
		Private: http.HandlerFunc(g.private), Inside: g.askForTokens,
	})
}

// private passes on a request that has a session, if its visitor has one.
func (g *Gate) private(w http.ResponseWriter, r *http.Request) {
	g.exchange(w, r, &exchange{session: g.sessions.From(r.Context())})
}

// exchange passes one request on, and its answer back.
func (g *Gate) exchange(w http.ResponseWriter, r *http.Request, x *exchange) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	x.cancel, x.strict = cancel, len(w.Header()[strictTransport]) > 0
	r = r.WithContext(context.WithValue(ctx, exchangeKey{}, x))
	if r.Body != nil && r.Body != http.NoBody {
		x.body = newClientBody(w, r.Body, g.opts.BodyTimeout)
		r.Body = x.body
	}
	defer g.watch(ctx, x, r.Method)()
	g.proxy.ServeHTTP(answer{w}, r)
}

// An exchange is one request and its answer.
type exchange struct {
	session *session.Session // nil if the path is public
	cancel  context.CancelFunc
	body    *clientBody // nil if the request has none
	end     openEnd
	strict  bool          // this program tells browsers to come by https, so that the app need not
	told    identity.Told // what the app is told about the session
	from    [3]string     // and about the way of the request
	token   string        // what it is given for its forms
}

type exchangeKey struct{}

// endWith breaks off the exchange when the program closes or the session ends, whichever is first. What a session has
// let in must not outlive it.
func (x *exchange) endWith(ctx context.Context, closing, sessionOver <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-closing:
	case <-sessionOver:
	}
	x.cancel()
}

// rewrite makes the request that the app gets. It removes what the client says about itself, in every spelling and also
// from the trailers. It adds the gate's own headers last, when no header of the client can act on them any more.
func (g *Gate) rewrite(r *httputil.ProxyRequest) {
	out := r.Out
	out.URL.Scheme, out.URL.Host = g.opts.target()
	out.URL.RawQuery = session.WithoutHandOver(r.In.URL) // byte for byte

	strip(out.Header, g.opts.dropped)
	strip(out.Trailer, g.opts.dropped)
	x := r.In.Context().Value(exchangeKey{}).(*exchange)
	if x.body != nil {
		x.body.in, x.body.out = r.In.Trailer, out.Trailer
	}
	g.own.hide(out.Header)
	if p := upgrading(out.Header); p != "" && !strings.EqualFold(p, "websocket") {
		// Within an upgrade to h2c a client could send its own requests past the gate, with any header.
		out.Header.Del("Upgrade")
		out.Header.Del("Connection")
	}
	g.forward(r, x)

	g.teller.Tell(out.Header, x.session, &x.told)
	if route.Bearer(r.In) {
		strip(out.Header, func(name string) bool { return plain(name) == "authorization" })
	}
	g.authorize(out.Header, x.session)
	if g.tokens != nil {
		x.token = formToken(r.In, x.session)
		out.Header[headerToken] = []string{x.token}
	}
}

// authorize lets the app's Authorization header say who the gate says it is, and nobody else.
func (g *Gate) authorize(header http.Header, s *session.Session) {
	if g.opts.Token == nil {
		return
	}
	strip(header, func(name string) bool { return plain(name) == "authorization" })
	if text := g.teller.Authorization(s); text != "" {
		header["Authorization"] = []string{text}
	}
}

// answered reads the app's answer before any of it goes on. It checks everything before it does anything.
func (g *Gate) answered(res *http.Response) error {
	ctx := res.Request.Context()
	x := ctx.Value(exchangeKey{}).(*exchange)
	todo, err := readOrders(res.Header)
	if err != nil {
		return err
	}
	if err := refuseLate(res, &todo); err != nil {
		return err
	}
	// Before it is obeyed, because it may be what ends the session.
	x.end.finite.Store(todo.changesSession() || res.ContentLength >= 0 || streaming(res))
	switch {
	case x.session != nil:
		if err := g.obey(res, &todo, x.session); err != nil {
			return err
		}
	case todo.changesSession():
		return &fault{"Coatcheck-*", "this path is public, so that there is no session to change"}
	}
	if x.token != "" {
		session.KeepPrivate(res.Header)
		delete(res.Header, "Cache-Control") // the token's own is in the response already, and says no less
	}
	g.clean(res)
	if x.strict {
		delete(res.Header, strictTransport) // browsers read the first of two
	}
	if streaming(res) {
		var over <-chan struct{} // never, for what is public
		if x.session != nil {
			over = x.session.Done()
		}
		go x.endWith(ctx, g.opts.Closing.Done(), over)
	}
	return nil
}

// obey does what the app asks for, and sees to it that the answer does not contradict that.
func (g *Gate) obey(res *http.Response, todo *orders, s *session.Session) error {
	ctx, before := res.Request.Context(), s.Handle()
	if err := todo.check(s, &g.has); err != nil {
		return err
	}
	if g.opts.OnSet != nil {
		todo.tellSets(g.opts.OnSet)
	}
	if todo.signIn != nil {
		if err := s.CookieProblem(); err != nil {
			return err
		}
	}
	if err := todo.obey(ctx, g.sessions, s, res); err != nil {
		return &storeFailure{err}
	}
	if now := s.Handle(); now != before && !now.IsZero() && sitedata.KeepCookies(res.Header) {
		g.opts.Log.Warn("the app begins a session and deletes all cookies in one answer; the cookies stay", "header",
			"Clear-Site-Data", "path", pathOf(res.Request))
	}
	switch {
	case todo.shared:
		g.sessions.ShareResponse(ctx)
	case todo.changesSession():
		session.KeepPrivate(res.Header)
	}
	return nil
}

// refuseLate finds orders that come too late: in an upgrade, which hands the connection over before a cookie can be
// set, and in announced trailers.
func refuseLate(res *http.Response, o *orders) error {
	if res.StatusCode == http.StatusSwitchingProtocols && !o.empty() {
		return &fault{"Coatcheck-*", "an answer with status 101 cannot change the session"}
	}
	for name := range res.Trailer {
		if reserved(name) && !mirrored(name) {
			return &fault{name, "it is announced as a trailer, which comes too late"}
		}
	}
	return nil
}

// clean takes out of an answer what is not for the browser, or not for the app to say.
func (g *Gate) clean(res *http.Response) {
	strip(res.Header, reserved)
	strip(res.Trailer, unfit)
	if route.Bearer(res.Request) {
		delete(res.Header, "Session-Ticket") // is Coatcheck's own to say
	}
	for _, name := range g.own.refuse(res.Header) {
		g.opts.Log.Warn("the app tried to set a cookie of Coatcheck's own; the line was removed", "cookie", name,
			"path", pathOf(res.Request))
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		if len(res.Trailer) > 0 && res.Request.Method != http.MethodHead {
			// Over HTTP/2 an app may have both. In HTTP/1.1 trailers need chunks (RFC 9112, section 7.1.2).
			res.Header.Del("Content-Length")
		}
		res.Body = &trailerFilter{res.Body, res}
	} else if app, ok := res.Body.(io.ReadWriteCloser); ok {
		res.Body = &socket{app, g.buffers}
	}
}

// streaming reports whether an answer has no natural end.
func streaming(res *http.Response) bool {
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	switch strings.ToLower(trim(kind)) {
	case "text/event-stream", "multipart/x-mixed-replace":
		return true
	}
	return res.StatusCode == http.StatusSwitchingProtocols
}

// upgrading returns the protocol that a request wants to switch to, or "".
func upgrading(header http.Header) string {
	for _, line := range header["Connection"] {
		for token := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(trim(token), "upgrade") {
				return header.Get("Upgrade")
			}
		}
	}
	return ""
}
