package session

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"coatcheck.dev/event"
	"coatcheck.dev/internal/cachecontrol"
)

// response stands between a handler and its http.ResponseWriter. Before the first byte of any kind goes out it saves
// the session and sets the cookie; after that nothing can be added to the headers any more.
//
// Like every http.ResponseWriter it is for one goroutine at a time; the session, which is not, asks it whether it has
// begun.
type response struct {
	inner   http.ResponseWriter
	session *Session
	depends atomic.Int32 // whether the response depends on the session
	over    bool         // the handler has returned, rather than panicked
}

const (
	dependsNot       int32 = iota
	dependsOnSession       // the handler has looked at the session
	dependsDenied          // the handler says that it does not matter
)

func (w *response) Header() http.Header { return w.inner.Header() }

// Unwrap is for http.ResponseController. It reaches the methods that send nothing, such as deadlines; those that send
// are implemented here whenever the inner writer has them.
func (w *response) Unwrap() http.ResponseWriter { return w.inner }

// WriteHeader begins the response, unless the status is informational. 101 is not: it is the last status of its
// connection.
func (w *response) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		if err := w.begin(); err != nil {
			return
		}
	}
	w.inner.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.inner.Write(b)
}

func (w *response) WriteString(s string) (int, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return io.WriteString(w.inner, s)
}

// begin runs once, before the first byte: it saves what the request has changed and adds to the headers. After a
// failure every later call returns the same error.
func (w *response) begin() error { return w.enter(phaseBegun) }

// enter is begin for a phase.
func (w *response) enter(phase uint32) error {
	s := w.session
	if s.begun() {
		return s.failure()
	}
	plan, err := s.plan(phase)
	if err != nil {
		s.m.refuse(w.inner, s.request, err)
		return err
	}
	w.setHeaders(plan)
	return nil
}

// A responsePlan is what a response has to say about the session.
type responsePlan struct {
	cookie  bool // the browser has to be told something
	private bool // the response is for this visitor alone
}

// plan lets the response begin: from now on nothing can be said in its headers any more. What the request has changed
// is durable when it returns without an error.
func (s *Session) plan(phase uint32) (responsePlan, error) {
	// Whoever makes a state looks at the phase afterwards, so that one of the two sees the other.
	s.phase.Store(phase)
	if s.known.Load() == nil {
		return responsePlan{private: s.found != nil}, nil
	}
	st := s.lock()
	defer s.mu.Unlock()
	st.failed = st.conclude()
	return st.responsePlan(), st.failed
}

func (st *state) responsePlan() responsePlan {
	return responsePlan{st.cookie != cookieKeep || st.tell != nil, st.private}
}

// failure is why the response is another one than the handler's.
func (s *Session) failure() error {
	if s.known.Load() == nil {
		return nil
	}
	st := s.lock()
	defer s.mu.Unlock()
	return st.failed
}

// setHeaders adds the cookie if there is a new one, and keeps responses that depend on a session out of shared caches.
// What a visitor without a session sees may be shared with others like them.
func (w *response) setHeaders(plan responsePlan) {
	if w.depends.Load() != dependsOnSession && !plan.cookie {
		return
	}
	s, header := w.session, w.inner.Header()
	// First, because it looks at each header that there is.
	switch {
	case !plan.private && !plan.cookie:
	case s.m.opts.PrivateCaching && !plan.cookie && cachecontrol.LimitToBrowser(header):
	case KeepPrivate(header):
		s.reportCacheable()
	}
	if plan.cookie {
		s.announce(header)
	}
	on := varyCookie
	if s.bearer {
		on = varyAuthorization
	}
	addVary(header, on)
}

func (s *Session) reportCacheable() {
	st := s.lock()
	defer s.mu.Unlock()
	st.emit(event.Event{Kind: event.Cacheable})
}

// addVary adds the field of one line to Vary, unless it is there.
func addVary(header http.Header, on []string) {
	lines := header["Vary"]
	if len(lines) == 0 {
		header["Vary"] = on
		return
	}
	for _, line := range lines {
		for field := range strings.SplitSeq(line, ",") {
			if f := strings.TrimSpace(field); f == "*" || strings.EqualFold(f, on[0]) {
				return
			}
		}
	}
	header["Vary"] = append(lines, on[0])
}

// KeepPrivate sets Cache-Control to "private, no-store" unless it has no-store already (OWASP session management
// cheat sheet; ASVS 14.3.2), and takes away what would tell some cache otherwise ([RFC 9213] and its forerunners). It
// reports whether it overruled a handler that wanted the response to be shared.
//
// [RFC 9213]: https://www.rfc-editor.org/rfc/rfc9213
func KeepPrivate(header http.Header) (overruled bool) { return cachecontrol.Forbid(header) }

// These headers are shared between responses; whoever adds to one copies it, as its capacity is used up.
var (
	varyCookie        = []string{"Cookie"}[:1:1]
	varyAuthorization = []string{"Authorization"}[:1:1]
)

// finish ends a response whose handler has returned.
func (w *response) finish() {
	if !w.session.begun() {
		_ = w.enter(phaseOver) // net/http sends the headers now
		return
	}
	w.session.phase.Store(phaseOver)
	if w.session.failure() != nil {
		return // the client was told that nothing is saved, so nothing is
	}
	w.session.commitLate()
}

// commitLate saves what a handler has changed after the response had begun. The response can say nothing of a failure
// any more, so only the observers hear of it.
func (s *Session) commitLate() {
	if s.known.Load() == nil {
		return
	}
	st := s.lock()
	defer s.mu.Unlock()
	_ = st.conclude()
}

// abandon ends a response whose handler panicked. Nothing more is saved. A ticket that was made before the panic goes
// into the headers, for whoever recovers and answers; if nobody does, it is lost with the response, so it is reported.
func (w *response) abandon() {
	late := w.session.phase.Swap(phaseOver) != phaseOpen
	plan := w.session.dropAll(late)
	if !late {
		w.setHeaders(plan)
	}
}

// dropAll drops what is not saved.
func (s *Session) dropAll(late bool) responsePlan {
	st := s.lock()
	defer s.mu.Unlock()
	st.dropChanges("the handler panicked")
	if st.cookie == cookieSet && !late {
		st.emit(event.Event{Kind: event.Undelivered, Reason: "the handler panicked"})
	}
	return st.responsePlan()
}

func (w *response) flush() { _ = w.flushError() }

func (w *response) flushError() error {
	if err := w.begin(); err != nil {
		return err
	}
	return http.NewResponseController(w.inner).Flush()
}

func (w *response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	s := w.session
	if !s.begun() {
		if err := s.beforeHijack(); err != nil {
			return nil, nil, err
		}
	}
	conn, rw, err := http.NewResponseController(w.inner).Hijack()
	if err == nil {
		s.phase.Store(phaseBegun)
	}
	return conn, rw, err
}

// beforeHijack saves what the request has changed. It returns an error if the browser would be left with a ticket that
// is no good, for nothing can be told to it any more.
func (s *Session) beforeHijack() error {
	st := s.lock()
	defer s.mu.Unlock()
	if err := st.conclude(); err != nil {
		return err
	}
	if st.cookie == cookieSet || st.cookie == cookieDelete {
		return errHijack
	}
	return nil
}

func (w *response) readFrom(src io.Reader) (int64, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.inner.(io.ReaderFrom).ReadFrom(src)
}
