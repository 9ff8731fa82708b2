package adapters_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/jar"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

var cart = session.NewKey[[]string]("cart", session.Carry)

// add is what the handlers of every router have in common.
func add(s *session.Session, item string) error {
	return cart.Update(s, func(items []string) []string { return append(items, item) })
}

// sites are the same site on each router, in each way of wrapping it. The routes are
//
//	POST /sign-in?user=   signs in
//	POST /cart?item=      adds to the cart
//	GET  /cart            says who has what
//	GET  /account         for users only
//	GET  /events          a stream: puts "stream" into the cart, flushes one event, waits, ends with another
//	GET  /echo            takes the connection over and sends back a line
//	GET  /panic           puts "panic" into the cart, and panics
//	GET  /fails           puts "fails" into the cart, and returns an error where the router has such
var sites = []struct {
	name string
	make func(*session.Manager) http.Handler
	// what a visitor's cart has after /panic: what was done before it is dropped if the panic passed the manager
	panics []string
}{
	{"net/http", netHTTPSite, nil},
	{"chi around", chiAround, []string{"panic"}},
	{"chi inside", chiInside, nil},
	{"echo v5 around", echo5Around, []string{"panic"}},
	{"echo v5 inside", echo5Inside, nil},
	{"echo v4 around", echo4Around, []string{"panic"}},
	{"echo v4 inside", echo4Inside, nil},
	{"gin around", ginAround, []string{"panic"}},
}

// A visit is a running site and one browser at it.
type visit struct {
	t      *testing.T
	ctx    context.Context
	server *httptest.Server
	store  store.Store
	client *http.Client
	jar    *jar.Jar
}

// goOn lets the streams of a site proceed, one event for each value.
type goOn = chan struct{}

type proceedKey struct{}

func onEverySite(t *testing.T, test func(t *testing.T, v *visit, proceed goOn)) {
	for _, site := range sites {
		t.Run(site.name, func(t *testing.T) {
			proceed := make(goOn, 1)
			v := start(t, site.make, proceed)
			test(t, v, proceed)
		})
	}
}

func start(t *testing.T, site func(*session.Manager) http.Handler, proceed goOn) *visit {
	t.Helper()
	st := memory.New()
	sessions := session.New(st, session.Options{})
	t.Cleanup(func() { _ = sessions.Close(context.Background()) })
	next := site(sessions)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), proceedKey{}, proceed)))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // panics are on purpose
	server.StartTLS()
	t.Cleanup(server.Close)
	v := &visit{t: t, server: server, store: st, jar: jar.New(jar.Options{})}
	client := *server.Client()
	client.Jar = v.jar // and no Timeout: it would wrap the connection of a 101
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	v.ctx = ctx
	v.client = &client
	return v
}

// await waits until the test lets a stream go on.
func await(ctx context.Context) { <-ctx.Value(proceedKey{}).(goOn) }

// send sends a request and checks that no response sets the cookie twice.
func (v *visit) send(method, path string) *http.Response {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.ctx, method, v.server.URL+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	v.t.Cleanup(func() { res.Body.Close() })
	if n := len(res.Header["Set-Cookie"]); n > 1 {
		v.t.Errorf("%s %s set %d cookies: %v", method, path, n, res.Header["Set-Cookie"])
	}
	return res
}

// gets checks the status of a response, whether it sets the ticket, and returns its body.
func (v *visit) gets(method, path string, status int, ticket bool) string {
	v.t.Helper()
	res := v.send(method, path)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Errorf("%s %s: %v", method, path, err)
	}
	if res.StatusCode != status || (len(res.Header["Set-Cookie"]) == 1) != ticket {
		v.t.Errorf("%s %s: %d with cookies %v, want %d and a ticket: %v", method, path, res.StatusCode,
			res.Header["Set-Cookie"], status, ticket)
	}
	return strings.TrimRight(string(body), "\n")
}

// has checks what the site says of the visitor.
func (v *visit) has(user string, items ...string) {
	v.t.Helper()
	if got, want := v.gets("GET", "/cart", http.StatusOK, false), fmt.Sprintf("%s %q", user, items); got != want {
		v.t.Errorf("the site says %s, want %s", got, want)
	}
}

