package gate_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"
)

// echoSocket switches to a protocol and sends every line back.
func echoSocket(protocol string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n", protocol)
		for name, values := range w.Header() {
			fmt.Fprintf(rw, "%s: %s\r\n", name, values[0])
		}
		fmt.Fprintf(rw, "\r\n%s\n", r.Header.Get("Coatcheck-User"))
		rw.Flush()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			rw.WriteString(line)
			rw.Flush()
		}
	}
}

// A socket is an upgraded connection.
type socket struct {
	net.Conn
	r *bufio.Reader
}

func (v *visitor) upgrade(protocol string) (*http.Response, *socket) {
	v.site.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(v.site.url, "http://"))
	if err != nil {
		v.site.t.Fatal(err)
	}
	v.site.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: %s\r\n"+
		"Cookie: __Host-session=%s\r\n\r\n", protocol, v.ticket)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		v.site.t.Fatal(err)
	}
	return res, &socket{conn, r}
}

func (s *socket) line() string {
	s.SetReadDeadline(time.Now().Add(10 * time.Second))
	line, err := s.r.ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

func TestWebSocket(t *testing.T) {
	st := newSite(t, echoSocket("websocket"))
	res, ws := st.signedIn("ada").upgrade("websocket")
	if res.StatusCode != 101 || len((reply{Response: res}).leaks()) > 0 {
		t.Fatalf("status %d, headers %v", res.StatusCode, res.Header)
	}
	if got := ws.line(); got != "ada" {
		t.Errorf("the app was told %q", got)
	}
	for _, word := range []string{"one", "two"} {
		fmt.Fprintf(ws, "%s\n", word)
		if got := ws.line(); got != word {
			t.Errorf("sent %q, got %q", word, got)
		}
	}
}

// A rotation that is due offers a new ticket with every answer, and a handshake has no place for one. It goes on all
// the same.
func TestWebSocketWhileTicketRotates(t *testing.T) {
	st := newSite(t, echoSocket("websocket"), func(s *setup) {
		s.session.RotateEvery,
			s.session.RotationGrace = 2*time.Nanosecond, time.Nanosecond
	})
	res, ws := st.signedIn("ada").upgrade("websocket")
	if res.StatusCode != 101 || ws.line() != "ada" {
		t.Errorf("status %d, log %s", res.StatusCode, st.log)
	}
}

func TestOrdersInUpgrade(t *testing.T) {
	for _, line := range []string{"Coatcheck-Sign-In: bob", "Coatcheck-Sign-Out: this", "Coatcheck-Set: a=1"} {
		name, value, _ := strings.Cut(line, ": ")
		st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(name, value)
			echoSocket("websocket")(w, r)
		})
		v := st.signedIn("ada")
		if res, _ := v.upgrade("websocket"); res.StatusCode != 502 || !strings.Contains(st.log.String(), "101") {
			t.Errorf("%s: status %d, log %s", line, res.StatusCode, st.log)
		}
		if v.ticket != "" && !strings.Contains(fmt.Sprint(st.count("ada")), "1") {
			t.Errorf("%s: something was done", line)
		}
	}
}

// Whatever the app switches to, only WebSockets are let through: within another protocol a client could send requests.
func TestOtherUpgrades(t *testing.T) {
	for _, protocol := range []string{"h2c", "HTTP/2.0", "TLS/1.0", "websocket, h2c"} {
		st := newSite(t, echoSocket(protocol))
		if res, _ := st.visitor().upgrade(protocol); res.StatusCode != 502 {
			t.Errorf("%s: status %d", protocol, res.StatusCode)
		}
	}
}

func TestEventStream(t *testing.T) {
	next := make(chan string)
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Coatcheck-Set", `stream="open"`)
		for event := range next {
			fmt.Fprintf(w, "data: %s\n\n", event)
			w.(http.Flusher).Flush()
		}
	})
	v := st.signedIn("ada")
	req, _ := http.NewRequest("GET", st.url, nil)
	req.Header.Set("Cookie", "__Host-session="+v.ticket)
	go func() { next <- "one" }()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	s := &socketReader{bufio.NewReader(res.Body)}
	if got := s.event(); got != "data: one" {
		t.Errorf("got %q", got)
	}
	if got := v.state(); got != `ada {"stream":"open"}` {
		t.Errorf("while the stream is open the state is %q", got)
	}
	next <- "two" // is sent only after the first has arrived
	if got := s.event(); got != "data: two" {
		t.Errorf("got %q", got)
	}
	close(next)
}

type socketReader struct{ *bufio.Reader }

func (r *socketReader) event() string {
	line, err := r.ReadString('\n')
	if err != nil {
		return err.Error()
	}
	r.ReadString('\n')
	return strings.TrimSpace(line)
}

