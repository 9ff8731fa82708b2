package gate_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// A tyingApp takes whoever sends a request on a connection for the user who has logged in on it.
type tyingApp struct {
	*httptest.Server
	asks   bool // for a login, with 401
	closed chan string
}

type connState struct {
	mu   sync.Mutex
	user string
}

type connStateKey struct{}

func newTyingApp(t *testing.T, asks bool) *tyingApp {
	a := &tyingApp{asks: asks, closed: make(chan string, 100)}
	a.Server = httptest.NewUnstartedServer(a)
	var states sync.Map
	a.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		state := new(connState)
		states.Store(conn, state)
		return context.WithValue(ctx, connStateKey{}, state)
	}
	a.Config.ConnState = func(conn net.Conn, now http.ConnState) {
		if state, ok := states.Load(conn); ok && now == http.StateClosed {
			state := state.(*connState)
			state.mu.Lock()
			defer state.mu.Unlock()
			a.closed <- state.user
		}
	}
	a.Start()
	t.Cleanup(a.Close)
	return a
}

func (a *tyingApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	state := r.Context().Value(connStateKey{}).(*connState)
	state.mu.Lock()
	defer state.mu.Unlock()
	scheme, user, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if ok && scheme != "Bearer" {
		state.user = user
	}
	if a.asks && state.user == "" {
		w.Header().Add("WWW-Authenticate", `Basic realm="x, NTLM"`)
		w.Header().Add("WWW-Authenticate", "Negotiate, NTLM")
		w.WriteHeader(http.StatusUnauthorized)
	}
	fmt.Fprintf(w, "you are %q", state.user)
}

// A connected client sends its requests on one connection.
type connected struct {
	t       *testing.T
	conn    net.Conn
	answers *bufio.Reader
}

func (s *site) connect() *connected {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &connected{s.t, conn, bufio.NewReader(conn)}
}

// get sends credentials, or none, and returns what the app says.
func (c *connected) get(credentials string) string {
	c.t.Helper()
	header := ""
	if credentials != "" {
		header = "Authorization: " + credentials + "\r\n"
	}
	if _, err := io.WriteString(c.conn, "GET / HTTP/1.1\r\nHost: x\r\n"+header+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
	res, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(body)
}

const (
	ada    = `you are "ada"`
	nobody = `you are ""`
)

// Rows: A26
func TestLoginOfAConnectionIsItsClientsAlone(t *testing.T) {
	for _, asks := range []bool{false, true} {
		for _, scheme := range []string{"Negotiate", "NTLM", "negotiate"} {
			t.Run(fmt.Sprint(scheme, asks), func(t *testing.T) {
				app := newTyingApp(t, asks)
				st := newSiteAt(t, app.URL)
				first := st.connect()
				if got := first.get(""); got != nobody {
					t.Errorf("before: %s", got)
				}
				if got := first.get(scheme + " ada"); got != ada {
					t.Errorf("with credentials: %s", got)
				}
				for range 5 {
					if got := st.connect().get(""); got != nobody {
						t.Errorf("a stranger: %s", got)
					}
				}
				// The login is one of the connection, as the app wants it.
				if got := first.get(""); got != ada {
					t.Errorf("on the same connection: %s", got)
				}
				first.conn.Close()
				for user := range app.closed {
					if user == "ada" {
						return
					}
				}
			})
		}
	}
}

// Other credentials go with each request, so that connections are shared.
func TestOtherLoginsShareConnections(t *testing.T) {
	app := newTyingApp(t, false)
	st := newSiteAt(t, app.URL)
	for range 5 {
		if got := st.connect().get("Bearer ada"); got != nobody {
			t.Errorf("got %s", got)
		}
	}
	st.connect().get("Basic eve") // this app takes it for a login of the connection, which Basic never is
	if got := st.connect().get(""); got != `you are "eve"` {
		t.Errorf("the connection is not shared any more: %s", got)
	}
}

// The connections of a proxy are those of many clients.
//
// Rows: A26
func TestLoginOfAConnectionBehindAProxyIsOneOfARequest(t *testing.T) {
	for _, asks := range []bool{false, true} {
		app := newTyingApp(t, asks)
		st := newSiteAt(t, app.URL, func(s *setup) {
			s.session.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		})
		proxy := st.connect()
		for range 3 {
			if got := proxy.get("Negotiate ada"); got != ada {
				t.Errorf("with credentials: %s", got)
			}
			if got := proxy.get(""); got != nobody {
				t.Errorf("the next request: %s", got)
			}
		}
	}
}
