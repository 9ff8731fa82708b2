// Package webkit drives a real WebKitGTK in tests, over WebDriver.
//
// [Start] gives a MiniBrowser on a display of its own that nobody sees; its methods do what a visitor does and end the
// test when that cannot be done. The browser reaches nothing but the proxy that the test names. It is closed when the
// test ends. Without WebKitGTK's driver, or without Xvfb, the test is skipped, or fails with CI=true.
package webkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"coatcheck.dev/test/internal/tool"
)

// timeout bounds each action; it is far more than any needs on a busy machine.
const timeout = 90 * time.Second

// A Browser is one visitor's browser with one tab. It belongs to the goroutine of the test that started it.
type Browser struct {
	t       testing.TB
	Version string // such as 2.50.6
	driver  string // the URL of the driver
	session string // the URL of the session
}

// Start starts a browser that asks the HTTP proxy at an address, host:port, for everything. It takes any certificate.
func Start(t testing.TB, proxy string) *Browser {
	t.Helper()
	driver := tool.Find(t, "WebKitWebDriver")
	browsers, _ := filepath.Glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser") // the pattern is sound
	if len(browsers) == 0 {
		browsers = []string{tool.Find(t, "MiniBrowser")}
	}
	home := t.TempDir()
	environment := append(os.Environ(), "DISPLAY="+display(t), "HOME="+home, "XDG_RUNTIME_DIR="+home,
		"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1", "WEBKIT_DISABLE_COMPOSITING_MODE=1", "GDK_BACKEND=x11",
		"LIBGL_ALWAYS_SOFTWARE=1", "NO_AT_BRIDGE=1")

	// The browser comes first: a driver that starts it itself waits for ever for one that did not come up.
	target, port := freeAddress(t), freeAddress(t)
	start(t, "MiniBrowser", append(environment, "WEBKIT_INSPECTOR_SERVER="+target), nil, browsers[0], "--automation",
		// The driver itself would speak TLS to the proxy for pages by https.
		"--ignore-tls-errors", "--proxy=http://"+proxy, "--cookies-policy=always").await(target)
	_, number, _ := net.SplitHostPort(port) // it has one
	start(t, "WebKitWebDriver", environment, nil, driver, "--port="+number, "--target="+target).await(port)

	b := &Browser{t: t, driver: "http://" + port}
	var session struct {
		SessionID    string
		Capabilities struct{ BrowserVersion string }
	}
	b.call(http.MethodPost, b.driver+"/session", object{"capabilities": object{"alwaysMatch": object{
		"acceptInsecureCerts": true,
	}}}, &session)
	b.session, b.Version = b.driver+"/session/"+session.SessionID, session.Capabilities.BrowserVersion
	t.Cleanup(func() { b.call(http.MethodDelete, b.session, nil, nil) })
	return b
}

type object map[string]any

// call makes a request to the driver and reads the value of its answer.
func (b *Browser) call(method, url string, body, value any) {
	b.t.Helper()
	if err := b.try(method, url, body, value); err != nil {
		b.t.Fatalf("%s %s: %v", method, url, err)
	}
}

func (b *Browser) try(method, url string, body, value any) error {
	text := []byte{}
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	client := http.Client{Timeout: timeout}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d, %w: %s", answer.StatusCode, err, text)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(text, &struct{ Value any }{value})
}

// Navigate goes to an address as if it had been typed in, and waits until the page is loaded.
func (b *Browser) Navigate(url string) {
	b.t.Helper()
	b.call(http.MethodPost, b.session+"/url", object{"url": url}, nil)
}

// URL is that of the page.
func (b *Browser) URL() (url string) {
	b.t.Helper()
	b.call(http.MethodGet, b.session+"/url", nil, &url)
	return url
}

// Leave runs JavaScript that leads to another page, and waits until that is loaded: the mark of this one is gone.
func (b *Browser) Leave(script string) {
	b.t.Helper()
	b.Eval("window.old = true; setTimeout(() => {" + script + "}, 0)")
	for deadline := time.Now().Add(timeout); ; time.Sleep(5 * time.Millisecond) {
		var done any // an error is a page that goes
		err := b.try(http.MethodPost, b.session+"/execute/sync", object{"args": []any{},
			"script": "return !window.old && document.readyState == 'complete' ? 'yes' : ''"}, &done)
		if err == nil && done == "yes" {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("leave by %s: the page stays", script)
		}
	}
}

// Eval runs JavaScript in the page, as the body of a function, and returns what it returns: a string.
func (b *Browser) Eval(script string) string {
	b.t.Helper()
	var value any
	b.call(http.MethodPost, b.session+"/execute/sync", object{"script": script, "args": []any{}}, &value)
	text, _ := value.(string)
	return text
}

// A Cookie is one that the page has.
type Cookie struct {
	Name, Value, Domain, Path string
	Expiry                    *int64 // seconds after 1970; nil is a session cookie
	Secure, HTTPOnly          bool
	SameSite                  string
}

// Cookies are those for the page.
func (b *Browser) Cookies() (list []Cookie) {
	b.t.Helper()
	b.call(http.MethodGet, b.session+"/cookie", nil, &list)
	return list
}

// ClearCookies makes the browser forget the cookies of the page's host, on every path. The driver does not wait until
// it has. But what the browser is asked next it answers afterwards.
func (b *Browser) ClearCookies() {
	b.t.Helper()
	b.call(http.MethodDelete, b.session+"/cookie", nil, nil)
	for deadline := time.Now().Add(timeout); len(b.Cookies()) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal("the cookies of the page stay")
		}
	}
}
