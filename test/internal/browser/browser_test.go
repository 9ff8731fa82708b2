package browser_test

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/failing"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp/kb"
)

// site is a small site with everything that the harness has a method for.
func site(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		name := "nobody"
		if c, err := r.Cookie("name"); err == nil {
			name = c.Value
		}
		fmt.Fprintf(w, page, name)
	})
	mux.HandleFunc("GET /script.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, script)
	})
	mux.HandleFunc("POST /name", func(w http.ResponseWriter, r *http.Request) {
		set := http.Cookie{Name: "name", Value: r.FormValue("name"), Path: "/",
			HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
		http.SetCookie(w, &set)
		kept := set
		kept.Name, kept.MaxAge = "kept", 3600
		http.SetCookie(w, &kept)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	// Browsers take localhost for a secure place, where Secure cookies are kept.
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

const page = `<!doctype html><title>A site</title>
<style>
	body { background: rgb(255, 255, 255); height: 3000px }
	@media (prefers-color-scheme: dark) { body { background: rgb(0, 0, 0) } }
</style>
<h1>Hello, %s</h1>
<form method="post" action="/name"><input name="name" value="old"><button>Go</button></form>
<button id="grow">Grow</button> <ul></ul>
<a id="gone" href="/gone">Gone</a>
<script src="/script.js"></script>
<script>document.title = "an inline script ran"</script>`

const script = `document.querySelector("#grow").addEventListener("click", () => setTimeout(() => {
	const item = document.createElement("li")
	item.textContent = "item " + (document.querySelectorAll("li").length + 1)
	document.querySelector("ul").append(item)
	console.error("grown", item.textContent)
	throw new Error("too big")
}, 50))`

func TestVisit(t *testing.T) {
	t.Parallel()
	url := site(t)
	b := browser.Start(t, browser.Options{})
	if status := b.Navigate(url + "/"); status != http.StatusOK {
		t.Errorf("status %d, want 200", status)
	}
	if got := b.Text("h1"); got != "Hello, nobody" {
		t.Errorf("heading %q", got)
	}
	for _, value := range []string{`ada "L" <lovelace>`, "", "ada"} {
		b.Fill("input[name=name]", value)
		if got := browser.Eval[string](b, `document.querySelector("input").value`); got != value {
			t.Errorf("the field holds %q, want %q", got, value)
		}
	}
	if status := b.Submit("form button"); status != http.StatusOK {
		t.Errorf("status after the redirect %d, want 200", status)
	}
	if got := b.Text("h1"); got != "Hello, ada" {
		t.Errorf("heading %q, want the name that was sent", got)
	}
	if got := b.Location(); got != url+"/" {
		t.Errorf("location %q, want %q", got, url+"/")
	}
	if status := b.Submit("#gone"); status != http.StatusNotFound {
		t.Errorf("status %d of a page that is not there, want 404", status)
	}
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	url := site(t)
	b := browser.Start(t, browser.Options{})
	b.Navigate(url + "/")
	b.Press(kb.Tab)
	b.Press(kb.End + "er")
	b.Press(kb.Tab)
	if status := b.Enter(); status != http.StatusOK {
		t.Errorf("status %d, want 200", status)
	}
	if got := b.Text("h1"); got != "Hello, older" {
		t.Errorf("heading %q, want what was typed", got)
	}
}

func TestPageThatChanges(t *testing.T) {
	t.Parallel()
	b := browser.Start(t, browser.Options{})
	b.Navigate(site(t) + "/")
	b.AwaitCount("li", 0)
	b.Click("#grow")
	b.AwaitText("li", "item 1")
	b.Click("#grow")
	b.AwaitCount("li", 2)
	if got, want := b.Texts("li"), []string{"item 1", "item 2"}; !slices.Equal(got, want) {
		t.Errorf("texts %q, want %q", got, want)
	}
	if got := browser.Eval[int](b, `fetch("/gone").then(answer => answer.status)`); got != http.StatusNotFound {
		t.Errorf("value of a promise %d, want 404", got)
	}
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	b := browser.Start(t, browser.Options{})
	b.Navigate(site(t) + "/")
	b.Click("#grow")
	b.AwaitCount("li", 1)
	b.Navigate(site(t) + "/gone")
	said := strings.Join(b.Complaints(), "\n")
	for _, want := range []string{"Content Security Policy", "grown", "item 1", "too big", "404"} {
		if !strings.Contains(said, want) {
			t.Errorf("complaints lack %q:\n%s", want, said)
		}
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	url := site(t)
	b := browser.Start(t, browser.Options{})
	b.Navigate(url + "/")
	b.Fill("input[name=name]", "ada")
	b.Submit("form button")

	c := b.Cookie("name")
	if c == nil {
		t.Fatal("the browser keeps no cookie")
	}
	if c.Value != "ada" || !c.HTTPOnly || !c.Secure || !c.Session || c.Path != "/" ||
		c.SameSite != network.CookieSameSiteLax || c.Domain != "localhost" {
		t.Errorf("kept %+v", c)
	}
	if got := browser.Eval[string](b, "document.cookie"); got != "" {
		t.Errorf("script sees %q", got)
	}
	if got := b.Cookie("other"); got != nil {
		t.Errorf("a cookie that was never set: %+v", got)
	}
	if got := len(b.Cookies()); got != 2 {
		t.Errorf("%d cookies, want 2", got)
	}

	other := browser.Start(t, browser.Options{})
	other.Navigate(url + "/")
	if got := other.Text("h1"); got != "Hello, nobody" {
		t.Errorf("another browser sees %q, want a profile of its own", got)
	}

	b.Restart()
	b.Navigate(url + "/")
	if b.Cookie("kept") == nil {
		t.Error("a persistent cookie is gone after the restart")
	}
	if b.Cookie("name") != nil {
		t.Error("a session cookie is still there after the restart")
	}
}

func TestScreenshot(t *testing.T) {
	t.Parallel()
	b := browser.Start(t, browser.Options{})
	b.Navigate(site(t) + "/")
	for _, c := range []struct {
		name          string
		shot          browser.Shot
		width, height int
		corner        uint32 // red of the last pixel, which shows the background
	}{
		{"default", browser.Shot{}, 1280, 800, 0xffff},
		{"dark phone", browser.Shot{Width: 390, Height: 844, Scale: 2, Dark: true}, 780, 1688, 0},
		{"light again", browser.Shot{Width: 400, Height: 300}, 400, 300, 0xffff},
		{"full page", browser.Shot{Width: 400, Height: 300, Dark: true, FullPage: true}, 400, 3016, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "page.png")
			b.Screenshot(file, c.shot)
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			img, err := png.Decode(f)
			if err != nil {
				t.Fatal(err)
			}
			if size := img.Bounds().Size(); size.X != c.width || abs(size.Y-c.height) > 50 {
				t.Errorf("size %v, want %d by about %d", size, c.width, c.height)
			}
			last := img.Bounds().Max
			if red, _, _, _ := img.At(last.X-1, last.Y-1).RGBA(); red != c.corner {
				t.Errorf("last pixel %x, want %x", red, c.corner)
			}
		})
	}
}

func abs(n int) int { return max(n, -n) }

func TestHostRules(t *testing.T) {
	t.Parallel()
	url := site(t)
	b := browser.Start(t, browser.Options{HostRules: "MAP shop.localtest 127.0.0.1"})
	b.Navigate(strings.Replace(url, "localhost", "shop.localtest", 1) + "/")
	if got := b.Text("h1"); got != "Hello, nobody" {
		t.Errorf("heading %q", got)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	b := browser.Start(t,
		browser.Options{Flags: map[string]string{"user-agent": "a browser of ours", "mute-audio": ""}})
	b.Navigate(site(t) + "/")
	if got := browser.Eval[string](b, "navigator.userAgent"); got != "a browser of ours" {
		t.Errorf("user agent %q", got)
	}
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	b := browser.Start(t, browser.Options{Preferences: `{"intl": {"selected_languages": "eo"}}`})
	b.Navigate(site(t) + "/")
	if got := browser.Eval[string](b, "navigator.language"); got != "eo" {
		t.Errorf("the language is %q, want the preferred one", got)
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	url := site(t)
	b := browser.Start(t, browser.Options{})
	b.Navigate(url + "/")
	if status := b.Leave("location.href = '/gone'"); status != http.StatusNotFound || b.Location() != url+"/gone" {
		t.Errorf("status %d at %s, want 404 at /gone", status, b.Location())
	}
}

func TestClearCookies(t *testing.T) {
	t.Parallel()
	b := browser.Start(t, browser.Options{})
	b.Navigate(site(t) + "/")
	b.Submit("form button")
	if len(b.Cookies()) != 2 {
		t.Fatalf("there are %d cookies, want 2", len(b.Cookies()))
	}
	b.ClearCookies()
	if len(b.Cookies()) != 0 {
		t.Errorf("%d cookies are left", len(b.Cookies()))
	}
}

func TestNoProcessStays(t *testing.T) {
	t.Parallel()
	var profile string
	t.Run("inner", func(t *testing.T) {
		b := browser.Start(t, browser.Options{})
		b.Navigate(site(t) + "/")
		profile = b.Profile()
		if len(browser.UsersOf(profile)) < 2 {
			t.Error("the browser has no processes, so this test sees nothing")
		}
	})
	if left := browser.UsersOf(profile); len(left) != 0 {
		t.Errorf("processes %v outlived the test", left)
	}
}

func TestFailuresAreTold(t *testing.T) {
	url := site(t)
	for _, c := range []struct {
		name string
		do   func(*browser.Browser)
		want []string
	}{
		{"no such element", func(b *browser.Browser) { b.Click("#nowhere") },
			[]string{"click #nowhere", url, "Hello, nobody"}},
		{"text that never comes", func(b *browser.Browser) { b.AwaitText("h1", "Goodbye") },
			[]string{"h1 to say Goodbye"}},
		{"wrong count", func(b *browser.Browser) { b.AwaitCount("h1", 2) }, []string{"number of h1"}},
		{"exception", func(b *browser.Browser) {
			browser.Eval[int](b, "no.such.thing")
		}, []string{"no is not defined"}},
		{"outside", func(b *browser.Browser) { b.Navigate("http://example.com/") },
			[]string{"example.com", "ERR_NAME_NOT_RESOLVED"}},
		{"address outside", func(b *browser.Browser) {
			b.Navigate("http://192.0.2.1/")
		}, []string{"192.0.2.1", "ERR_"}},
		{"nobody listens", func(b *browser.Browser) { b.Navigate("http://127.0.0.1:1/") }, []string{"ERR_"}},
		{"click leads nowhere", func(b *browser.Browser) { b.Submit("#grow") }, []string{"submit #grow"}},
		{"closed", func(b *browser.Browser) { b.Close(); b.Text("h1") }, []string{"the browser is closed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := failing.Run(t, func(tb testing.TB) {
				b := browser.Start(tb, browser.Options{})
				b.Navigate(url + "/")
				b.SetTimeout(time.Second)
				c.do(b)
			})
			if !v.Failed {
				t.Error("the test passed")
			}
			for _, want := range c.want {
				if !strings.Contains(v.Said, want) {
					t.Errorf("the failed test said %q, want %q in it", v.Said, want)
				}
			}
		})
	}
}
