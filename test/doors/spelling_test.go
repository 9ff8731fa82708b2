package doors

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
)

// spellings are targets that some server may take for the closed page.
var spellings = []string{
	"/account#", "/account#x", "/account#/../static/a", "/static/#/../../account", "/account%23", "/account%3f",
	"/account;x", "/account/", "/account/.", "/account/x/..", "/account%2f", "/account%00", "/account%20", "/account\\",
	"/%61ccount", "/%2561ccount", "/ACCOUNT", "/./account", "/%2e/account", "/.%2faccount", "//account", "///account",
	"/;/account", "/x/../account", "/static/../account", "/static/..%2faccount", "/static/%2e%2e/account",
	"/static/..;/account", "/static\\..\\account", "/static/%5c..%5caccount", "http://evil.example/account",
	"http://evil.example/static/../account", "https://evil.example/account", "account", "*", "?/account",
}

// spelt asks for the closed page as a visitor, in other spellings and by other methods.
func spelt(t *testing.T, d *column) {
	v := d.browser(t)
	for _, target := range append(spellings, "http://"+d.addr+"/account") {
		for _, method := range []string{"GET", "POST", "PROPFIND"} {
			r := v.do(method, target, "HTTP/1.1", "Content-Length: 0")
			if r.report != nil && closedPage(r.report.Target) {
				t.Errorf("%s %s: %d, and the app got %s", method, target, r.status, r.report.Target)
			}
		}
	}
	ada := d.signedIn(t, "ada")
	for _, method := range []string{"PUT", "DELETE", "OPTIONS", "QUERY", "M-SEARCH", "BREW"} {
		if r := v.do(method, "/account", "HTTP/1.1", "Content-Length: 0"); r.status != http.StatusUnauthorized {
			t.Errorf("%s as a visitor: %d", method, r.status)
		}
		if r := ada.do(method, "/account", "HTTP/1.1", "Content-Length: 0"); r.status != http.StatusOK {
			t.Errorf("%s as ada: %d", method, r.status)
		}
	}
}

// closedPage reports whether an app might take a target for the closed page, which it was not asked about then.
func closedPage(target string) bool {
	if _, after, whole := strings.Cut(target, "://"); whole {
		_, after, _ = strings.Cut(after, "/")
		target = "/" + after
	}
	p := target
	if end := strings.IndexAny(p, "#?"); end >= 0 {
		p = p[:end]
	}
	if plain, err := url.PathUnescape(p); err == nil {
		p = plain
	}
	return strings.EqualFold(path.Clean("/"+strings.ReplaceAll(p, `\`, "/")), "/account")
}

// large sends what some server on the way may have no room for. It is answered, and the door stays.
func large(t *testing.T, d *column) {
	ada, page := d.signedIn(t, "ada"), []string{"Accept: text/html", "Sec-Fetch-Mode: navigate"}
	for _, n := range []int{1000, 10_000, 20_000} {
		target := "/account?q=" + strings.Repeat("%2f", n/3)
		r := d.browser(t).get(target, page...)
		if to := r.location(); r.status != http.StatusSeeOther || !strings.HasPrefix(to, "/.echo/sign-in") ||
			len(to) > 8<<10 {
			t.Errorf("%d bytes as a visitor: %d to %.50q, of %d bytes", n, r.status, to, len(to))
		}
		if r := ada.get(target, page...); r.status != http.StatusOK {
			t.Errorf("%d bytes as ada: %d", n, r.status)
		}
	}
	for _, n := range []int{40, 80, 92} {
		lines := slices.Repeat([]string{"X-Many: 1"}, n)
		if r := ada.get("/account", lines...); r.status != http.StatusOK && (n <= 80 || r.status/100 != 4) {
			t.Errorf("%d headers: %d", n, r.status)
		}
		for i := range lines {
			lines[i] = fmt.Sprintf("X-Many-%d: 1", i)
		}
		if r := ada.get("/account", lines...); r.status != http.StatusOK && (n <= 80 || r.status/100 != 4) {
			t.Errorf("%d headers of other names: %d", n, r.status)
		}
	}
}

// ways has a client say, through a proxy, where it comes from and where it is. To the gate this machine is a trusted
// proxy, which may say so.
func ways(t *testing.T, d *column) {
	if d.proxy == nil {
		t.Skip("the gate takes this machine's word")
	}
	for _, lines := range [][]string{
		{"X-Forwarded-For: 192.0.2.66", "X-Real-Ip: 192.0.2.66", "Forwarded: for=192.0.2.66"},
		{"X-Forwarded-For: 192.0.2.66", "X-Forwarded-For: 192.0.2.66"},
		{"X-Forwarded-Host: evil.example", "X-Forwarded-Host: evil.example"},
		{"X-Forwarded-Port: 66666"},
		{"X-Forwarded-For: 192.0.2.66", "Connection: close, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto"},
		{"X-Original-Uri: /static/", "X-Original-Method: OPTIONS", "X-Forwarded-Uri: /static/"},
	} {
		r := d.browser(t).get("/", lines...)
		if r.report == nil {
			t.Errorf("%q: %d %s", lines, r.status, r.body)
			continue
		}
		for _, l := range r.report.Header {
			for _, word := range []string{"192.0.2.66", "evil.example", "66666", "/static/", "OPTIONS"} {
				if strings.Contains(l.Value, word) {
					t.Errorf("%q: the app is told %s: %s", lines, l.Name, l.Value)
				}
			}
		}
		if r := d.browser(t).get("/account", lines...); r.status != http.StatusUnauthorized {
			t.Errorf("%q: the closed page is answered %d", lines, r.status)
		}
	}
}
