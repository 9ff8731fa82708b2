// Package firefox drives a real Firefox in tests, over WebDriver BiDi.
//
// [Start] gives a browser without a window, with a profile of its own; its methods do what a visitor does and end the
// test when that cannot be done. The browser reaches nothing but the proxy that the test names. It is closed when the
// test ends. Without a Firefox the test is skipped, or fails with CI=true.
package firefox

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"coatcheck.dev/test/internal/tool"
)

// timeout bounds each action; it is far more than any needs on a busy machine.
const timeout = 60 * time.Second

// A Browser is one visitor's Firefox with one tab. It belongs to the goroutine of the test that started it.
type Browser struct {
	t       testing.TB
	Version string // such as 153.8.0

	conn   *websocket.Conn
	id     int
	tab    string // the context of the tab
	chrome string // the context of the browser's own window
	loads  int    // of the tab, since it was opened
}

// Start starts a browser that asks the HTTP proxy at an address, host:port, for everything. It takes any certificate.
func Start(t testing.TB, proxy string) *Browser {
	t.Helper()
	path := tool.Find(t, "firefox-esr", "firefox")
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), userPreferences(proxy), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0",
		"--remote-allow-system-access", "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_DISABLE_AUTO_SAFE_MODE=1", "MOZ_CRASHREPORTER_DISABLE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		_ = cmd.Wait()
	})
	b := &Browser{t: t}
	b.connect(listening(t, stderr))
	return b
}

// quiet are the preferences that switch off what would reach for the network, change a request, ask a question, or only
// take time.
var quiet = map[string]any{
	"network.proxy.type":                             1,
	"network.proxy.allow_hijacking_localhost":        true,
	"network.proxy.no_proxies_on":                    "",
	"dom.security.https_first":                       false,
	"dom.security.https_only_mode":                   false,
	"security.mixed_content.upgrade_display_content": false,
	"security.warn_submit_secure_to_insecure":        false, // a form of a page on this machine, to one by http
	"network.stricttransportsecurity.preloadlist":    false,
	"app.update.enabled":                             false,
	"app.normandy.enabled":                           false,
	"datareporting.policy.dataSubmissionEnabled":     false,
	"toolkit.telemetry.enabled":                      false,
	"browser.safebrowsing.malware.enabled":           false,
	"browser.safebrowsing.phishing.enabled":          false,
	"browser.shell.checkDefaultBrowser":              false,
	"network.captive-portal-service.enabled":         false,
	"network.connectivity-service.enabled":           false,
	"services.settings.server":                       "data:,",
	"extensions.update.enabled":                      false,
	"network.dns.disablePrefetch":                    true,
	"network.prefetch-next":                          false,
	"browser.search.update":                          false,
	"media.gmp-manager.updateEnabled":                false,
	"browser.startup.page":                           0,
	"browser.sessionhistory.max_total_viewers":       0,
	"browser.sessionstore.resume_from_crash":         false,
	"fission.autostart":                              false,
	"dom.ipc.processCount":                           1,
	"dom.ipc.processPrelaunch.enabled":               false,
}

// userPreferences is the file of the preferences.
func userPreferences(proxy string) []byte {
	host, port, _ := strings.Cut(proxy, ":")
	prefs := map[string]any{
		"network.proxy.http": host, "network.proxy.http_port": json.Number(port),
		"network.proxy.ssl": host, "network.proxy.ssl_port": json.Number(port),
	}
	maps.Copy(prefs, quiet)
	var text strings.Builder
	for name, value := range prefs {
		written, _ := json.Marshal(value) // numbers, strings and booleans always marshal
		fmt.Fprintf(&text, "user_pref(%q, %s);\n", name, written)
	}
	return []byte(text.String())
}

// listening waits for the address that Firefox prints.
func listening(t testing.TB, stderr io.Reader) string {
	t.Helper()
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if _, address, ok := strings.Cut(lines.Text(), "BiDi listening on "); ok {
				found <- strings.TrimSpace(address)
			}
		}
		close(found)
	}()
	select {
	case address := <-found:
		if address == "" {
			t.Fatal("Firefox ended before it listened")
		}
		return address
	case <-time.After(timeout):
		t.Fatal("Firefox does not listen")
		return ""
	}
}

