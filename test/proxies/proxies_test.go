// Package proxies runs the examples of docs/operations.md in the proxies that they are for, with the program behind
// them.
package proxies

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/trial"
)

func TestMain(m *testing.M) { proc.Main(m) }

// An example is a block of code of the document, and how it becomes one that runs here.
type example struct {
	language string
	origin   string // of the site's pages
	start    func(t testing.TB, addr, text string)
	replace  []string // of the text: old, new; ADDR is where to listen, CONSOLE the console's port
}

var examples = map[string]example{
	"nginx": {"nginx", "http://", frontend.Nginx, []string{"listen 443 ssl;", "listen ADDR;"}},
	"Caddy": {"caddyfile", "http://", frontend.Caddy,
		[]string{"shop.example {", "http://ADDR {", "health_port 8081", "health_port CONSOLE"}},
	"HAProxy": {"haproxy", "https://", frontend.HAProxy, []string{"port 8081", "port CONSOLE"}},
}

func init() {
	if trial.Torture() {
		young := examples["Caddy"]
		young.start = frontend.NewCaddy
		examples["a new Caddy"] = young
	}
}

var (
	siteLine    = regexp.MustCompile(`^  App +http://localhost:(\d+)$`)
	consoleLine = regexp.MustCompile(`^  Console +http://localhost:(\d+)/`)
)

// run starts the example in front of a gate in front of app, and returns its address.
func (e *example) run(t *testing.T, app http.Handler) (addr string) {
	t.Helper()
	upstream := httptest.NewServer(app)
	t.Cleanup(upstream.Close)
	gate := proc.Start(t, proc.Spec{Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"), Args: []string{
		"serve", "--upstream", upstream.URL, "--data", t.TempDir(), "--trust-proxy", "127.0.0.1",
		"--listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0",
	}})
	behind := "127.0.0.1:" + gate.Await(siteLine)[1]
	addr = proc.FreeAddrs(t, 1)[0]
	text := e.text(t)
	for i := 0; i < len(e.replace); i += 2 {
		if !strings.Contains(text, e.replace[i]) {
			t.Fatalf("the example lacks %q", e.replace[i])
		}
		text = strings.ReplaceAll(text, e.replace[i], e.replace[i+1])
	}
	e.start(t, addr, strings.NewReplacer("ADDR", addr, "CONSOLE", gate.Await(consoleLine)[1],
		"10.0.0.11:8080", behind, "10.0.0.12:8080", behind).Replace(text))
	return addr
}

// text is the block as it stands in the document.
func (e *example) text(t *testing.T) string {
	t.Helper()
	document, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, begins := strings.Cut(string(document), "\n```"+e.language+"\n")
	text, _, ends := strings.Cut(text, "\n```\n")
	if !begins || !ends {
		t.Fatalf("docs/operations.md has no example in %s", e.language)
	}
	return text + "\n"
}

// An app takes a form, an upload, an upgrade and holds an event stream.
type app struct {
	goOn chan struct{} // the stream's second event
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/form":
		fmt.Fprintf(w, "%s %s", r.FormValue("q"), r.Header.Get("X-Forwarded-For"))
	case "/upload":
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, n, err)
	case "/events":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: first\n\n")
		http.NewResponseController(w).Flush()
		select {
		case <-a.goOn:
			fmt.Fprint(w, "data: second\n\n")
		case <-r.Context().Done():
		}
	case "/socket":
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		accepted := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(accepted[:]))
		io.Copy(conn, rw)
	}
}

func TestExamplesOfTheDocument(t *testing.T) {
	for name, e := range examples {
		t.Run(name, func(t *testing.T) {
			a := &app{goOn: make(chan struct{})}
			addr := e.run(t, a)
			c := &client{t, addr, e.origin + addr}
			t.Run("form", c.form)
			t.Run("upload", c.upload)
			t.Run("event stream", func(t *testing.T) { c.events(t, a) })
			t.Run("WebSocket", c.socket)
		})
	}
}

// A client is a browser that sends Origin and no Sec-Fetch-Site, as with the handshakes of WebSockets.
type client struct {
	*testing.T
	addr, origin string
}

func (c *client) do(t *testing.T, method, path, kind string, body io.Reader) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+c.addr+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", c.origin)
	r.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func (c *client) form(t *testing.T) {
	res := c.do(t, "POST", "/form", "application/x-www-form-urlencoded", strings.NewReader("q=tea"))
	body, err := io.ReadAll(res.Body)
	// The proxy is trusted, so that what it says of the client goes on.
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), "tea 127.0.0.1") {
		t.Errorf("%d %s %v", res.StatusCode, body, err)
	}
}

func (c *client) upload(t *testing.T) {
	const size = 100 << 20
	res := c.do(t, "POST", "/upload", "application/octet-stream", io.LimitReader(rand.Reader, size))
	body, err := io.ReadAll(res.Body)
	if want := fmt.Sprintln(size, nil); err != nil || string(body) != want {
		t.Errorf("%d %s %v, want %s", res.StatusCode, body, err, want)
	}
}

// The first event arrives before there is a second one.
func (c *client) events(t *testing.T, a *app) {
	lines := bufio.NewScanner(c.do(t, "GET", "/events", "", nil).Body)
	for _, want := range []string{"data: first", "", "data: second"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("got %q, %v; want %q", lines.Text(), lines.Err(), want)
		}
		if want == "" {
			close(a.goOn)
		}
	}
}

func (c *client) socket(t *testing.T) {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /socket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: %s\r\n\r\n",
		c.addr, c.origin)
	answers := bufio.NewReader(conn)
	res, err := http.ReadResponse(answers, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", res, err)
	}
	fmt.Fprintln(conn, "hello")
	if got, err := answers.ReadString('\n'); got != "hello\n" {
		t.Errorf("the echo is %q, %v", got, err)
	}
}
