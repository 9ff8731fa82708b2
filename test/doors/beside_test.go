package doors

import (
	"bytes"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/standin"
)

// A proxy is one that the program can stand beside.
type proxy struct {
	name  string
	start func(t testing.TB, addr, snippet string)
}

var nginx = proxy{"nginx", frontend.Nginx}

var proxies = []proxy{
	nginx, {"caddy", frontend.Caddy}, {"haproxy", frontend.HAProxyWhole}, {"traefik", standin.Traefik},
	{"envoy", standin.Envoy},
}

// newCaddy takes minutes to build: torture has it.
var newCaddy = proxy{"caddy", frontend.NewCaddy}

// besideProxy is a configuration with two sites that have the same sessions: one behind the gate, where tests sign in,
// and one beside a proxy.
const besideProxy = `
listen: SERVE
console-listen: 127.0.0.1:0
trust-proxy: [127.0.0.1]
sites:
  - hosts: [gate.localhost]
    realm: shop
    upstream: http://APP
  - hosts: ["127.0.0.1"]
    realm: shop
    beside: PROXY
    upstream: http://APP
    sign-in: /.echo/sign-in
    routes:
      - {match: /account, access: required}
      - {match: /static/, access: public}
`

// A beside is a proxy before the app, and the program beside it.
type beside struct {
	*proc.Process
	addr  string // of the proxy
	serve string // of the program
}

// startBeside starts the program, and the proxy with what the program prints for it, with parts replaced.
func startBeside(t testing.TB, p proxy, app string, flags []string, replace ...string) *beside {
	t.Helper()
	addrs := proc.FreeAddrs(t, 2)
	b := &beside{addr: addrs[0], serve: addrs[1]}
	text := strings.NewReplacer("APP", app, "PROXY", p.name, "SERVE", b.serve).Replace(besideProxy)
	file := frontend.Write(t, t.TempDir(), "coatcheck.yaml", text)
	b.Process = proc.Start(t, proc.Spec{Path: program(t), Args: append([]string{
		"serve", "--config", file, "--data", t.TempDir()}, flags...)})
	b.Await(siteLine)
	p.beside(t, file, b.addr, replace...)
	return b
}

// beside starts the proxy with what the program prints for a configuration, with parts replaced.
func (p *proxy) beside(t testing.TB, config, addr string, replace ...string) {
	t.Helper()
	args := []string{p.name, "--config", config, "--proxy-listen", addr}
	if p.name == "haproxy" {
		args = append(args, "--script", frontend.Write(t, t.TempDir(), "coatcheck.lua", snippet(t, p.name, "--lua")))
	}
	p.start(t, addr, changed(t, snippet(t, args...), replace))
}

// snippet is what the program prints.
func snippet(t testing.TB, args ...string) string {
	t.Helper()
	var text, wrong bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program(t), append([]string{"snippet"}, args...)...)
	cmd.Stdout, cmd.Stderr = &text, &wrong
	if err := cmd.Run(); err != nil {
		t.Fatalf("snippet %s: %v %s", args, err, &wrong)
	}
	return text.String()
}

var ticketLine = regexp.MustCompile(`^(__Host-session=1[A-Za-z0-9_-]{54});`)

// signIn signs a user in at a gate, and returns the cookie.
func signIn(t testing.TB, addr, host, user string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/.echo/sign-in?user="+user, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for _, line := range res.Header["Set-Cookie"] {
		if m := ticketLine.FindStringSubmatch(line); m != nil {
			return m[1]
		}
	}
	t.Fatalf("no session for %s: %d %v", user, res.StatusCode, res.Header)
	return ""
}

// printed is a proxy as the program prints its configuration, with lines replaced, and the doctor as a user.
func printed(p proxy, replace ...string) func(t *testing.T, f *fixture) setup {
	return func(t *testing.T, f *fixture) setup {
		b := startBeside(t, p, f.app, nil, replace...)
		return setup{"http://" + b.addr, []string{"--required", "/account"},
			[]string{"COATCHECK_COOKIE=" + signIn(t, b.serve, "gate.localhost", "ada")}}
	}
}