// A server that shuts down waits for what has an end, and not for what has none.
func TestClosing(t *testing.T) {
	closing, shutDown := context.WithCancel(context.Background())
	release := make(chan struct{})
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ws":
			echoSocket("websocket")(w, r)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			fmt.Fprint(w, "data: 1\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			fmt.Fprint(w, "begun, ")
			w.(http.Flusher).Flush()
			<-release
			fmt.Fprint(w, "ended")
		}
	}, func(s *setup) { s.gate.Closing = closing })

	_, ws := st.visitor().upgrade("websocket")
	ws.line()
	events, err := http.Get(st.url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	download, err := http.Get(st.url + "/download")
	if err != nil {
		t.Fatal(err)
	}
	defer download.Body.Close()

	shutDown()
	if got := ws.line(); got != io.EOF.Error() && !strings.Contains(got, "reset") {
		t.Errorf("the WebSocket says %q", got)
	}
	if _, err := io.ReadAll(events.Body); err == nil {
		t.Error("the event stream ended as if the app had ended it")
	}
	close(release)
	if body, err := io.ReadAll(download.Body); err != nil || string(body) != "begun, ended" {
		t.Errorf("the download got %q, %v", body, err)
	}
}

func TestEarlyHints(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.Header().Set("Coatcheck-Sign-In", "root")
		w.Header().Set("coatcheck_data", "x")
		w.Header().Set("Set-Cookie", "__Host-session=planted; Path=/; Secure")
		w.WriteHeader(http.StatusEarlyHints)
		clear(w.Header())
		w.Header().Set("Coatcheck-Sign-In", "ada")
		fmt.Fprint(w, "page")
	})
	v := st.visitor()
	var hints []http.Header
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		if code == http.StatusEarlyHints {
			hints = append(hints, http.Header(header))
		}
		return nil
	}}
	req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", st.url, nil)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	v.keep(res)
	if len(hints) != 1 || !slices.Equal(hints[0]["Link"], []string{"</style.css>; rel=preload"}) {
		t.Fatalf("hints are %v", hints)
	}
	if got := (reply{Response: &http.Response{Header: hints[0]}}); len(got.leaks()) > 0 ||
		len(hints[0]["Set-Cookie"]) > 0 {
		t.Errorf("hints are %v", hints)
	}
	if got := v.state(); got != "ada {}" {
		t.Errorf("state is %q: an order is obeyed in the answer, not in hints", got)
	}
}

// A client that goes away is no error of anybody's.
func TestClientGoesAway(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	st := newSite(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done() // the gate hangs up on the app, too
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", st.url, nil)
	go http.DefaultTransport.RoundTrip(req)
	<-arrived
	cancel()
	<-gone
	st.visitor().get("/probe")
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(st.log.String(),
		"went away"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("log: %s", st.log)
		}
	}
	if log := st.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") {
		t.Errorf("log: %s", log)
	}
}

// streams is an app with a WebSocket, a stream of events that it never ends, and a way to sign out.
func streams(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ws":
		echoSocket("websocket")(w, r)
		return
	case "/sign-out":
		w.Header().Set("Coatcheck-Sign-Out", "this")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: %s\n\n", r.Header.Get("Coatcheck-User"))
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// events opens the stream of events, and returns it when the first has come.
func (v *visitor) events() io.Reader {
	v.site.t.Helper()
	req, err := http.NewRequest("GET", v.site.url+"/events", nil)
	if err != nil {
		v.site.t.Fatal(err)
	}
	req.Header.Set("Cookie", "__Host-session="+v.ticket)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		v.site.t.Fatal(err)
	}
	v.site.t.Cleanup(func() { res.Body.Close() })
	r := bufio.NewReader(res.Body)
	if got := (&socketReader{r}).event(); !strings.HasPrefix(got, "data: ") {
		v.site.t.Fatalf("the stream begins with %q", got)
	}
	return r
}

// What goes on for long ends with the session that it was let in by, however that ends, and with no other.
//
// Rows: A42
func TestConnectionsEndWithTheSession(t *testing.T) {
	for _, tt := range []struct {
		why string
		end func(st *site, v *visitor) error
	}{
		{"revoked", func(st *site, v *visitor) error {
			_, err := st.sessions.Revoke(t.Context(), st.handleOf(v))
			return err
		}},
		{"all of the user revoked", func(st *site, _ *visitor) error {
			_, err := st.sessions.RevokeUser(t.Context(), "ada")
			return err
		}},
		{"signed out in another tab", func(st *site, v *visitor) error {
			other := &visitor{st, v.ticket}
			if got := other.do("POST", "/sign-out", nil); got.StatusCode != 200 {
				return fmt.Errorf("status %d", got.StatusCode)
			}
			return nil
		}},
		{"expired", func(*site, *visitor) error { return nil }},
	} {
		t.Run(tt.why, func(t *testing.T) {
			st := newSite(t, streams, func(s *setup) {
				if tt.why == "expired" {
					s.session.IdleTimeout = 300 * time.Millisecond
				}
			})
			v := st.signedIn("ada")
			_, ws := v.upgrade("websocket")
			if got := ws.line(); got != "ada" {
				t.Fatalf("the app was told %q", got)
			}
			events := v.events()
			if err := tt.end(st, v); err != nil {
				t.Fatal(err)
			}
			if got := ws.line(); got != io.EOF.Error() && !strings.Contains(got, "reset") {
				t.Errorf("the WebSocket says %q", got)
			}
			if _, err := io.ReadAll(events); err == nil {
				t.Error("the event stream ended as if the app had ended it")
			}
		})
	}
}

