package session

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"coatcheck.dev/event"
)

// response stands between a handler and its http.ResponseWriter. Before the first byte of any kind goes out it saves
// the session and sets the cookie; after that nothing can be added to the headers any more.
//
// Like every http.ResponseWriter it is for one goroutine at a time; the session, which is not, asks it whether it has
// begun.
type response struct {
	inner   http.ResponseWriter
	session *Session
	asked   atomic.Bool // the handler has looked at the session
	begun   bool        // headers are out, or on their way; changed under the session's lock, and by the response's goroutine alone
	bearer  bool        // the ticket travels in headers of its own, not in the cookie
	over    bool        // the handler has returned, rather than panicked
	failed  error       // why 503 went out instead of what the handler writes
}

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

// begin runs once, before the first byte. After a failure every later call returns the same error.
func (w *response) begin() error {
	if w.begun {
		return w.failed
	}
	look, err := w.session.begin()
	if err != nil {
		w.failed = err
		w.session.m.refuse(w.inner, w.session.request, err)
		return err
	}
	w.setHeaders(look)
	return nil
}

// setHeaders adds the cookie if there is a new one, and keeps responses that depend on a session out of shared caches.
// What a visitor without a session sees may be shared with others like them.
func (w *response) setHeaders(look outlook) {
	if !w.asked.Load() && !look.news {
		return
	}
	header := w.inner.Header()
	addVary(header, w.session.varyOn())
	if look.news {
		w.session.announce(header)
	}
	if (look.private || look.news) && keepPrivate(header) {
		w.session.report(event.Event{Kind: event.Cacheable})
	}
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

// keepPrivate sets Cache-Control to "private, no-store" unless it has no-store already (OWASP session management
// cheat sheet; ASVS 14.3.2), and reports whether it overruled a handler that wanted the response to be shared.
func keepPrivate(header http.Header) (overruled bool) {
	for _, line := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store":
				return false
			case "public", "s-maxage":
				overruled = true
			}
		}
	}
	header["Cache-Control"] = privateNoStore
	return overruled
}

// These headers are shared between responses; whoever adds to one copies it, as its capacity is used up.
var (
	privateNoStore    = []string{"private, no-store"}[:1:1]
	varyCookie        = []string{"Cookie"}[:1:1]
	varyAuthorization = []string{"Authorization"}[:1:1]
)

// finish ends a response whose handler has returned.
func (w *response) finish() {
	if !w.begun {
		w.begin() // net/http sends the headers now
		return
	}
	if w.failed != nil {
		return // the client was told that nothing is saved, so nothing is
	}
	w.session.commitLate()
}

// abandon ends a response whose handler panicked. Nothing more is saved. A ticket that was made before the panic goes
// into the headers, for whoever recovers and answers; if nobody does, it is lost with the response, so it is reported.
func (w *response) abandon() {
	if w.begun {
		w.session.abandon()
		return
	}
	look, waits := w.session.abandon()
	if waits {
		w.session.report(event.Event{Kind: event.Undelivered, Reason: "the handler panicked"})
	}
	w.setHeaders(look)
}

var (
	// ErrTooLate says that the response has begun, so that no new ticket can be set any more.
	ErrTooLate = errors.New("session: the response has begun: change the session before the first byte is written")

	errHijack = fmt.Errorf("session: the connection cannot be hijacked while a new ticket waits to be sent: write status 101 first: %w", ErrTooLate)
)

func (w *response) flush() { _ = w.flushError() }

func (w *response) flushError() error {
	if err := w.begin(); err != nil {
		return err
	}
	return http.NewResponseController(w.inner).Flush()
}

func (w *response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !w.begun {
		if _, err := w.session.commit(); err != nil {
			return nil, nil, err
		}
		if w.session.hasUrgentNews() {
			return nil, nil, errHijack
		}
	}
	conn, rw, err := http.NewResponseController(w.inner).Hijack()
	if err == nil {
		w.session.hasBegun()
	}
	return conn, rw, err
}

func (w *response) readFrom(src io.Reader) (int64, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.inner.(io.ReaderFrom).ReadFrom(src)
}