func (b *Browser) connect(address string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, address+"/session", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	conn.SetReadLimit(64 << 20)
	b.conn = conn
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	var session struct {
		Capabilities struct{ BrowserVersion string }
	}
	b.call("session.new", m{"capabilities": m{"alwaysMatch": m{"acceptInsecureCerts": true}}}, &session)
	b.Version = session.Capabilities.BrowserVersion
	b.call("session.subscribe", m{"events": []string{"browsingContext.load"}}, nil)
	b.tab = b.context(m{})
	b.chrome = b.context(m{"moz:scope": "chrome"})
}

// context is the first one of a scope.
func (b *Browser) context(scope m) string {
	b.t.Helper()
	var tree struct {
		Contexts []struct{ Context string }
	}
	b.call("browsingContext.getTree", scope, &tree)
	if len(tree.Contexts) == 0 {
		b.t.Fatalf("Firefox has no window: %v", scope)
	}
	return tree.Contexts[0].Context
}

type m map[string]any

// message is what comes from the browser.
type message struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Method  string          `json:"method"`
	Params  struct {
		Context string `json:"context"`
	} `json:"params"`
}

// call runs a command and reads its result.
func (b *Browser) call(method string, params m, result any) {
	b.t.Helper()
	b.id++
	text, err := json.Marshal(m{"id": b.id, "method": method, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := b.conn.Write(ctx, websocket.MessageText, text); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		answer := b.read(ctx, method)
		if answer.ID != b.id {
			continue
		}
		if answer.Type == "error" {
			b.t.Fatalf("%s: %s: %s", method, answer.Error, answer.Message)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

func (b *Browser) read(ctx context.Context, what string) (got message) {
	b.t.Helper()
	_, text, err := b.conn.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	if got.Method == "browsingContext.load" && got.Params.Context == b.tab {
		b.loads++
	}
	return got
}

// Navigate goes to an address as if it had been typed in, and waits until the page is loaded.
func (b *Browser) Navigate(url string) {
	b.t.Helper()
	b.call("browsingContext.navigate", m{"context": b.tab, "url": url, "wait": "complete"}, nil)
}

// Leave runs JavaScript that leads to another page, and waits until that is loaded.
func (b *Browser) Leave(script string) {
	b.t.Helper()
	before := b.loads
	// The answer to the call may be lost with the page, so the script begins when it has been given.
	b.Eval("setTimeout(() => {" + script + "}, 0), 0")
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for b.loads == before {
		b.read(ctx, "leave by "+script)
	}
}

// Eval runs JavaScript in the page and waits for its promise.
func (b *Browser) Eval(script string) {
	b.t.Helper()
	b.evaluate(b.tab, script)
}

// Chrome runs JavaScript as the browser itself, and returns what it returns: a string.
func (b *Browser) Chrome(script string) string {
	b.t.Helper()
	return b.evaluate(b.chrome, script)
}

func (b *Browser) evaluate(where, script string) string {
	b.t.Helper()
	var got struct {
		Type             string
		Result           struct{ Value any }
		ExceptionDetails struct{ Text string }
	}
	b.call("script.evaluate", m{"expression": script, "target": m{"context": where}, "awaitPromise": true}, &got)
	if got.Type != "success" {
		b.t.Fatalf("%s: %s", script, got.ExceptionDetails.Text)
	}
	text, _ := got.Result.Value.(string)
	return text
}

// A Cookie is one that Firefox keeps.
type Cookie struct {
	Name, Value, Host, Path string
	Expires                 float64 // ms after 1970, of persistent cookies
	Session                 bool    `json:"isSession"`
	Secure                  bool    `json:"isSecure"`
	HTTPOnly                bool    `json:"isHttpOnly"`
	SameSite                int
	PartitionKey            string // as in (https,site.example)
}

// Cookies are all that the browser keeps, of every site and partition.
func (b *Browser) Cookies() (list []Cookie) {
	b.t.Helper()
	// A name has bytes for characters there.
	text := b.Chrome(`JSON.stringify(Services.cookies.cookies.map(c => ({name: decodeURIComponent(escape(c.name)),
		value: c.value, host: c.host, path: c.path, expires: c.expiry, isSession: c.isSession, isSecure: c.isSecure,
		isHttpOnly: c.isHttpOnly, sameSite: c.sameSite, partitionKey: c.originAttributes.partitionKey})))`)
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	return list
}

// ClearCookies makes the browser forget all cookies.
func (b *Browser) ClearCookies() {
	b.t.Helper()
	b.Chrome("Services.cookies.removeAll(), ''")
}