// Rows: A42
func TestOtherConnectionsGoOn(t *testing.T) {
	st := newSite(t, streams)
	ada, visitor := st.signedIn("ada"), st.visitor()
	_, hers := ada.upgrade("websocket")
	_, nobodys := visitor.upgrade("websocket")
	hers.line()
	nobodys.line()
	if _, err := st.sessions.Revoke(t.Context(), st.handleOf(st.signedIn("ada"))); err != nil {
		t.Fatal(err)
	}
	if _, err := st.sessions.RevokeUser(t.Context(), "alan"); err != nil {
		t.Fatal(err)
	}
	for who, ws := range map[string]*socket{"ada": hers, "nobody": nobodys} {
		fmt.Fprintln(ws, "still here")
		if got := ws.line(); got != "still here" {
			t.Errorf("the WebSocket of %s says %q", who, got)
		}
	}
}

// What goes on for long and has no known end, ends with the session, too: an answer in parts, and a request that waits
// for its answer. What has a length, or changes something, goes on; so does everything of a user who goes on under
// another handle, and the answer that has itself ended the session.
//
// Rows: A42
func TestWhatLastsEndsWithTheSession(t *testing.T) {
	const cut, whole = "cut", "200"
	revoke := func(st *site, v *visitor) error {
		_, err := st.sessions.Revoke(t.Context(), st.handleOf(v))
		return err
	}
	cutOff := func(st *site, _ *visitor) error { return st.sessions.RevokeUserBefore(t.Context(), "ada", time.Now()) }
	fail := func(st *site, _ *visitor) error { st.store.down.Store(true); return nil }
	as := func(user string) func(*site, *visitor) error {
		return func(st *site, v *visitor) error {
			(&visitor{st, v.ticket}).do("POST", "/begin", http.Header{"As": {user}})
			return nil
		}
	}
	for _, tt := range []struct {
		method, path string
		end          func(*site, *visitor) error
		want         string
	}{
		{"GET", "/parts", revoke, cut},
		{"GET", "/parts", cutOff, cut},
		{"GET", "/parts", as("eve"), cut},
		{"GET", "/parts", as("ada"), whole},
		{"POST", "/parts", revoke, cut},
		{"GET", "/sized", revoke, whole},
		{"GET", "/poll", revoke, "401"},
		{"HEAD", "/poll", revoke, "401"},
		{"GET", "/poll", fail, "503"},
		{"GET", "/parts", fail, cut},
		{"GET", "/poll", as("ada"), whole},
		{"POST", "/poll", revoke, whole},
		{"POST", "/leave", nil, whole},
	} {
		t.Run(tt.method+tt.path, func(t *testing.T) {
			t.Parallel()
			begun, gone := make(chan struct{}), make(chan struct{})
			release := make(chan struct{})
			st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/begin":
					w.Header().Set("Coatcheck-Sign-In", r.Header.Get("As"))
					return
				case "/leave":
					w.Header().Set("Coatcheck-Sign-Out", "this")
				case "/sized":
					w.Header().Set("Content-Length", "2")
				}
				if r.URL.Path != "/poll" {
					fmt.Fprint(w, "1")
					w.(http.Flusher).Flush()
				}
				close(begun)
				select {
				case <-r.Context().Done():
					close(gone)
				case <-release:
					fmt.Fprint(w, "2")
				}
			})
			v := st.signedIn("ada")
			over := make(chan string, 1)
			go func() {
				req, _ := http.NewRequest(tt.method, st.url+tt.path, nil)
				req.Header.Set("Cookie", "__Host-session="+v.ticket)
				res, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					over <- err.Error()
					return
				}
				defer res.Body.Close()
				if _, err = io.ReadAll(res.Body); err != nil {
					over <- cut
					return
				}
				over <- fmt.Sprint(res.StatusCode)
			}()
			<-begun
			if tt.end != nil {
				if err := tt.end(st, v); err != nil {
					t.Fatal(err)
				}
			}
			if tt.want == whole { // the app goes on for longer than it takes to notice the end, and to look twice
				time.AfterFunc(2500*time.Millisecond, func() { close(release) })
			} else {
				<-gone
			}
			if got := <-over; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if log := st.log.String(); strings.Contains(log, "level=ERROR") {
				t.Errorf("log: %s", log)
			}
		})
	}
}
