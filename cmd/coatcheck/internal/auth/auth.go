package auth

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// Where proxies ask.
const (
	Path  = "/.coatcheck/auth"   // whether a request may go on; Envoy adds the path of the request
	Whole = "/.coatcheck/answer" // for the whole answer, where that was no
)

// Options configure forward-auth for one site. Only Dialect is required.
type Options struct {
	// Dialect is that of the proxy which asks.
	Dialect *Dialect

	// Options say what requests need; the default is nothing. Of bearer clients neither the ticket nor a new one
	// reaches the app.
	route.Options

	// Token returns a token of a user's session for the app, which goes to it as "Authorization: Bearer TOKEN". The
	// default is nil: the client's own header goes on.
	Token func(*session.Session) (string, error)

	// Log records what the operator has to know: who asks without being trusted, and what a proxy leaves out. The
	// default is slog.Default.
	Log *slog.Logger
}

// A Server answers the proxy of one site. Its methods may be called from any number of goroutines.
type Server struct {
	opts     Options
	sessions *session.Manager
	has      session.Options // of sessions
	teller   identity.Teller
	table    *route.Table
	sent     sentBack

	strangers, mistakes minute
}

// New returns a server for sessions of the manager. It panics if the options are wrong: see [route.Options.Check].
//
// Of the manager's own options it takes the trusted proxies, which alone may ask, and the queue of events.
func New(sessions *session.Manager, opts Options) *Server {
	if err := opts.Check(); err != nil {
		panic(err)
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	has := sessions.Options()
	s := &Server{opts: opts, sessions: sessions, has: has}
	s.teller = identity.Teller{Bound: has.Guard != nil, Token: opts.Token, Log: opts.Log}
	s.table = route.New(sessions, opts.Options, route.Next{
		Public:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.admit(w, r, nil) }),
		Private: http.HandlerFunc(s.private),
	})
	return s
}

// ServeHTTP answers a proxy.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	whole := r.URL.Path == Whole
	if !whole && r.URL.Path != Path && (s.opts.Dialect.uri != "" || !strings.HasPrefix(r.URL.Path, Path+"/")) {
		s.say(w, http.StatusNotFound, "There is no page here: this program stands beside "+s.opts.Dialect.name+
			", which asks it at "+Path+". Visitors have to ask "+s.opts.Dialect.name+".")
		return
	}
	if !event.Trusts(s.has.TrustedProxies, r.RemoteAddr) {
		if s.strangers.first(time.Now()) {
			address, _ := event.ParseHop(r.RemoteAddr)
			s.opts.Log.Warn("somebody who is no trusted proxy asked who makes a request, and was refused; if it is "+
				"your proxy, start with --trust-proxy "+address.String(), "address", r.RemoteAddr)
		}
		s.say(w, http.StatusForbidden, "Only a trusted proxy may ask here (--trust-proxy).")
		return
	}
	original, err := s.opts.Dialect.original(r)
	if err != nil {
		if s.mistakes.first(time.Now()) {
			s.opts.Log.Warn("the proxy does not tell what it is asked for", "error", err)
		}
		s.say(w, http.StatusBadRequest, err.Error()+".")
		return
	}
	s.table.ServeHTTP(&reply{ResponseWriter: w, server: s, request: original, whole: whole}, original)
}

// say answers in one sentence.
func (s *Server) say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}

func (s *Server) private(w http.ResponseWriter, r *http.Request) {
	s.admit(w, r, s.sessions.From(r.Context()))
}

// admit tells whose request may go on. The session is nil if the path is public.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, visitor *session.Session) {
	header := w.Header()
	header[identity.Bound] = nothing // Caddy would copy the name of a variable where it is missing
	s.teller.Tell(header, visitor, new(identity.Told))
	switch {
	case s.opts.Token != nil:
		header["Authorization"] = []string{s.teller.Authorization(visitor)}
	case len(s.opts.Bearer) > 0:
		own := ""
		if !route.Bearer(r) {
			own = r.Header.Get("Authorization")
		}
		header["Authorization"] = []string{own}
	}
	w.WriteHeader(http.StatusOK)
}

// A minute is what is to happen once in one.
type minute struct{ last atomic.Int64 }

// first reports whether nobody has asked for a minute.
func (m *minute) first(now time.Time) bool {
	last := m.last.Load()
	return now.Unix()-last >= 60 && m.last.CompareAndSwap(last, now.Unix())
}
