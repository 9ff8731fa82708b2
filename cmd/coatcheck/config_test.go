package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
)

// anyApp says what it was told, and does what a path asks for.
var anyApp = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user := r.Header.Get("Coatcheck-User")
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/in/"):
		w.Header().Set("Coatcheck-Sign-In", strings.TrimPrefix(path, "/in/"))
		if r.FormValue("return_to") != "" {
			http.Redirect(w, r, r.FormValue("return_to"), http.StatusSeeOther)
			return
		}
	case path == "/401", path == "/403":
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, "the app's own", map[string]int{"/401": 401, "/403": 403}[path])
		return
	case path == "/file":
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "file.txt", time.Unix(1e9, 0), strings.NewReader("0123456789"))
		return
	case strings.HasPrefix(path, "/static/"):
		w.Header().Set("Cache-Control", "public, max-age=3600")
	}
	fmt.Fprintf(w, "%s %s %d", user, r.Host, len(r.Header.Get("Cookie")))
})

// A scenario is a configuration, and what its visitors see.
type scenario struct {
	t    *testing.T
	r    *running
	port string
	name string // of the file
}

// on starts the program with a configuration in which APP is the address of the app.
func on(t *testing.T, text string) *scenario {
	t.Helper()
	app := httptest.NewServer(anyApp)
	t.Cleanup(app.Close)
	name := filepath.Join(t.TempDir(), "coatcheck.yaml")
	text = strings.ReplaceAll(text, "APP", strings.TrimPrefix(app.URL, "http://"))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, t.TempDir(), "serve", "--config", name)
	return &scenario{t, r, r.site[strings.LastIndexByte(r.site, ':'):], name}
}

// An ask is a request of a browser to a host.
type ask struct {
	host, path, accept string
	header             http.Header
	method             string
}

