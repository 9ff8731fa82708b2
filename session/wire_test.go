package session_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// A wire is a real server on loopback, with a client of its own.
type wire struct {
	server   *httptest.Server
	proto    string
	mu       sync.Mutex
	handlers map[string]http.Handler
	next     int
	events   recorder // of the manager of onTheWire
}

// newWire starts a server that speaks HTTP/1.1 or, with http2, HTTP/2 over TLS.
func newWire(t testing.TB, http2 bool) *wire {
	t.Helper()
	w := &wire{handlers: make(map[string]http.Handler), proto: "HTTP/1.1"}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.dispatch))
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0) // panics and superfluous headers are part of the tests
	if http2 {
		w.proto = "HTTP/2.0"
		w.server.EnableHTTP2 = true
		w.server.StartTLS()
	} else {
		w.server.Start()
	}
	w.server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(w.server.Close)
	return w
}

func (w *wire) dispatch(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	h := w.handlers[r.URL.Path]
	w.mu.Unlock()
	h.ServeHTTP(rw, r)
}

// mount makes a handler reachable and returns its URL.
func (w *wire) mount(h http.Handler) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	path := fmt.Sprintf("/%d", w.next)
	w.handlers[path] = h
	return w.server.URL + path
}

// A received response, as its client saw it.
type received struct {
	answer
	early   []textproto.MIMEHeader // headers of the 1xx responses
	trailer http.Header
	err     error // of the request, or of reading the body
}

// get sends a request with a Cookie line, byte for byte, to a handler.
func (w *wire) get(t testing.TB, cookie string, h http.Handler) *received {
	t.Helper()
	got := &received{}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, header textproto.MIMEHeader) error {
			got.early = append(got.early, header)
			return nil
		},
	}), http.MethodGet, w.mount(h), nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	res, err := w.server.Client().Do(r)
	if err != nil {
		got.err = err
		return got
	}
	defer res.Body.Close()
	if res.Proto != w.proto {
		t.Errorf("the connection speaks %s, want %s", res.Proto, w.proto)
	}
	body, err := io.ReadAll(res.Body)
	got.status, got.header, got.body, got.trailer, got.err = res.StatusCode, res.Header, string(body), res.Trailer, err
	return got
}

// raw sends a request over a bare connection and returns everything that comes back until the server closes it.
func (w *wire) raw(t testing.TB, header string, h http.Handler) string {
	t.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	path := strings.TrimPrefix(w.mount(h), w.server.URL)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, header)
	all, _ := io.ReadAll(bufio.NewReader(conn)) // a reset after the answer is no matter
	return string(all)
}

// onTheWire runs a test on both protocols, each with a manager on a store of its own.
func onTheWire(t *testing.T, o session.Options, test func(t *testing.T, w *wire, m *session.Manager, st *faultStore)) {
	t.Helper()
	for _, http2 := range []bool{false, true} {
		name := "HTTP1"
		if http2 {
			name = "HTTP2"
		}
		t.Run(name, func(t *testing.T) {
			st := newFaultStore()
			w := newWire(t, http2)
			o.Events = event.NewQueue(w.events.observe)
			test(t, w, newManager(t, st, o), st)
		})
	}
}
