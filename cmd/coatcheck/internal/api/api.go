package api

import (
	"context"
	"maps"
	"net/http"
	"path"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/appkey"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/cmd/coatcheck/internal/watch"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// Options say whose sessions the API serves, and to whom.
type Options struct {
	// Sessions has the sessions that are listed and ended, and those of the site that nobody names. Its Options.Header
	// has to be made by [Header], and so in those of Sites.
	Sessions *session.Manager

	// Sites returns the site of a host, or of the one that nobody names if host is empty, and what to call when it is
	// not needed any more; nil if there is no such site. The default is that every host is the site of Sessions.
	Sites func(host string) (site *Site, done func())

	// Token is that of the operator that is always there. If it is empty no such token is accepted.
	Token string

	// Keys are those of services, each with its scopes. The default is that there are none.
	Keys *appkey.Ring

	// Operators have tokens of their own, each with a role. The default is that there are none.
	Operators *operator.Roster

	// SignedIn returns the operator who has no token and has proved in another way who they are, such as by the
	// console's session; nil if nobody has. It is asked again while a stream lasts. The default is that nobody has.
	SignedIn func(*http.Request) *operator.Operator

	// Replays remember answers for callers who ask again. The default is a memory of this handler's own.
	Replays *Replays

	// Watch tells of sessions that end. By default there is no such path.
	Watch *watch.Hub

	// Index finds sessions by more than their user. By default they cannot be found so, and nobody can tell what a
	// not-before would end.
	Index *index.Index

	// History has what happened before. By default there is no such path.
	History *history.History

	// Endings end all sessions that a query means. By default there are no such paths.
	Endings *ending.Jobs

	// Shows reports whether operators whose role allows it may see the values of a key. The default is that they may.
	Shows func(key string) bool

	// Forget removes what is kept of a user beside the history, when that is erased. By default there is nothing.
	Forget func(ctx context.Context, user string) error

	// Webhooks returns the outbox that others hear of events from, and nil if there is none. The default is that there
	// is none.
	Webhooks func() *webhook.Outbox

	// Closing is done when the program is about to stop. From then on it is not ready. The default is never.
	Closing context.Context

	// Metrics answers /metrics. By default there is no such path.
	Metrics http.Handler
}

// A Site is one of those whose visitors the API knows.
type Site struct {
	Sessions *session.Manager

	// Token makes a token of a session for an audience, and says when it is over. The error is [token.ErrNobody] if
	// there is nothing to say of the session. Nil is a site that makes none.
	Token func(s *session.Session, audience string) (text string, until time.Time, err error)
}

// New returns the handler of everything under /v1/, and of /healthz, /readyz and /metrics.
func New(o Options) http.Handler {
	if o.SignedIn == nil {
		o.SignedIn = func(*http.Request) *operator.Operator { return nil }
	}
	if o.Closing == nil {
		o.Closing = context.Background()
	}
	if o.Replays == nil {
		o.Replays = NewReplays()
	}
	if o.Webhooks == nil {
		o.Webhooks = func() *webhook.Outbox { return nil }
	}
	if o.Forget == nil {
		o.Forget = func(context.Context, string) error { return nil }
	}
	if o.Shows == nil {
		o.Shows = everything
	}
	who := newAuth(o)
	past := historian{o.History, who.proxies, o.Forget}
	s := finder{sessions{o.Sessions, o.Sites, o.Replays, o.Closing, past, o.Shows}, o.Index}
	sameOrigin := csrf.New(csrf.Options{
		Events: o.Sessions.Options().Events,
		Denied: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { crossOrigin.write(w) }),
	})
	guarded := func(next http.Handler) http.Handler { return sameOrigin.Handler(who.require(next)) }
	mux := http.NewServeMux()
	mux.Handle("/", guarded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { noPath.write(w) })))
	for path, methods := range s.routes(o.Watch, past, ender{o.Endings, who.proxies}, messenger{o.Webhooks, past}) {
		mux.Handle(path, guarded(methods))
	}
	mux.Handle("/v1/openapi.json", methods{http.MethodGet: {"", withoutQuery(document)}})
	mux.Handle("/healthz", methods{http.MethodGet: {"", alive}})
	mux.Handle("/readyz", methods{http.MethodGet: {"", s.ready}})
	if o.Metrics != nil {
		mux.Handle("/metrics", who.require(methods{http.MethodGet: {appkey.Metrics, o.Metrics.ServeHTTP}}))
	}
	return exact(mux)
}

// exact refuses paths that ServeMux would tidy up by a redirect: a caller whose handle or user is empty would be sent
// on to another operation.
func exact(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		tidy := path.Clean(asked)
		if strings.HasSuffix(asked, "/") && tidy != "/" {
			tidy += "/"
		}
		if tidy != asked || !strings.HasPrefix(asked, "/") {
			noPath.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Metrics returns the handler of /metrics, /healthz and /readyz alone, for an address of their own: nobody is asked who
// they are.
func Metrics(o Options) http.Handler {
	if o.Closing == nil {
		o.Closing = context.Background()
	}
	mux := http.NewServeMux()
	mux.Handle("/healthz", methods{http.MethodGet: {"", alive}})
	s := sessions{manager: o.Sessions, sites: o.Sites, closing: o.Closing}
	mux.Handle("/readyz", methods{http.MethodGet: {"", s.ready}})
	mux.Handle("/metrics", methods{http.MethodGet: {"", o.Metrics.ServeHTTP}})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { noPath.write(w) })
	return mux
}

// routes are what needs a key, by path.
func (s finder) routes(hub *watch.Hub, p historian, e ender, to messenger) map[string]methods {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	all := map[string]methods{
		"/v1/sessions": {
			get: {appkey.Read, s.list}, post: {appkey.Create, s.create}, del: {appkey.Admin, s.endEverybody},
		},
		"/v1/sessions/check":    {post: {appkey.Read, s.check}},
		"/v1/sessions/data":     {patch: {appkey.Create, s.patchVisitor}},
		"/v1/sessions/step-up":  {post: {appkey.Create, s.stepUp}},
		"/v1/sessions/sign-out": {post: {appkey.End, s.signOut}},
		"/v1/sessions/token":    {post: {appkey.Token, s.exchange}},
		"/v1/sessions/{handle}": {
			get: {appkey.Read, withoutQuery(s.show)}, del: {appkey.End, withoutQuery(s.end)},
		},
		"/v1/sessions/{handle}/data":   {patch: {appkey.Create, s.patchHandle}},
		"/v1/sessions/{handle}/extend": {post: {appkey.Create, withoutQuery(s.use)}},
		"/v1/users/{user}/sessions":    {del: {appkey.End, s.endUser}},
		"/v1/not-before":               {post: {appkey.End, s.notBefore}},
	}
	maps.Copy(all, to.routes())
	if hub != nil {
		all["/v1/watch"] = methods{get: {appkey.Read, withoutQuery(s.watch(hub))}}
	}
	if e.jobs != nil {
		all["/v1/sessions/end"] = methods{post: {appkey.Admin, e.ask}}
		all["/v1/ends/{id}"] = methods{
			get: {appkey.Admin, withoutQuery(e.show)}, post: {appkey.Admin, e.start},
			del: {appkey.Admin, withoutQuery(e.cancel)},
		}
	}
	if p.history != nil {
		all["/v1/history"] = methods{get: {appkey.Read, p.find}, del: {appkey.Admin, p.erase}}
		all["/v1/history.csv"] = methods{get: {appkey.Read, p.exportCSV}}
		all["/v1/history.json"] = methods{get: {appkey.Read, p.exportJSON}}
	}
	return all
}
