package e2e_test

import (
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// standardHeaders are the names that browsers and caches know, as their standards write them, for what the program may
// say. A header that is misspelt protects nobody, so that what is not here must not be sent.
var standardHeaders = map[string]string{
	"Allow":                        "RFC 9110, 10.2.1",
	"Cache-Control":                "RFC 9111, 5.2",
	"Connection":                   "RFC 9110, 7.6.1",
	"Content-Length":               "RFC 9110, 8.6",
	"Content-Security-Policy":      "CSP Level 3, 3.1",
	"Content-Type":                 "RFC 9110, 8.3",
	"Cross-Origin-Opener-Policy":   "HTML, 7.1.3.1",
	"Cross-Origin-Resource-Policy": "Fetch, 3.7",
	"Date":                         "RFC 9110, 6.6.1",
	"Etag":                         "RFC 9110, 8.8.3",
	"Accept-Ch":                    "RFC 8942, 3.1",
	"Accept-Ranges":                "RFC 9110, 14.3",
	"Last-Modified":                "RFC 9110, 8.8.2",
	"Location":                     "RFC 9110, 10.2.2",
	"Referrer-Policy":              "Referrer Policy, 4.1",
	"Retry-After":                  "RFC 9110, 10.2.3",
	"Set-Cookie":                   "RFC 6265bis, 4.1",
	"Transfer-Encoding":            "RFC 9112, 6.1",
	"Vary":                         "RFC 9110, 12.5.5",
	"Www-Authenticate":             "RFC 9110, 11.6.1",
	"X-Content-Type-Options":       "Fetch, 3.6",
	"X-Frame-Options":              "HTML, 7.6.1",
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	ada, _ := signedIn(t, h)
	operator := newVisitor(t, h.console)
	link := strings.TrimPrefix(h.link, h.console)

	const page, api, asset = 1, 2, 3
	for _, c := range []struct {
		who    *visitor
		method string
		path   string
		kind   int
		status int
	}{
		{newVisitor(t, h.site), "GET", "/", page, 200},
		{newVisitor(t, h.site), "GET", "/login", page, 200},
		{newVisitor(t, h.site), "POST", "/login", page, 401},
		{newVisitor(t, h.site), "GET", "/account/", page, 303},
		{newVisitor(t, h.site), "GET", "/nothing", page, 404},
		{newVisitor(t, h.site), "POST", "/cart", page, 422},
		{newVisitor(t, h.site), "GET", "/assets/shop.css", asset, 200},
		{newVisitor(t, h.site), "GET", "/api/me", page, 200},
		{ada, "GET", "/", page, 200},
		{ada, "GET", "/account/", page, 200},
		{ada, "GET", "/api/me", page, 200},
		{operator, "GET", "/", page, 303},
		{operator, "GET", "/sign-in", page, 200},
		{operator, "POST", "/sign-in", page, 401},
		{operator, "GET", "/assets/console.js", asset, 200},
		{operator, "GET", "/nothing", page, 404},
		{operator, "GET", link, page, 200},
		{operator, "GET", link + "x", page, 200}, // signed in already
		{operator, "GET", "/", page, 200},
		{operator, "GET", "/?user=ada", page, 200},
		{operator, "GET", "/end-user?user=ada", page, 200},
		{operator, "GET", "/v1/sessions", api, 200},
		{newVisitor(t, h.console), "GET", "/v1/sessions", api, 401},
		{newVisitor(t, h.console), "GET", "/healthz", api, 200},
		{newVisitor(t, h.console), "POST", "/healthz", api, 405},
	} {
		a := c.who.do(c.method, c.path)
		name := c.method + " " + strings.TrimPrefix(c.who.base, "http://") + c.path
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d", name, a.status, c.status)
		}
		for header := range a.header {
			if standardHeaders[textproto.CanonicalMIMEHeaderKey(header)] == "" {
				t.Errorf("%s: no standard has the header %s", name, header)
			}
		}
		want := map[string]string{
			"Content-Security-Policy":      `^default-src 'none'; .*\bframe-ancestors 'none'`,
			"X-Content-Type-Options":       `^nosniff$`,
			"Referrer-Policy":              `^(no-referrer|same-origin)$`,
			"Cross-Origin-Opener-Policy":   `^same-origin$`,
			"Cross-Origin-Resource-Policy": `^same-origin$`,
			"Cache-Control":                `\bno-store\b`,
		}
		if c.kind == asset {
			want["Cache-Control"] = `^no-cache$`
		}
		if c.who.cookies[sessionCookie] == "" && c.who.base == h.site && c.kind == page {
			delete(want, "Cache-Control") // what everybody sees may be kept
		}
		for header, pattern := range want {
			if lines := a.header[header]; len(lines) != 1 || !regexp.MustCompile(pattern).MatchString(lines[0]) {
				t.Errorf("%s: %s is %q, want one that matches %s", name, header, lines, pattern)
			}
		}
		csp := a.header.Get("Content-Security-Policy")
		for _, weak := range []string{"unsafe-", "*", "data:", "http:", "https:", "blob:"} {
			if strings.Contains(csp, weak) {
				t.Errorf("%s: the policy allows %s: %s", name, weak, csp)
			}
		}
		if c.kind != asset && c.who == ada && !slices.Contains(a.header["Vary"], "Cookie") {
			t.Errorf("%s: Vary %q", name, a.header["Vary"])
		}
	}
}