// owns is what GET /cart says.
func owns(s *session.Session) string { return fmt.Sprintf("%s %q", s.User(), cart.Get(s)) }

func TestSignInAndValues(t *testing.T) {
	onEverySite(t, func(t *testing.T, v *visit, _ goOn) {
		v.has("") // a stranger who stores nothing gets no cookie
		v.gets("GET", "/account", http.StatusUnauthorized, false)
		v.gets("POST", "/cart?item=tea", http.StatusOK, true)
		v.gets("POST", "/cart?item=milk", http.StatusOK, false)
		v.gets("POST", "/sign-in?user=ann", http.StatusOK, true)
		v.has("ann", "tea", "milk")
		if body := v.gets("GET", "/account", http.StatusOK, false); body != "the account of ann" {
			t.Errorf("the account says %q", body)
		}
		if n, err := v.store.Count(t.Context(), "", time.Time{}); n != 1 || err != nil {
			t.Errorf("%d records (%v), want one", n, err)
		}
	})
}

// The cookie is out before the first event, and what was set with it is in the store by then.
func TestStream(t *testing.T) {
	onEverySite(t, func(t *testing.T, v *visit, proceed goOn) {
		res := v.send("GET", "/events")
		if len(res.Header["Set-Cookie"]) != 1 ||
			!strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
			t.Errorf("the stream began with %v, want a ticket and the type of events", res.Header)
		}
		lines := bufio.NewScanner(res.Body)
		if !lines.Scan() || lines.Text() != "data: first" {
			t.Errorf("the stream began with %q: %v", lines.Text(), lines.Err())
		}
		v.has("", "stream") // while the stream is open
		proceed <- struct{}{}
		var rest []string
		for lines.Scan() {
			rest = append(rest, lines.Text())
		}
		if got := strings.Join(rest, "|"); got != "|data: last|" {
			t.Errorf("then came %q: %v", got, lines.Err())
		}
	})
}

func TestTakenOver(t *testing.T) {
	onEverySite(t, func(t *testing.T, v *visit, _ goOn) {
		v.gets("POST", "/sign-in?user=ann", http.StatusOK, true)
		r, err := http.NewRequestWithContext(v.ctx, http.MethodGet, v.server.URL+"/echo", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "echo")
		res, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		conn, ok := res.Body.(io.ReadWriteCloser)
		if res.StatusCode != http.StatusSwitchingProtocols || !ok {
			t.Fatalf("%d, body %T, want 101 and a connection", res.StatusCode, res.Body)
		}
		if _, err := io.WriteString(conn, "hello\n"); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if line != "ann: hello\n" || err != nil {
			t.Errorf("the connection says %q (%v)", line, err)
		}
	})
}

// echoLine is the other end of /echo, once the router has given the connection away.
func echoLine(user string, conn net.Conn, rw *bufio.ReadWriter) {
	defer conn.Close()
	fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if rw.Flush() != nil {
		return
	}
	line, err := rw.ReadString('\n')
	if err != nil {
		return
	}
	fmt.Fprintf(rw, "%s: %s", user, line)
	_ = rw.Flush() // the client reads it or has gone
}

// A panic is the router's to answer, and the site goes on: nobody is signed out, and no cookie comes without a session.
func TestPanic(t *testing.T) {
	for _, site := range sites {
		t.Run(site.name, func(t *testing.T) {
			v := start(t, site.make, nil)
			stranger := start(t, site.make, nil)
			v.gets("POST", "/sign-in?user=ann", http.StatusOK, true)
			v.gets("POST", "/cart?item=tea", http.StatusOK, false)
			v.gets("GET", "/panic", http.StatusInternalServerError, false)
			v.has("ann", append([]string{"tea"}, site.panics...)...)

			stranger.gets("GET", "/panic", http.StatusInternalServerError, len(site.panics) > 0)
			stranger.has("", site.panics...)
		})
	}
}

// A handler that returns an error has done what it did before, and the router's page for errors brings the cookie.
func TestError(t *testing.T) {
	onEverySite(t, func(t *testing.T, v *visit, _ goOn) {
		v.gets("GET", "/fails", http.StatusTeapot, true)
		v.has("", "fails")
		v.gets("GET", "/nowhere", http.StatusNotFound, false)
	})
}
