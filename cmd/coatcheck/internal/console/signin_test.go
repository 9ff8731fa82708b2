package console_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/store/memory"
)

func TestLinkSignsInOnce(t *testing.T) {
	d := newDesk(t)
	link := path(d.console.SignInLink())
	b := d.browser()
	got := b.get(link)
	// A redirect would go without the cookie where another site opened the link.
	got.want(t, 200, `<meta http-equiv="refresh" content="0; url=/">`, `<a href="/">`)
	cookies := got.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies, want 1", len(cookies))
	}
	c := cookies[0]
	if c.Name != "__Host-coatcheck-console" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode ||
		c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %v", c)
	}
	b.get("/").want(t, 200, "live sessions")

	thief := d.browser()
	thief.get(link).want(t, 410, "This link has already been used", "coatcheck operators link operator")
	thief.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
	b.get(link).want(t, 200, "You are signed in") // again in the browser that it was used in
}

func TestLinkIsGoodForOneOfMany(t *testing.T) {
	d := newDesk(t)
	link := path(d.console.SignInLink())
	var good atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if d.browser().get(link).StatusCode == 200 {
				good.Add(1)
			}
		})
	}
	all.Wait()
	if good.Load() != 1 {
		t.Errorf("%d browsers got in", good.Load())
	}
}

func TestLinkIsNotUsedUpByLookingAhead(t *testing.T) {
	d := newDesk(t)
	link := path(d.console.SignInLink())
	b := d.browser()
	if got := b.do("HEAD", link, nil); len(got.Cookies()) != 0 {
		t.Error("HEAD signed somebody in")
	}
	for _, header := range [][2]string{
		{"Sec-Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"},
		{"X-Purpose", "preview"},
		{"X-Moz", "prefetch"},
	} {
		if got := b.get(link, header[0], header[1]); got.StatusCode != 503 || len(got.Cookies()) != 0 {
			t.Errorf("%s: %d, %v", header, got.StatusCode, got.Cookies())
		}
	}
	b.get(link).want(t, 200, "You are signed in")
}

func TestLinkThatIsNotKnown(t *testing.T) {
	d := newDesk(t)
	for _, secret := range []string{"x", strings.Repeat("A", 32), strings.Repeat("A", 4000), "%00", "%ff"} {
		got := d.browser().get("/sign-in?link=" + secret)
		got.want(t, 410, "This link is unknown", "coatcheck operators link operator")
		if len(got.Cookies()) != 0 {
			t.Errorf("%q: a cookie came with it", secret)
		}
	}
}

func TestLinksDiffer(t *testing.T) {
	d := newDesk(t)
	one, other := d.console.SignInLink(), d.console.SignInLink()
	if one == other {
		t.Error("the same link twice")
	}
	begin := d.server.URL + "/sign-in?link="
	if !strings.HasPrefix(one, begin) || len(one) != len(begin)+32 {
		t.Errorf("%q is not %q and 192 bits in base64", one, begin)
	}
	d.browser().get(path(other)).want(t, 200)
	d.browser().get(path(one)).want(t, 200)
}

func TestToken(t *testing.T) {
	for _, c := range []struct {
		name, set, given string
		good             bool
	}{
		{"the token", token, token, true},
		{"pasted with a line end", token, " " + token + "\r\n", true},
		{"another", token, "guess", false},
		{"a part", token, token[:8], false},
		{"nothing", token, "", false},
		{"none is set", "", "", false},
		{"none is set, one is given", "", "guess", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, func(o *console.Options) { o.Token = c.set })
			b := d.browser()
			got := b.post("/sign-in", url.Values{"token": {c.given}, "return_to": {"/?user=ada"}})
			if c.good {
				got.wantRedirect(t, "/?user=ada")
				b.get("/").want(t, 200)
				return
			}
			got.want(t, 401, "That is not the token.")
			if len(got.Cookies()) != 0 {
				t.Error("a cookie came with it")
			}
			b.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
		})
	}
}

