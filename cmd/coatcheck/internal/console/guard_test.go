package console_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/store"
)

func TestPagesNeedSignIn(t *testing.T) {
	d := newDesk(t)
	id := d.start("ada", "", time.Minute)
	b := d.browser()
	for _, page := range []string{"/", "/?user=ada", "/end-user?user=ada", "/explain"} {
		got := b.get(page)
		got.wantRedirect(t, "/sign-in?return_to="+url.QueryEscape(page))
		if strings.Contains(got.body, "ada") && page == "/" {
			t.Errorf("%s tells: %s", page, got.body)
		}
	}
	b.get("/events", "Accept", "text/event-stream").want(t, 401)
	b.post("/end", url.Values{"handle": {id.String()}}).want(t, 401)
	b.post("/end-user", url.Values{"user": {"ada"}}).want(t, 401)
	b.post("/sign-out", nil).want(t, 401)
	b.do("DELETE", "/v1/sessions/"+id.String(), nil).want(t, 401)
	if !d.there(id) {
		t.Error("the session is gone")
	}
}

func TestOtherOriginsChangeNothing(t *testing.T) {
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"}, // such as the shop, on another port of the same host
		{"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		d := newDesk(t)
		id := d.start("ada", "", time.Minute)
		b := d.operator()
		form := url.Values{"handle": {id.String()}, "user": {"ada"}}
		for _, page := range []string{"/end", "/end-user", "/sign-out"} {
			b.post(page, form, header...).want(t, 403, "Another site asked your browser")
		}
		b.do("DELETE", "/v1/sessions/"+id.String(), nil, header...).want(t, 403, "cross_origin")
		b.do("DELETE", "/v1/users/ada/sessions", nil, header...).want(t, 403, "cross_origin")
		// A visitor must not be signed in as somebody else either (login CSRF).
		got := d.browser().post("/sign-in", url.Values{"token": {token}}, header...)
		got.want(t, 403)
		if len(got.Cookies()) != 0 {
			t.Error("signed in across origins")
		}
		if !d.there(id) {
			t.Errorf("%v ended the session", header)
		}
		b.get("/").want(t, 200)
	}
}

func TestGetChangesNothing(t *testing.T) {
	d := newDesk(t)
	id := d.start("ada", "", time.Minute)
	b := d.operator()
	b.get("/end?handle="+id.String()).want(t, 404)
	b.get("/sign-out").want(t, 404)
	b.get("/end-user?user=ada").want(t, 200, "End the session of", "<bdi>ada</bdi>?")
	if !d.there(id) {
		t.Error("a GET ended the session")
	}
	b.get("/").want(t, 200)
}

// The names and values are written out here: a slip in one place must not be repeated by the test.
func TestHeadersOfEveryAnswer(t *testing.T) {
	d := newDesk(t)
	d.start("ada", "", time.Minute)
	b := d.operator()
	answers := map[string]reply{
		"sign-in page":    d.browser().get("/sign-in"),
		"redirect":        d.browser().get("/"),
		"signed in":       d.browser().get(path(d.console.SignInLink())),
		"sessions":        b.get("/"),
		"question":        b.get("/end-user?user=ada"),
		"no such page":    b.get("/nowhere"),
		"stylesheet":      b.get("/assets/console.css"),
		"no such asset":   b.get("/assets/nothing.css"),
		"cross origin":    b.post("/sign-out", nil, "Sec-Fetch-Site", "cross-site"),
		"API":             b.get("/v1/sessions"),
		"API error":       d.browser().get("/v1/sessions"),
		"health":          b.get("/healthz"),
		"damaged address": b.get("/?after=x"),
	}
	for name, got := range answers {
		for header, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if v := got.Header.Get(header); v != want {
				t.Errorf("%s: %s is %q, want %q", name, header, v, want)
			}
		}
		csp := directives(got.Header.Get("Content-Security-Policy"))
		for directive, want := range map[string]string{
			"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
			"img-src":     "'self'",
			"form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'", "object-src": "'none'",
			"require-trusted-types-for": "'script'", "trusted-types": "'none'",
		} {
			if csp[directive] != want {
				t.Errorf("%s: directive %s is %q, want %q", name, directive, csp[directive], want)
			}
		}
		cached := got.Header.Get("Cache-Control")
		if wantStore := name == "stylesheet"; strings.Contains(cached, "no-store") == wantStore {
			t.Errorf("%s: Cache-Control %q", name, cached)
		}
		if cors := got.Header.Get("Access-Control-Allow-Origin"); cors != "" {
			t.Errorf("%s: other origins may read it: %q", name, cors)
		}
	}
}

