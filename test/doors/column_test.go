package doors

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/trial"
)

// A column of the table is a door.
type column struct {
	name    string
	proxy   *proxy            // nil for the gate
	hints   string            // the Link of 103 Early Hints, where the door passes them on
	trailer string            // the trailer of an answer, where the door passes it on
	lacks   map[string]string // scenarios that this door cannot have, and why

	addr  string // where browsers come
	api   string
	store *redisserver.Node
	ada   *browser // who is signed in while the store is away
}

const (
	hint       = "</echo.css>; rel=preload"
	streamless = "the streams are the proxy's: it asks when they begin, and not again"
)

var columns = []column{
	{name: "gate", hints: hint, trailer: "last"},
	// nginx 1.22 drops trailers. It takes 103 for the answer, to which it adds its own lines, and all behind it for a
	// body that goes through unread.
	{name: "nginx", proxy: &proxies[0], hints: hint,
		lacks: map[string]string{"streams end with the session": streamless}},
	{name: "caddy", proxy: &proxies[1], hints: hint, trailer: "last",
		lacks: map[string]string{"streams end with the session": streamless}},
	{name: "haproxy", proxy: &proxies[2], hints: hint, trailer: "last",
		lacks: map[string]string{"streams end with the session": streamless}},
	// What these two do with 103, trailers and odd headers is Go's doing, and no word about Traefik and Envoy.
	{name: "traefik's stand-in", proxy: &proxies[3], hints: hint, trailer: "last",
		lacks: map[string]string{"streams end with the session": streamless}},
	{name: "envoy's stand-in", proxy: &proxies[4], hints: hint, trailer: "last",
		lacks: map[string]string{"streams end with the session": streamless}},
}

func init() {
	if trial.Torture() {
		columns = append(columns, column{name: "a new caddy", proxy: &newCaddy, hints: hint, trailer: "last",
			lacks: map[string]string{"streams end with the session": streamless}})
	}
}

const (
	operatorToken = "operator-of-the-doors-0123456789"
	rotateEvery   = 5 * time.Second
)

// ofColumns is the configuration of every door.
const ofColumns = `
listen: SERVE
console-listen: CONSOLE
console-token: TOKEN
trust-proxy: [127.0.0.1]
sites:
  - hosts: ["127.0.0.1"]
    BESIDE
    upstream: http://APP
    sign-in: /.echo/sign-in
    rotate-every: 5s
    rotation-grace: 4s
    routes:
      - {match: /account, access: required}
      - {match: /static/, access: public}
`

// open starts the program, the app and the proxy of a door.
func (d column) open(t *testing.T) *column {
	t.Helper()
	addrs := proc.FreeAddrs(t, 3)
	d.addr, d.api = addrs[0], "http://"+addrs[1]
	d.store = redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	flags, serve, beside := []string{"--insecure-sign-in", "--show-secrets"}, d.addr, ""
	if d.proxy != nil {
		flags = append(flags, "--api", d.api, "--api-key", operatorToken)
		serve, beside = addrs[2], "beside: "+d.proxy.name
	}
	app := echo(t, flags...)
	text := strings.NewReplacer("APP", app, "BESIDE", beside, "SERVE", serve, "CONSOLE", addrs[1], "TOKEN",
		operatorToken).Replace(ofColumns)
	file := frontend.Write(t, t.TempDir(), "coatcheck.yaml", text)
	proc.Start(t, proc.Spec{Path: program(t), Args: []string{
		"serve", "--config", file, "--data", t.TempDir(), "--store", "redis://" + d.store.Addr + "/0",
	}}).Await(siteLine)
	if d.proxy != nil {
		d.proxy.beside(t, file, d.addr)
	}
	return &d
}

// end ends the sessions of a user, as an operator does.
func (d *column) end(t *testing.T, user string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, d.api+"/v1/users/"+user+"/sessions", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+operatorToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode/100 != 2 {
		t.Fatalf("end the sessions of %s: %d %s", user, res.StatusCode, body)
	}
}

// A browser keeps the session's cookie, as far as these tests need it. Each request is written by hand, because no
// library would send some of them.
type browser struct {
	t      *testing.T
	at     *column
	cookie string
}

func (d *column) browser(t *testing.T) *browser { return &browser{t: t, at: d} }

// signedIn returns a browser of somebody who has just signed in.
func (d *column) signedIn(t *testing.T, user string) *browser {
	t.Helper()
	b := d.browser(t)
	if r := b.get("/.echo/sign-in?user=" + user); r.status != http.StatusOK || b.cookie == "" {
		t.Fatalf("sign-in: %d %v %s", r.status, r.Header, r.body)
	}
	return b
}