// get asks as a browser with these cookies does, and keeps those that it is given.
func (s *scenario) get(b *browser, a ask) (*http.Response, string) {
	s.t.Helper()
	if a.method == "" {
		a.method = "GET"
	}
	req, err := http.NewRequest(a.method, s.r.site+a.path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if req.Host = a.host; a.host == "" {
		req.Host = "localhost"
	}
	req.Host += s.port
	for name, values := range a.header {
		req.Header[name] = values
	}
	if a.accept != "" {
		req.Header.Set("Accept", a.accept)
	}
	if req.Header.Get("Sec-Fetch-Site") == "" {
		req.Header.Set("Sec-Fetch-Site", "none")
	}
	for name, value := range b.cookies {
		req.Header.Add("Cookie", name+"="+value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return res, string(body)
}

// expect asks, and compares status and the beginning of the body.
func (s *scenario) expect(b *browser, a ask, status int, body string) *http.Response {
	s.t.Helper()
	res, got := s.get(b, a)
	if res.StatusCode != status || !strings.HasPrefix(got, body) {
		s.t.Errorf("%s%s: %d %q, want %d %q; log %s", a.host, a.path, res.StatusCode, got, status, body, s.r.stderr)
	}
	return res
}

const html = "text/html"

// Rows: I8
func TestScenarioPublic(t *testing.T) {
	s := on(t, "upstream: http://APP\nroutes:\n  - {match: /static/, access: public}\n  - {match: /, access: "+
		"required}\n")
	b := newBrowser(t)
	b.cookies["__Host-session"] = "whatever" // nobody looks
	res := s.expect(b, ask{path: "/static/a.css"}, 200, " localhost")
	if got := res.Header.Get("Cache-Control"); got != "public, max-age=3600" || res.Header.Get("Vary") != "" {
		t.Errorf("the app's caching is gone: %v", res.Header)
	}
	if strings.Contains(s.r.stderr.String(), "forged") {
		t.Errorf("the ticket was looked at: %s", s.r.stderr)
	}
	s.expect(b, ask{path: "/"}, 401, "Please sign in.")
}

func TestScenarioSignInAndBack(t *testing.T) {
	s := on(t, "upstream: http://APP\nsign-in: /in/ada\nroutes:\n  - {match: /in/, access: any}\n"+
		"  - {match: /, access: required}\n")
	b := newBrowser(t)
	res := s.expect(b, ask{path: "/orders?page=2", accept: html}, 303, "")
	to := res.Header.Get("Location")
	if to != "/in/ada?return_to=%2Forders%3Fpage%3D2" {
		t.Fatalf("sent to %q", to)
	}
	res = s.expect(b, ask{path: to, accept: html}, 303, "")
	if back := res.Header.Get("Location"); back != "/orders?page=2" {
		t.Fatalf("sent back to %q", back)
	}
	s.expect(b, ask{path: "/orders?page=2", accept: html}, 200, "ada ")
	s.expect(newBrowser(t), ask{path: "/orders", method: "POST"}, 401, "Please sign in.")
}

// Rows: ASVS 7.5.1, ASVS 7.5.3
func TestScenarioRecentAndLevel(t *testing.T) {
	s := on(t, "upstream: http://APP\nsign-in: /in/ada\nroutes:\n  - {match: /email, recent: 1h}\n"+
		"  - {match: /moment, recent: 1ms}\n  - {match: /admin/, level: 2}\n")
	b := newBrowser(t)
	s.expect(b, ask{path: "/admin/", accept: html}, 303, "")
	s.expect(b, ask{path: "/in/ada"}, 200, "")
	s.expect(b, ask{path: "/email"}, 200, "ada ")
	s.expect(b, ask{path: "/admin/"}, 401, "")
	time.Sleep(2 * time.Millisecond)
	s.expect(b, ask{path: "/moment"}, 401, "")
	s.expect(b, ask{path: "/in/ada;level=2"}, 200, "")
	s.expect(b, ask{path: "/admin/"}, 200, "ada ")
	s.expect(b, ask{path: "/ADMIN"}, 200, "ada ")
}

// Two sites on one host, which browsers tell apart by the port and cookies do not.
const twoSites = `sites:
  - hosts: [a.localhost, "localhost"]
    realm: a
    upstream: http://APP
    cookie: {name: __Host-a}
  - hosts: ["*.b.localhost", b.localhost]
    realm: b
    upstream: http://APP
    cookie: {name: __Host-b}
`

// A second site, a second tab and a second gate on the same host never sign the first one out, no ticket is good at
// another site, and no app sees the other's.
func TestScenarioTwoSites(t *testing.T) {
	s, other := on(t, twoSites), on(t, "upstream: http://APP\ncookie: {name: __Host-other}\n")
	b := newBrowser(t) // which has one host for all of them, and so gives each all cookies
	a1, b1 := ask{host: "a.localhost", path: "/"}, ask{host: "x.b.localhost", path: "/"}
	s.expect(b, ask{host: "a.localhost", path: "/in/ada"}, 200, "")
	s.expect(b, ask{host: "b.localhost", path: "/in/eve"}, 200, "")
	other.expect(b, ask{host: "a.localhost", path: "/in/bob"}, 200, "")
	s.expect(b, a1, 200, "ada ")
	s.expect(b, b1, 200, "eve ")
	other.expect(b, a1, 200, "bob ")
	if _, body := s.get(b, a1); !strings.HasSuffix(body, fmt.Sprintf(" %d", len("__Host-other=")+55)) {
		t.Errorf("the app sees cookies of other sites: %q", body)
	}
	thief := newBrowser(t)
	thief.cookies["__Host-b"] = b.cookies["__Host-a"]
	s.expect(thief, b1, 200, " x.b.localhost")
	tab := newBrowser(t)
	tab.cookies["__Host-a"] = b.cookies["__Host-a"]
	s.expect(tab, ask{host: "a.localhost", path: "/in/ada"}, 200, "") // in the same browser
	b.cookies["__Host-a"] = tab.cookies["__Host-a"]
	s.expect(b, a1, 200, "ada ")
	s.expect(newBrowser(t), ask{host: "c.localhost", path: "/"}, http.StatusMisdirectedRequest, "There is no site")
	if status, list := s.r.api("GET", "/v1/sessions?user=eve"); status != 200 || !strings.Contains(list,
		`"user":"eve"`) {
		t.Errorf("the console knows one site alone: %s", list)
	}
}

func TestScenarioFrame(t *testing.T) {
	s := on(t, "upstream: http://APP\ncookie: {name: __Host-w, same-site: none, partitioned: true}\n")
	framed := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Dest": {"iframe"}}
	res := s.expect(newBrowser(t), ask{path: "/in/ada", header: framed}, 200, "")
	if got := res.Header.Get("Set-Cookie"); !strings.HasSuffix(got, "SameSite=None; Partitioned") {
		t.Errorf("cookie %q", got)
	}
}

func TestScenarioBearer(t *testing.T) {
	s := on(t, "upstream: http://APP\nbearer: [/in/, /api/]\nroutes:\n  - {match: /api/, access: required}\n")
	b := newBrowser(t)
	ticket := s.expect(b, ask{path: "/in/ada"}, 200, "").Header.Get("Session-Ticket")
	res := s.expect(b, ask{path: "/api/me"}, 401, "")
	if got := res.Header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("challenge %q", got)
	}
	s.expect(b, ask{path: "/api/me", header: http.Header{"Authorization": {"Bearer " + ticket}}}, 200, "ada ")
}

func TestScenarioUpstreams(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "app.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: anyApp}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	s := on(t, "upstream: unix:"+socket+"\n")
	b := newBrowser(t)
	s.expect(b, ask{path: "/in/ada"}, 200, "")
	s.expect(b, ask{path: "/"}, 200, "ada localhost")

	h2c := httptest.NewUnstartedServer(anyApp)
	h2c.Config.Protocols = new(http.Protocols)
	h2c.Config.Protocols.SetUnencryptedHTTP2(true)
	h2c.Start()
	t.Cleanup(h2c.Close)
	s, b = on(t, "upstream: h2c"+strings.TrimPrefix(h2c.URL, "http")+"\n"), newBrowser(t)
	s.expect(b, ask{path: "/in/ada"}, 200, "")
	s.expect(b, ask{path: "/"}, 200, "ada localhost")
}

// What the app says stays as it is, also with more cookies than most servers read.
func TestScenarioTheAppsOwnAnswers(t *testing.T) {
	s := on(t, "upstream: http://APP\nroutes:\n  - {match: /, access: optional}\n")
	b := newBrowser(t)
	s.expect(b, ask{path: "/in/ada"}, 200, "")
	s.expect(b, ask{path: "/401"}, 401, "the app's own")
	s.expect(b, ask{path: "/403"}, 403, "the app's own")
	res := s.expect(b, ask{path: "/file", header: http.Header{"If-None-Match": {`"v1"`}}}, 304, "")
	if res.Header.Get("ETag") != `"v1"` {
		t.Errorf("headers %v", res.Header)
	}
	res = s.expect(b, ask{path: "/file", header: http.Header{"Range": {"bytes=2-4"}}}, 206, "234")
	if res.Header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("headers %v", res.Header)
	}
	res = s.expect(b, ask{path: "/file", method: "HEAD"}, 200, "")
	if res.ContentLength != 10 {
		t.Errorf("length %d", res.ContentLength)
	}
	b.cookies["big"] = strings.Repeat("x", 7<<10)
	s.expect(b, ask{path: "/"}, 200, fmt.Sprintf("ada localhost%s %d", s.port, 4+7<<10))
}

// A file is checked where the program could not start: in a build, whose environment has no home.
func TestConfigIsCheckedWithoutAHome(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_DATA_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	name := filepath.Join(t.TempDir(), "coatcheck.yaml")
	for text, want := range map[string]string{
		"upstream: http://127.0.0.1:3000\n":                "is good",
		"upstream: http://127.0.0.1:3000\nlifetime: 30m\n": ":2:11: lifetime",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		p := &Program{Stdout: &out, Stderr: io.Discard}
		err := p.Run(t.Context(), []string{"config", "check", name})
		if (err == nil) != (want == "is good") || !strings.Contains(out.String(), want) {
			t.Errorf("%q: %v, %q; want %q", text, err, out.String(), want)
		}
	}
}

// A configuration is taken up when the file changes. One that is wrong is refused with its reason, and so is what a
// program cannot change while it runs.
func TestReloadWhenTheFileChanges(t *testing.T) {
	s := on(t, "upstream: http://APP\n")
	b := newBrowser(t)
	s.expect(b, ask{path: "/in/ada"}, 200, "")
	s.expect(newBrowser(t), ask{path: "/x"}, 200, "")
	file := s.name
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(more string) {
		t.Helper()
		if err := os.WriteFile(file, append(bytes.Clone(text), more...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s; log %s", what, s.r.stderr)
			}
		}
	}
	logged := func(text string) func() bool {
		return func() bool { return strings.Contains(s.r.stderr.String(), text) }
	}
	began := time.Now()
	write("routes:\n  - {match: /, access: required}\n")
	wait("the new one is not taken up", func() bool {
		res, _ := s.get(newBrowser(t), ask{path: "/x"})
		return res.StatusCode == 401
	})
	write("routes:\n  - {match: /, acces: required}\n")
	wait("the mistake is not told", logged(`coatcheck.yaml:3:16: routes[0].acces: there is no such key; did you mean`))
	write("lease: 9s\n")
	wait("what cannot change is not told", logged("lease cannot change in a program that runs"))
	s.expect(newBrowser(t), ask{path: "/x"}, 401, "")
	s.expect(b, ask{path: "/x"}, 200, "ada ")
	for _, want := range []string{`_total{outcome="accepted"} 1`, `_total{outcome="refused"} 2`} {
		wait("the metrics lack "+want, func() bool {
			_, metrics := s.r.api("GET", "/metrics")
			return strings.Contains(metrics, "coatcheck_config_reloads"+want+"\n")
		})
	}
	_, metrics := s.r.api("GET", "/metrics")
	last := find(t, []byte(metrics), `(?m)^coatcheck_config_last_accepted_timestamp_seconds (\S+)$`)
	if at, err := strconv.ParseFloat(last, 64); err != nil || at < float64(began.Unix()) {
		t.Errorf("the one that counts was read at %s, and the file was written at %d", last, began.Unix())
	}
}

// openFiles counts the program's open files, where the system tells.
func openFiles() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// Clients notice nothing of reloads, good ones and bad ones, and nothing is left behind. COATCHECK_TORTURE=1 reloads
// 1,000 times instead of 100.
func TestReloadUnderLoad(t *testing.T) {
	reloads := 100
	if os.Getenv("COATCHECK_TORTURE") != "" {
		reloads = 1000
	}
	app := httptest.NewServer(anyApp)
	t.Cleanup(app.Close)
	name := filepath.Join(t.TempDir(), "c.yaml")
	write := func(text string) {
		if err := os.WriteFile(name, []byte("upstream: "+app.URL+"\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	args := []string{"serve", "--config", name, "--listen=localhost:0", "--console-listen=localhost:0",
		"--data=" + t.TempDir()}
	line, err := config.Parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	p := &Program{Stdout: io.Discard, Stderr: &lockedBuffer{}}
	s, err := p.open(t.Context(), line.Serve.Server, gated(&line.Serve))
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s.front.Handler)
	one := func(client *http.Client) error {
		res, err := client.Get(front.URL)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
			return fmt.Errorf("status %d, %w", res.StatusCode, err)
		}
		return nil
	}
	descriptors := openFiles()
	var wg sync.WaitGroup
	var failed, done atomic.Int64
	stop := make(chan struct{})
	for range 64 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := one(client); err != nil {
					failed.Add(1)
					t.Log(err)
				}
				done.Add(1)
			}
		})
	}
	r := &reloader{p: p, args: args, flags: line.Serve}
	refused := 0
	for i := range reloads {
		switch i % 4 {
		case 0:
			write(fmt.Sprintf("lifetime: %dh\n", 2+i%20)) // another manager, another app
		case 1:
			write(fmt.Sprintf("routes:\n  - {match: /%d/, access: required}\n", i)) // another app
		case 2:
			write("lifetime: soon\n")
		case 3:
			write("lease: 9s\n")
		}
		before := s.router.current.Load()
		r.reload(s)
		if s.router.current.Load() == before {
			refused++
		}
	}
	close(stop)
	wg.Wait()
	if failed.Load() > 0 || done.Load() < 64 || refused != reloads/2 {
		t.Errorf("%d of %d requests failed, %d of %d reloads were refused", failed.Load(), done.Load(), refused,
			reloads)
	}
	front.Close()
	s.router.freeing.Wait()
	s.router.mu.Lock()
	apps, managers := len(s.router.apps), len(s.router.managers)
	s.router.mu.Unlock()
	if apps != 1 || managers > 2 { // the one in use, and the console's
		t.Errorf("%d apps and %d managers are left", apps, managers)
	}
	t.Logf("%d requests, %d reloads", done.Load(), reloads)
	app.CloseClientConnections()
	left := func() bool { return runtime.NumGoroutine() > 60 || openFiles() > descriptors+10 }
	for end := time.Now().Add(20 * time.Second); left(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines and %d files are left, of %d", runtime.NumGoroutine(), openFiles(), descriptors)
		}
	}
	s.stopping()
	if err := s.flush(); err != nil {
		t.Error(err)
	}
	s.front.Close()
	s.back.Close()
}
