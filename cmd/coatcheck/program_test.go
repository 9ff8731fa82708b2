package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// TestMain is the program itself in a child process that a test has started for that.
func TestMain(m *testing.M) {
	if os.Getenv("COATCHECK_TEST_RUN_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A running program, in this process.
type running struct {
	t           *testing.T
	site, back  string // URLs
	link, token string
	stderr      *lockedBuffer
	stop        context.CancelFunc
	ended       chan error
}

// start runs the program on free ports and returns when it has said where it is.
func start(t *testing.T, data string, args ...string) *running {
	t.Helper()
	out, in := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{t: t, stderr: &lockedBuffer{}, stop: stop, ended: make(chan error, 1)}
	go func() {
		p := Program{Stdout: in, Stderr: r.stderr}
		err := p.Run(ctx, append(args, "--listen=localhost:0", "--console-listen=localhost:0", "--data="+data))
		in.CloseWithError(errors.Join(err, io.EOF))
		r.ended <- err
	}()
	said := make([]byte, 4096)
	n, err := out.Read(said) // it says all of it at once
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	t.Cleanup(func() { r.end() })
	r.site = find(t, said[:n], `(?m)^  (?:Shop|App) +(http://localhost:\d+)$`)
	r.link = find(t, said[:n], `(?m)^  Console +(http://localhost:\d+/sign-in\S*) `)
	r.back = r.link[:strings.Index(r.link, "/sign-in")]
	if got := find(t, said[:n], `(?m)^  Data +(.*)$`); got != data {
		t.Errorf("the data is said to be in %s, not %s", got, data)
	}
	text, err := os.ReadFile(find(t, said[:n], `(?m)^  Token +(\S+) `))
	if err != nil {
		t.Fatal(err)
	}
	r.token = strings.TrimSpace(string(text))
	return r
}

func find(t *testing.T, text []byte, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	return string(found[1])
}

// end stops the program as a signal would, and returns what it ended with. It may be called twice.
func (r *running) end() error {
	r.stop()
	select {
	case err := <-r.ended:
		r.ended <- err
		return err
	case <-time.After(grace + 20*time.Second):
		r.t.Fatal("the program does not end")
		return nil
	}
}

// A browser keeps cookies, and knows as browsers do that localhost is a secure place.
type browser struct {
	t       *testing.T
	cookies map[string]string
	last    http.Header // of the last answer
}

func newBrowser(t *testing.T) *browser { return &browser{t: t, cookies: map[string]string{}} }

// send posts a form, or gets the page if there is none, and returns status and body. It follows no redirect.
func (b *browser) send(url string, form url.Values) (int, string) {
	b.t.Helper()
	method, body := "GET", ""
	if form != nil {
		method, body = "POST", form.Encode()
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "curl/8.14.1")
	req.Header.Set("Sec-Fetch-Site", "none") // in the hand of its user
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return b.round(req)
}

func (b *browser) round(req *http.Request) (int, string) {
	b.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	b.last = res.Header
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return res.StatusCode, string(text)
}

func (b *browser) me(r *running) string {
	b.t.Helper()
	_, text := b.send(r.site+"/api/me", nil)
	return strings.TrimSpace(text)
}

func (r *running) api(method, path string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.back+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	return newBrowser(r.t).round(req)
}

func TestDemo(t *testing.T) {
	data := filepath.Join(t.TempDir(), "new", "folder")
	r := start(t, data, "demo", "-v")
	b := newBrowser(t)
	if got := b.me(r); got != `{"user":"","cart":[],"theme":"light"}` {
		t.Errorf("a visitor is %s", got)
	}
	b.send(r.site+"/cart", url.Values{"item": {"tea"}})
	if status, _ := b.send(r.site+"/login", url.Values{"user": {"ada"}, "password": {"lovelace"}}); status != 303 {
		t.Errorf("sign-in: status %d, log %s", status, r.stderr)
	}
	const ada = `{"user":"ada","cart":["tea"],"theme":"light"}`
	if got := b.me(r); got != ada {
		t.Errorf("after sign-in the visitor is %s", got)
	}
	if status, text := newBrowser(t).send(r.link, nil); status != 200 || !strings.Contains(text, "onsole") {
		t.Errorf("console: status %d, %s", status, text)
	}
	if err := r.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if log := r.stderr.String(); !strings.Contains(log, "authn_login_success") ||
		strings.Contains(log, "level=ERROR") || strings.Contains(log, b.cookies["__Host-session"]) {
		t.Errorf("log: %s", log)
	}

	r = start(t, data, "demo")
	if got := b.me(r); got != ada {
		t.Errorf("after a restart the visitor is %s", got)
	}
	_, list := r.api("GET", "/v1/sessions?user=ada")
	handle := find(t, []byte(list), `"handle":"([^"]+)"`)
	if status, text := r.api("DELETE", "/v1/sessions/"+handle); status != 204 {
		t.Errorf("end: status %d, %s", status, text)
	}
	if got := b.me(r); got != `{"user":"","cart":[],"theme":"light"}` {
		t.Errorf("after the end the visitor is %s", got)
	}
}

func TestServe(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			w.Header().Set("Coatcheck-Sign-In", "ada")
		case "/cart":
			w.Header().Set("Coatcheck-Set", `cart=["tea"]; carry`)
		case "/broken":
			w.Header().Set("Coatcheck-Set", "cart")
		default:
			fmt.Fprint(w, r.Header.Get("Coatcheck-User"), " ", r.Header.Get("Coatcheck-Data"), " ",
				r.Header.Get("Cookie"))
		}
	}))
	defer app.Close()
	r := start(t, t.TempDir(), "serve", "--upstream", strings.TrimPrefix(app.URL, "http://"), "--log-format=json")
	b := newBrowser(t)
	b.cookies["theme"] = "dark"
	b.cookies["__Host-coatcheck-console"] = "secret of the console"
	b.send(r.site+"/cart", url.Values{})
	b.send(r.site+"/login", url.Values{})
	if got := b.me(r); got != `ada {"cart":["tea"]} theme=dark` {
		t.Errorf("the app is told %s", got)
	}
	if status, _ := b.send(r.site+"/broken", nil); status != 502 {
		t.Errorf("a malformed header: status %d", status)
	}
	if log := r.stderr.String(); !strings.Contains(log, `"header":"Coatcheck-Set"`) {
		t.Errorf("log: %s", log)
	}
	if _, list := r.api("GET", "/v1/sessions"); !strings.Contains(list, `"user":"ada"`) ||
		!strings.Contains(list, `"label":"curl"`) {
		t.Errorf("the console has %s", list)
	}
}