// An answer is what a browser gets.
type answer struct {
	*http.Response
	from   string // the host that was asked
	status int
	body   string
	hints  string  // Link of 103 Early Hints
	report *report // nil if it is not the app's
}

// location is where a redirect leads on the same site.
func (a *answer) location() string {
	to := a.Header.Get("Location")
	if u, err := url.Parse(to); err == nil && u.Host == a.from {
		return u.RequestURI()
	}
	return to
}

// A report is what the echo says.
type report struct {
	ID, Target      string
	Header, Trailer []struct{ Name, Value string }
}

func (b *browser) get(path string, lines ...string) *answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, "HTTP/1.1", lines...)
}

func (b *browser) do(method, path, protocol string, lines ...string) *answer {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.at.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, b.request(method, path, protocol, lines)); err != nil {
		b.t.Fatal(err)
	}
	in, a := bufio.NewReader(conn), &answer{from: b.at.addr}
	for {
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			b.t.Errorf("%s %s %q: %v", method, path, lines, err)
			return &answer{Response: &http.Response{Header: http.Header{}}}
		}
		if res.StatusCode == http.StatusEarlyHints {
			a.hints = res.Header.Get("Link")
			continue
		}
		body, _ := io.ReadAll(res.Body) // what is missing shows in what is looked for
		a.Response, a.status, a.body = res, res.StatusCode, string(body)
		break
	}
	if r := new(report); json.Unmarshal([]byte(a.body), r) == nil && r.ID != "" {
		a.report = r
	}
	b.take(a.Header["Set-Cookie"])
	return a
}

func (b *browser) request(method, path, protocol string, lines []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s %s\r\nHost: %s\r\n", method, path, protocol, b.at.addr)
	if b.cookie != "" {
		fmt.Fprintf(&text, "Cookie: %s\r\n", b.cookie)
	}
	closes := true
	for _, line := range lines {
		closes = closes && !strings.HasPrefix(line, "Connection:")
		if line != "" {
			text.WriteString(line + "\r\n")
		}
	}
	if closes {
		text.WriteString("Connection: close\r\n")
	}
	return text.String() + "\r\n"
}

// take keeps the session's cookie, or forgets it.
func (b *browser) take(lines []string) {
	for _, line := range lines {
		if m := ticketLine.FindStringSubmatch(line); m != nil {
			b.cookie = m[1]
		} else if strings.HasPrefix(line, "__Host-session=") {
			b.cookie = ""
		}
	}
}

// await asks for the closed page until it is answered with a status. The bound of the door is 5 seconds, on a machine
// that has time.
func (b *browser) await(t *testing.T, status int) *answer {
	t.Helper()
	cookie := b.cookie
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		b.cookie = cookie
		r := b.get("/account")
		if r.status == status {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d, want %d: %s", r.status, status, r.body)
		}
	}
}

// lines are the values of a header of the request as it reached the app.
func (a *answer) lines(name string) (values []string) {
	if a.report == nil {
		return nil
	}
	for _, l := range a.report.Header {
		if strings.EqualFold(l.Name, name) {
			values = append(values, l.Value)
		}
	}
	return values
}

func (a *answer) value(name string) string { return strings.Join(a.lines(name), ", ") }

// identity is all that might tell the app who it is.
func (a *answer) identity() string {
	if a.report == nil {
		return ""
	}
	var all []string
	for _, l := range append(a.report.Header, a.report.Trailer...) {
		if strings.HasPrefix(strings.ToLower(l.Name), "coatcheck") {
			all = append(all, l.Name+": "+l.Value)
		}
	}
	return strings.Join(all, "; ")
}

// cut opens a WebSocket and an event stream, which end with the session.
func cut(t *testing.T, d *column) {
	ada := d.signedIn(t, "ada")
	streams := map[string]net.Conn{}
	for name, request := range map[string]string{
		"event stream": ada.request("GET", "/.echo/events?seconds=3600", "HTTP/1.1",
			[]string{"Accept: text/event-stream"}),
		"WebSocket": ada.request("GET", "/.echo/socket", "HTTP/1.1", []string{"Connection: Upgrade",
			"Upgrade: websocket",
			"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: http://" + d.addr}),
	} {
		conn, err := net.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(conn, request)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s: %v %v", name, res, err)
		}
		streams[name] = conn
	}
	d.end(t, "ada")
	for name, conn := range streams {
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("%s: %v, want its end", name, err)
		}
	}
}
