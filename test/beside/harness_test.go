// Package beside runs what "coatcheck snippet" prints in the proxies that it is for, with the program beside them.
package beside

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/standin"
	"coatcheck.dev/test/internal/trial"
)

func TestMain(m *testing.M) { proc.Main(m) }

// A proxy is one that the program stands beside.
type proxy struct {
	name  string
	start func(t testing.TB, addr, snippet string)
}

var proxies = []proxy{
	{"nginx", frontend.Nginx},
	{"caddy", frontend.Caddy},
	{"haproxy", frontend.HAProxyWhole},
	{"traefik", standin.Traefik},
	{"envoy", standin.Envoy},
}

func init() {
	if trial.Torture() {
		proxies = append(proxies, proxy{"caddy", frontend.NewCaddy})
	}
}

var siteLine = regexp.MustCompile(`^  App +http://localhost:(\d+)$`)

// A setup is a proxy in front of an app, and the program beside it. The program has another site, gate.localhost, with
// the same sessions, where tests sign in.
type setup struct {
	*testing.T
	proxy string
	addr  string // of the proxy
	serve string // of the program
	prog  *proc.Process
	store *redisserver.Node
}

// rotateEvery is that of the configuration, and a moment more.
const rotateEvery = 5100 * time.Millisecond

const configuration = `
listen: ADDR
console-listen: 127.0.0.1:0
trust-proxy: [127.0.0.1]
sites:
  - hosts: [gate.localhost]
    realm: shop
    upstream: APP
    rotate-every: 5s
    rotation-grace: 4s
  - hosts: ["127.0.0.1"]
    realm: shop
    beside: PROXY
    upstream: APP
    sign-in: /login
    rotate-every: 5s
    rotation-grace: 4s
    trust-origin: [https://pay.example]
    routes:
      - match: /static/
        access: public
      - match: /account/
        access: required
      - match: /stale/
        access: required
        stale: 1h
      - match: /open/
        access: optional
`

// start starts all of it.
func start(t *testing.T, p proxy, app http.HandlerFunc) *setup {
	t.Helper()
	upstream := httptest.NewServer(app)
	t.Cleanup(upstream.Close)
	store := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	addrs := proc.FreeAddrs(t, 2)
	text := strings.NewReplacer("APP", upstream.URL, "PROXY", p.name, "ADDR", addrs[1]).Replace(configuration)
	file := frontend.Write(t, t.TempDir(), "coatcheck.yml", text)
	program := proc.Build(t, "coatcheck.dev/cmd/coatcheck")
	s := &setup{T: t, proxy: p.name, addr: addrs[0], serve: addrs[1], store: store}
	s.prog = proc.Start(t, proc.Spec{Path: program, Args: []string{
		"serve", "--config", file, "--store", "redis://" + store.Addr + "/0", "--data", t.TempDir(),
	}})
	s.prog.Await(siteLine)
	args := []string{"snippet", p.name, "--config", file, "--proxy-listen", s.addr}
	if p.name == "haproxy" {
		script := frontend.Write(t, t.TempDir(), "coatcheck.lua", printed(t, program, "snippet", p.name, "--lua"))
		args = append(args, "--script", script)
	}
	p.start(t, s.addr, printed(t, program, args...))
	return s
}

// printed is what the program prints.
func printed(t testing.TB, program string, args ...string) string {
	t.Helper()
	var out, wrong bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil {
		t.Fatal(err, wrong.String())
	}
	return out.String()
}

// A browser keeps cookies as browsers do, as far as these tests need it.
type browser struct {
	*setup
	ticket string
}

// signedIn returns a browser in which a user has signed in at the gate.
func (s *setup) signedIn(user string) *browser {
	s.Helper()
	b := &browser{setup: s}
	res := b.do(s.serve, "POST", "/sign-in?user="+user, "Host: gate.localhost")
	if res.status != http.StatusOK || b.ticket == "" {
		s.Fatalf("sign-in: %d %q", res.status, res.body)
	}
	return b
}

func (s *setup) visitor() *browser { return &browser{setup: s} }

type response struct {
	*http.Response
	status int
	body   string
}

// get opens a page.
func (b *browser) get(path string, headers ...string) response {
	b.Helper()
	return b.do(b.addr, "GET", path, headers...)
}

// do sends a request with lines of headers, and follows no redirect.
func (b *browser) do(addr, method, path string, headers ...string) response {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, "http://"+addr+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header[name] = append(r.Header[name], value)
	}
	if b.ticket != "" {
		r.Header.Add("Cookie", "__Host-session="+b.ticket)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.Name == "__Host-session" {
			b.ticket = c.Value
			if c.MaxAge < 0 {
				b.ticket = ""
			}
		}
	}
	return response{res, res.StatusCode, string(body)}
}

// echo is an app that says what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	if user := r.FormValue("user"); r.URL.Path == "/sign-in" {
		w.Header().Set("Coatcheck-Sign-In", user)
		w.Header().Set("Coatcheck-Set", `cart=["tea"]`)
		return
	}
	w.Header().Add("Set-Cookie", "a=1")
	w.Header().Add("Set-Cookie", "b=2")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "host": r.Host, "header": r.Header,
	})
}

// told is what the app was told about the visitor.
func (r response) told(t testing.TB) string {
	t.Helper()
	var asked struct{ Header http.Header }
	if err := json.Unmarshal([]byte(r.body), &asked); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	var all []string
	for name, lines := range asked.Header {
		counts := name != "Coatcheck-Session" && name != "Coatcheck-Cache-Control" && lines[0] != ""
		if counts && strings.HasPrefix(strings.ToLower(name), "coatcheck") {
			all = append(all, fmt.Sprint(name, lines))
		}
	}
	if len(all) > 1 && all[0] > all[1] {
		all[0], all[1] = all[1], all[0]
	}
	return strings.Join(all, " ")
}