// The address of a session is what a trusted proxy says, and the app behind the gate is told it, too.
func TestTrustProxy(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Coatcheck-Sign-In", "ada")
		fmt.Fprint(w, r.Header.Get("X-Forwarded-For"))
	}))
	defer app.Close()
	for flag, want := range map[string]bool{"--trust-proxy=127.0.0.0/8,::1": true, "--trust-proxy=10.0.0.0/8": false} {
		r := start(t, t.TempDir(), "serve", "--upstream", app.URL, flag)
		req, err := http.NewRequest("GET", r.site+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-For", "6.6.6.6, 203.0.113.9")
		_, told := newBrowser(t).round(req)
		_, list := r.api("GET", "/v1/sessions")
		if strings.HasPrefix(told, "203.0.113.9, ") != want || strings.Contains(told, "6.6.6.6") {
			t.Errorf("%s: the app is told %q", flag, told)
		}
		if strings.Contains(list, `"address":"203.0.113.9"`) != want || strings.Contains(list, "6.6.6.6") {
			t.Errorf("%s: the console has %s", flag, list)
		}
	}
}

// The metrics are on the console's port, for those who have the token.
func TestMetrics(t *testing.T) {
	r := start(t, t.TempDir(), "demo")
	b := newBrowser(t)
	b.send(r.site+"/login", url.Values{"user": {"ada"}, "password": {"lovelace"}})
	for _, where := range []string{r.back, r.site} {
		if status, text := newBrowser(t).send(where+"/metrics", nil); status == 200 ||
			strings.Contains(text, "coatcheck_") {
			t.Errorf("%s/metrics without the token: status %d, %s", where, status, text)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		status, text := r.api("GET", "/metrics")
		if status != 200 || !strings.Contains(text, "\ncoatcheck_sessions 1\n") ||
			!strings.Contains(text, "\ncoatcheck_build_info{") {
			t.Fatalf("status %d, %s", status, text)
		}
		if strings.Contains(text, `coatcheck_session_events_total{kind="authn_login_success"} 1`) {
			break // observers are told a moment later
		}
		if time.Now().After(deadline) {
			t.Fatalf("the sign-in is not counted: %s", text)
		}
	}
	if status, _ := r.api("POST", "/metrics"); status != 405 {
		t.Errorf("POST: status %d", status)
	}
}

// What a wrapped store has lost is in the log of the program, and nothing is lost in its own.
func TestHiddenCapabilitiesAreLogged(t *testing.T) {
	const kind = string(event.CapabilityHidden)
	var log lockedBuffer
	s := &server{log: (&Program{Stderr: &log}).logger(config.Server{})}
	s.manage(struct{ store.Store }{memory.New()}, config.Server{}, demo)
	if err := s.sessions.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, kind) || !strings.Contains(text, "store.Feed") {
		t.Errorf("a wrapped store: log %s", text)
	}
	for _, args := range [][]string{{"demo"}, {"demo", "--move-from=sqlite:" + filepath.Join(t.TempDir(), "old.db")}} {
		r := start(t, t.TempDir(), args...)
		if err := r.end(); err != nil || strings.Contains(r.stderr.String(), kind) {
			t.Errorf("%q: %v, log %s", args, err, r.stderr)
		}
	}
}