func TestNoTokenNoForm(t *testing.T) {
	d := newDesk(t, func(o *console.Options) { o.Token = "" })
	got := d.browser().get("/sign-in")
	got.want(t, 200, "coatcheck operators link operator")
	if strings.Contains(got.body, "<form") {
		t.Error("it asks for a token that nobody has")
	}
}

// Wherever a form may lead, it leads to this site (ASVS 3.7.2).
func TestReturnStaysHere(t *testing.T) {
	d := newDesk(t)
	for _, to := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "/\t/evil.example",
		"javascript:alert(1)",
		"evil.example", "http:evil.example", "", "/\r\nSet-Cookie: a=b",
	} {
		b := d.browser()
		b.post("/sign-in", url.Values{"token": {token}, "return_to": {to}}).wantRedirect(t, "/")
		b.get("/sign-in?return_to="+url.QueryEscape(to)).wantRedirect(t, "/")
		id := d.start("ada", "", 0)
		b.post("/end", url.Values{"handle": {id.String()}, "return_to": {to}}).wantRedirect(t, "/")
		b.post("/end-user", url.Values{"user": {"ada"}, "return_to": {to}}).wantRedirect(t, "/")
		got := d.browser().get("/sign-in?return_to=" + url.QueryEscape(to))
		got.want(t, 200, `name="return_to" value="/"`)
	}
}

func TestSignOut(t *testing.T) {
	d := newDesk(t)
	b := d.operator()
	copied := d.browser()
	u, _ := url.Parse(d.server.URL)
	copied.client.Jar.SetCookies(u, b.client.Jar.Cookies(u))
	copied.get("/").want(t, 200)

	b.post("/sign-out", nil).wantRedirect(t, "/sign-in")
	b.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
	copied.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
}

func TestSecretsAreNotLogged(t *testing.T) {
	var log syncBuffer
	d := newDesk(t, func(o *console.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	link := d.console.SignInLink()
	secret := link[strings.Index(link, "link=")+len("link="):]
	b := d.browser()
	b.get(path(link))
	d.browser().get(path(link))
	d.browser().post("/sign-in", url.Values{"token": {"a-wrong-token"}})
	d.browser().get("/", "Cookie", b.ticket())
	d.browser().get("/v1/sessions", "Authorization", "Bearer "+token)
	b.post("/sign-out", nil)
	d.console.Close() // the observers have been told

	text := log.String()
	for _, bad := range []string{secret, "a-wrong-token", token,
		strings.TrimPrefix(b.ticket(), "__Host-coatcheck-console=1")[22:]} {
		if strings.Contains(text, bad) {
			t.Errorf("the log has %q: %s", bad, text)
		}
	}
	for _, want := range []string{
		"authn_login_success", "authn_login_fail", "session_logout", "level=WARN msg=operator_signed_in",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s: %s", want, text)
		}
	}
}

// ticket is the browser's cookie, as a request has it.
func (b browser) ticket() string {
	u, _ := url.Parse(b.server.URL)
	for _, c := range b.client.Jar.Cookies(u) {
		return c.Name + "=" + c.Value
	}
	return strings.Repeat("-", 100)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestAddressThatKeepsNoCookies(t *testing.T) {
	for base, warns := range map[string]bool{
		"http://localhost:8081": false, "http://console.localhost:8081": false, "http://127.0.0.1:8081": false,
		"http://[::1]:8081":           false,
		"https://console.example.org": false, "http://192.0.2.1:8081": true, "http://console.example.org": true,
		"": true,
	} {
		var log syncBuffer
		console.New(console.Options{Feed: memory.New(), BaseURL: base,
			Log: slog.New(slog.NewTextHandler(&log, nil))}).Close()
		if warned := strings.Contains(log.String(), "use https"); warned != warns {
			t.Errorf("%q: warned %v, want %v", base, warned, warns)
		}
	}
}
