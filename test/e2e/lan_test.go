package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
)

// onLAN is an address of the program by a name that is not this machine's own.
func onLAN(address string) string { return strings.Replace(address, "//localhost", "//dev.lan", 1) }

func lanBrowser(t testing.TB) *browser.Browser {
	return browser.Start(t, browser.Options{HostRules: "MAP dev.lan 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE localhost"})
}

const overPlainHTTP = "session_cookie_over_plain_http"

// Over plain HTTP on a LAN name a browser drops a Secure cookie. Whoever signs in there is told, nothing is stored, and
// the log says once what helps.
//
// Rows: R20
func TestSignInOnALANName(t *testing.T) {
	t.Parallel()
	for name, start := range shops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			b := lanBrowser(t)
			site := onLAN(h.site)
			for range 2 {
				signIn(b, site, "ada", true)
				if text := browser.Eval[string](b, `document.body.innerText`); !strings.Contains(text, "--dev") {
					t.Errorf("the visitor is not told: %s", text)
				}
			}
			add(b, site, "tea")
			if text := b.Text("body"); name == "demo" && !strings.Contains(text, "--dev") {
				t.Errorf("the page does not say that nothing is kept: %s", text)
			}
			if n := h.rows(); n != 0 {
				t.Errorf("%d sessions that no browser comes back with", n)
			}
			log := h.Output()
			if n := strings.Count(log, overPlainHTTP); n != 1 || !strings.Contains(log, "dev.lan") {
				t.Errorf("%d warnings, want one that names the host: %s", n, log)
			}
			signIn(b, h.site, "ada", false)
			if got := askMe(b, h.site); !strings.Contains(got, `"user":"ada"`) {
				t.Errorf("on localhost nobody is signed in: %s", got)
			}
		})
	}
}

// askMe returns what /api/me says to the browser.
func askMe(b *browser.Browser, site string) string {
	b.Navigate(site + "/api/me")
	return strings.TrimSpace(browser.Eval[string](b, `document.body.innerText`))
}

// The console does not spend its link where the browser could not keep the cookie.
//
// Rows: R20
func TestConsoleOnALANName(t *testing.T) {
	t.Parallel()
	h := open(t, "demo", "--console-host", "dev.lan")
	b := lanBrowser(t)
	for range 2 {
		if status := b.Navigate(onLAN(h.link)); status != http.StatusForbidden {
			t.Errorf("the link answers %d, want 403", status)
		}
		if text := b.Text(".warning"); !strings.Contains(text, "--dev") {
			t.Errorf("the operator is not told: %s", text)
		}
	}
	b.Navigate(onLAN(h.console) + "/sign-in")
	b.Fill("#token", h.token)
	if status := b.Submit("main button"); status != http.StatusForbidden {
		t.Errorf("the token answers %d, want 403", status)
	}
	if text := b.Text(".warning"); !strings.Contains(text, "--dev") {
		t.Errorf("the operator is not told: %s", text)
	}
	if n := strings.Count(h.Output(), overPlainHTTP); n != 1 {
		t.Errorf("%d warnings, want one: %s", n, h.Output())
	}
	b.Navigate(h.link)
	b.AwaitText("h1", "live session")
}

// With --dev everything works on a LAN name: each page of the shops, and of the console, which says how unsafe that is.
//
// Rows: R20
func TestDevelopmentOnALANName(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *program{
		"demo": func(t testing.TB) *program { return open(t, "demo", "--dev", "--console-host", "dev.lan") },
		"python": func(t testing.TB) *program {
			return open(t, "serve", "--dev", "--console-host", "dev.lan", "--upstream", app(t, "python"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			b := lanBrowser(t)
			site := onLAN(h.site)
			add(b, site, "tea")
			signIn(b, site, "ada", true)
			if got, want := askMe(b, site), `{"user":"ada","cart":["tea"],`; !strings.HasPrefix(got, want) {
				t.Errorf("/api/me says %s, want %s", got, want)
			}
			c := b.Cookie("coatcheck-session")
			if c == nil || c.Secure || !c.HTTPOnly || c.Session {
				t.Errorf("the session's cookie: %+v", c)
			}
			if name == "demo" {
				developShop(t, b, site)
			}
			developConsole(t, b, h)
			signOut(b, site)
			if got := askMe(b, site); !strings.Contains(got, `"user":""`) {
				t.Errorf("after sign-out: %s", got)
			}
			log := h.Output()
			if strings.Contains(log, overPlainHTTP) || !strings.Contains(log, "--dev is for development") {
				t.Errorf("the log is not loud, or warns of what works: %s", log)
			}
		})
	}
}

// developShop visits what only the demo has.
func developShop(t *testing.T, b *browser.Browser, site string) {
	t.Helper()
	b.Navigate(site + "/")
	b.Submit(`form[action="/theme"] button[value=dark]`)
	if got := askMe(b, site); !strings.Contains(got, `"theme":"dark"`) {
		t.Errorf("the choice of colours is lost: %s", got)
	}
	b.Navigate(site + "/")
	b.Submit(`.consent-banner button[value=accept]`)
	b.Navigate(site + "/goods/tea")
	b.Navigate(site + "/")
	if !strings.Contains(b.Text(".recent"), "tea") {
		t.Error("what was looked at is not remembered")
	}
	for _, path := range []string{"/", "/cart", "/account/", "/goods/tea"} {
		b.Navigate(site + path)
		if !strings.Contains(b.Text(".warning"), "--dev") {
			t.Errorf("%s does not say that this is for development", path)
		}
	}
}

func developConsole(t *testing.T, b *browser.Browser, h *program) {
	t.Helper()
	console := onLAN(h.console)
	b.Navigate(onLAN(h.link))
	b.AwaitText("h1", "live session")
	for _, path := range []string{"/", "/?user=ada", "/end-user?user=ada", "/end-everybody", "/nothing"} {
		b.Navigate(console + path)
		if !strings.Contains(b.Text(".warning"), "--dev") {
			t.Errorf("%s of the console does not say that this is for development", path)
		}
	}
	b.Navigate(console + "/")
	b.Click(`form[action="/sign-out"] button`)
	b.AwaitText("h1", "Sign in behind the counter")
	b.Navigate(console + "/sign-in")
	b.Fill("#token", h.token)
	b.Submit("main button")
	b.AwaitText("h1", "live session")
	if c := b.Cookie("coatcheck-console"); c == nil || c.Secure {
		t.Errorf("the console's cookie: %+v", c)
	}
}