// A note for other commands that cannot be written keeps nobody from starting.
func TestConsoleAddressThatCannotBeNoted(t *testing.T) {
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "console-url", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := start(t, data, "demo")
	if err := r.end(); err != nil || !strings.Contains(r.stderr.String(), "the console's address cannot be noted") {
		t.Errorf("%v, log %s", err, r.stderr)
	}
}

// What is under way ends, what has no end is ended, and the program does not wait for that.
func TestShutdown(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		close(begun)
		<-release
		w.Header().Set("Coatcheck-Sign-In", "ada")
	}))
	defer app.Close()
	data := t.TempDir()
	r := start(t, data, "serve", "--upstream", app.URL)

	events, err := http.Get(r.site + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	b := newBrowser(t)
	status := make(chan int)
	go func() {
		code, _ := b.send(r.site+"/login", url.Values{})
		status <- code
	}()
	<-begun
	r.stop()
	if _, err := io.ReadAll(events.Body); err == nil {
		t.Error("the stream looks as if the app had ended it")
	}
	close(release)
	if got := <-status; got != 200 {
		t.Errorf("the sign-in that was under way: status %d", got)
	}
	if err := r.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
	app.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter,
		r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Coatcheck-User"))
	})
	if got := b.me(start(t, data, "serve", "--upstream", app.URL)); got != "ada" {
		t.Errorf("after a restart the visitor is %q", got)
	}
}

func TestPrints(t *testing.T) {
	for args, want := range map[string]string{
		"version":          "coatcheck devel " + runtime.Version(),
		"demo --inventory": "__Host-session       ticket cookie",
		"--help":           "Usage: coatcheck <command>",
	} {
		var out, log bytes.Buffer
		p := Program{Stdout: &out, Stderr: &log}
		if err := p.Run(t.Context(), strings.Fields(args)); err != nil || !strings.Contains(out.String(), want) ||
			log.Len() > 0 {
			t.Errorf("%s: %v, printed %q, logged %q", args, err, &out, &log)
		}
	}
}

// child runs the program in a process of its own.
func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "COATCHECK_TEST_RUN_MAIN=1", "HOME="+t.TempDir(), "XDG_DATA_HOME=")
	return cmd
}