// policyWords are the directives of CSP Level 3 and Trusted Types that a policy may consist of.
var policyWords = strings.Fields(`default-src script-src style-src img-src connect-src font-src object-src frame-src form-action
	frame-ancestors base-uri require-trusted-types-for trusted-types`)

func TestPoliciesAreSpelledRight(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	for _, base := range []string{h.site, h.console} {
		policy := newVisitor(t, base).get("/").header.Get("Content-Security-Policy")
		for directive := range strings.SplitSeq(policy, ";") {
			if word, _, _ := strings.Cut(strings.TrimSpace(directive), " "); !slices.Contains(policyWords, word) {
				t.Errorf("%s: no standard has the directive %q", base, word)
			}
		}
	}
}

// Every cookie that the program sets, to the letter (RFC 6265bis, 4.1.1).
func TestCookieLines(t *testing.T) {
	t.Parallel()
	const value = `[A-Za-z0-9_.~%-]+`
	for _, c := range []struct {
		name string
		do   func(h *program, v *visitor) answer
		want []string
	}{
		{"first thing in the cart", func(h *program, v *visitor) answer { return v.post("/cart", "item", "tea") },
			[]string{`__Host-session=1[A-Za-z0-9_-]{54}; Path=/; Secure; HttpOnly; SameSite=Lax`}},
		{"second thing", func(h *program, v *visitor) answer {
			v.post("/cart", "item", "tea")
			return v.post("/cart", "item", "tea")
		}, nil},
		{"sign-in", func(h *program, v *visitor) answer { return v.signIn("ada") },
			[]string{`__Host-session=1[A-Za-z0-9_-]{54}; Path=/; Secure; HttpOnly; SameSite=Lax`}},
		{"keep me signed in", func(h *program, v *visitor) answer {
			return v.post("/login", "user", "ada", "password", "lovelace", "remember", "on")
		}, []string{`__Host-session=1[A-Za-z0-9_-]{54}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax`}},
		{"sign-out", func(h *program, v *visitor) answer {
			v.signIn("ada")
			return v.post("/logout")
		}, []string{`__Host-session=; Expires=[^;]+ GMT; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax`}},
		{"theme", func(h *program, v *visitor) answer { return v.post("/theme", "theme", "dark") },
			[]string{`__Host-preferences=!theme:dark[.]; Max-Age=31536000; Path=/; Secure; HttpOnly; SameSite=Lax`}},
		{"consent", func(h *program, v *visitor) answer { return v.post("/consent/", "answer", "accept") },
			[]string{`__Host-consent=` + value + `; Max-Age=15552000; Path=/; Secure; HttpOnly; SameSite=Lax`}},
		{"the operator", func(h *program, v *visitor) answer {
			v.base = h.console
			return v.do(http.MethodGet, strings.TrimPrefix(h.link, h.console))
		}, []string{`__Host-coatcheck-console=1[A-Za-z0-9_-]{54}; Path=/; Secure; HttpOnly; SameSite=Strict`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, "demo")
			a := c.do(h, newVisitor(t, h.site))
			if len(a.cookies) != len(c.want) {
				t.Fatalf("Set-Cookie %q, want %d", a.cookies, len(c.want))
			}
			for i, line := range a.cookies {
				if !matchesInAnyOrder(line, c.want[i]) {
					t.Errorf("Set-Cookie: %s\nwant        %s", line, c.want[i])
				}
			}
		})
	}
}

// matchesInAnyOrder compares a line with a pattern: the pair first, then each attribute once, in any order.
func matchesInAnyOrder(line, pattern string) bool {
	parts, patterns := strings.Split(line, "; "), strings.Split(pattern, "; ")
	if len(parts) != len(patterns) || !regexp.MustCompile("^"+patterns[0]+"$").MatchString(parts[0]) {
		return false
	}
	for _, p := range patterns[1:] {
		whole := regexp.MustCompile("^" + p + "$")
		if !slices.ContainsFunc(parts[1:], whole.MatchString) {
			return false
		}
	}
	return true
}