func directives(policy string) map[string]string {
	all := make(map[string]string)
	for d := range strings.SplitSeq(policy, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), " ")
		all[name] = value
	}
	return all
}

func TestAPIBehindTheConsole(t *testing.T) {
	d := newDesk(t)
	id := d.start("ada", "", time.Minute)
	b := d.operator()
	b.get("/v1/sessions").want(t, 200, id.String())
	d.browser().get("/v1/sessions", "Authorization", "Bearer "+token).want(t, 200, id.String())
	d.browser().get("/healthz").want(t, 200, "ok\n")
	d.browser().get("/readyz").want(t, 200, "ok\n")
	b.get("/v1/nowhere").want(t, 404, `"code":"not_found"`)
	b.do("DELETE", "/v1/sessions/"+id.String(), nil, "Sec-Fetch-Site", "same-origin").want(t, 204)
	if d.there(id) {
		t.Error("the session is still there")
	}
}

func TestBodiesAreBounded(t *testing.T) {
	d := newDesk(t)
	b := d.operator()
	big := url.Values{"handle": {store.NewID().String()}, "user": {"ada"}, "token": {token},
		"more": {strings.Repeat("x", 1<<20)}}
	for _, page := range []string{"/end", "/end-user", "/sign-in"} {
		b.post(page, big).want(t, 400, "The form could not be read.")
	}
}

// A site that has its name lead to the console's address gets nothing from there, and its cookies are none of ours.
//
// Rows: A29
func TestOtherNamesHaveNoConsole(t *testing.T) {
	d := newDesk(t, func(o *console.Options) { o.Hosts = []string{"Console.Example"} })
	b := d.operator()
	_, port, _ := strings.Cut(strings.TrimPrefix(d.server.URL, "https://"), ":")
	at := func(host, path string, header ...string) int {
		return d.browser().statusAt(host, path, append(header, "Cookie", b.ticket())...)
	}
	for _, host := range []string{
		"localhost", "localhost:" + port, "LOCALHOST.", "console.localhost:1", "127.0.0.1", "[::1]:" + port,
		"192.0.2.7", "console.example", "console.example:443", "CONSOLE.example.",
	} {
		if got := at(host, "/"); got != 200 {
			t.Errorf("%s: %d", host, got)
		}
	}
	bearer := []string{"Authorization", "Bearer " + token}
	for _, host := range []string{"evil.example", "evil.example:" + port, "localhost.evil.example", "xlocalhost",
		"console.example.evil.example", "127.0.0.1.evil.example", "127.1.evil"} {
		for _, path := range []string{"/", "/sign-in", "/v1/sessions", "/metrics", "/events", "/assets/console.css"} {
			if got := at(host, path); got != 421 {
				t.Errorf("%s%s: %d", host, path, got)
			}
		}
		if got := at(host, "/", bearer...); got != 421 {
			t.Errorf("%s with a token: %d", host, got)
		}
		for _, path := range []string{"/healthz", "/readyz", "/v1/sessions", "/metrics"} {
			if got := at(host, path, bearer...); got != 200 {
				t.Errorf("%s%s with a token: %d", host, path, got)
			}
		}
	}
}