// Whatever stands in the way of a start is one line that says what to do, and status 1.
func TestStartErrors(t *testing.T) {
	taken := httptest.NewServer(nil)
	defer taken.Close()
	address := strings.TrimPrefix(taken.URL, "http://")
	closed := httptest.NewServer(nil)
	_, spare, _ := strings.Cut(strings.TrimPrefix(closed.URL, "http://"), ":")
	closed.Close()
	file := filepath.Join(t.TempDir(), "file")
	noDatabase := t.TempDir()
	for path, text := range map[string]string{file: "",
		filepath.Join(noDatabase, "coatcheck.db"): strings.Repeat("no database ", 999)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	free := []string{"--listen=localhost:0", "--console-listen=localhost:0"}
	for _, tt := range []struct {
		args []string
		says []string
	}{
		{[]string{"demo", "--listen", address}, []string{address, "in use", "--listen"}},
		{[]string{"demo", "--listen", "localhost:0", "--console-listen", address},
			[]string{address, "in use", "--console-listen"}},
		{append([]string{"demo", "--data", file}, free...), []string{file, "--data"}},
		{append([]string{"demo", "--data", noDatabase}, free...), []string{noDatabase}},
		{append([]string{"serve", "--upstream", "ftp://x"}, free...), []string{"upstream", "http://127.0.0.1:3000"}},
		{append([]string{"serve", "--upstream", "http://a b"}, free...),
			[]string{"--upstream", "http://127.0.0.1:3000"}},
		{append([]string{"serve", "--upstream", "x:1", "--trust-origin", "pay.example"}, free...),
			[]string{"pay.example"}},
		{append([]string{"serve", "--upstream", "foo"}, free...),
			[]string{"--upstream", "foo", "http://127.0.0.1:3000"}},
		{append([]string{"serve", "--upstream", "x:1", "--inventory", noDatabase + "/coatcheck.db"}, free...),
			[]string{"--inventory", "coatcheck.db", "invalid character"}},
		{append([]string{"serve", "--upstream", "3000"}, free...), []string{"--upstream", "http://127.0.0.1:3000"}},
		{append([]string{"serve", "--upstream", "app/path"}, free...), []string{"--upstream", "http://127.0.0.1:3000"}},
		{[]string{"demo", "--listen=127.0.0.1:" + spare, "--console-listen=127.0.0.1:" + spare},
			[]string{"--listen and --console-listen", spare}},
		{append([]string{"demo", "--console-token", "short-secret"}, free...), []string{"console's token", "32"}},
		{[]string{"serve"}, []string{"--upstream", "--help"}},
		{[]string{"dmeo"}, []string{"dmeo", "--help"}},
	} {
		out, err := child(t, tt.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%q: %v\n%s", tt.args, err, out)
		}
		if strings.Count(string(out), "\n") != 1 || !strings.HasPrefix(string(out), "coatcheck: ") {
			t.Errorf("%q: printed %q", tt.args, out)
		}
		for _, text := range tt.says {
			if !strings.Contains(string(out), text) {
				t.Errorf("%q: %q lacks %q", tt.args, out, text)
			}
		}
	}
}

func TestSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals to send")
	}
	home := t.TempDir()
	cmd := child(t, "demo", "--listen=localhost:0", "--console-listen=localhost:0")
	cmd.Env = append(cmd.Env, "HOME="+home)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Sign in") {
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if runtime.GOOS == "linux" {
		// What is left has no journal of a database: all were closed in order.
		entries, _ := os.ReadDir(filepath.Join(home, ".local", "share", "coatcheck"))
		var left []string
		for _, e := range entries {
			left = append(left, e.Name())
		}
		want := []string{
			"coatcheck.db", "console-index.db", "console-token", "console-url", "endings.db", "history.db", "lock",
			"rollback.json", "sign-in-links",
		}
		if !slices.Equal(left, want) {
			t.Errorf("left behind: %q, want %q", left, want)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
