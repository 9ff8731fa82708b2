package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/tool"
)

// A curler is a visitor who uses curl and keeps cookies in one of its jars.
type curler struct {
	t    testing.TB
	curl string
	jar  string
	site string
	says []string // of itself, in every request
}

func newCurler(t testing.TB, site string) *curler {
	t.Helper()
	own := []string{"--header", "Sec-Fetch-Site: none"} // no page has made curl send this
	return &curler{t, tool.Find(t, "curl"), filepath.Join(t.TempDir(), "jar"), site, own}
}

// ask runs curl once and returns the body, the status and the path that the answer leads to.
func (c *curler) ask(method, path string, more ...string) (body string, status string, leads string) {
	c.t.Helper()
	args := []string{"--disable", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*",
		"--cookie", c.jar, "--cookie-jar", c.jar, "--write-out", "\n%{http_code} %{redirect_url}", "--request", method}
	cmd := exec.Command(c.curl, slices.Concat(args, c.says, more, []string{c.site + path})...)
	cmd.Stderr = c.t.Output()
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	text := string(out)
	i := strings.LastIndexByte(text, '\n')
	status, leads, _ = strings.Cut(text[i+1:], " ")
	return text[:i], status, strings.TrimPrefix(leads, c.site)
}

// post sends a form.
func (c *curler) post(path string, fields ...string) (status, leads string) {
	c.t.Helper()
	var form []string
	for i := 0; i < len(fields); i += 2 {
		form = append(form, "--data-urlencode", fields[i]+"="+fields[i+1])
	}
	if form == nil {
		form = []string{"--data", ""}
	}
	_, status, leads = c.ask(http.MethodPost, path, form...)
	return status, leads
}

// is checks what /api/me says, whatever spaces and escapes it says it with.
func (c *curler) is(want me) {
	c.t.Helper()
	body, status, _ := c.ask(http.MethodGet, "/api/me")
	var got me
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil || status != "200" || !reflect.DeepEqual(got, want) {
		c.t.Errorf("/api/me: %v, %s %s, want %s", err, status, body, want)
	}
}

// ticket is the session cookie's value in the jar, "" if there is none.
func (c *curler) ticket() string {
	c.t.Helper()
	text, err := os.ReadFile(c.jar)
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		// domain, whether for its subdomains, path, whether Secure, expiry, name, value
		field := strings.Split(strings.TrimSpace(line), "\t")
		if len(field) != 7 || field[5] != sessionCookie {
			continue
		}
		if field[0] != "#HttpOnly_localhost" || field[1] != "FALSE" || field[2] != "/" || field[3] != "TRUE" {
			c.t.Errorf("curl keeps the ticket as %q; want it HttpOnly, for the host alone, for all paths, Secure", line)
		}
		return field[6]
	}
	return ""
}

// The visit by curl, step by step the same in each of the three shops.
func TestVisitByCurl(t *testing.T) {
	t.Parallel()
	for name, start := range shops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			one, two, operator := newCurler(t, h.site), newCurler(t, h.site), newCurler(t, h.console)
			bearer := []string{"--header", "Authorization: Bearer " + h.token}

			one.is(nobody)
			one.post("/cart", "item", "tea")
			one.post("/cart", "item", "thé & <honey>")
			anonymous := one.ticket()
			one.is(me{"", []string{"tea", "thé & <honey>"}, "light"})

			one.post("/login", "user", "ada", "password", "lovelace")
			first := one.ticket()
			if first == "" || first == anonymous {
				t.Errorf("sign-in kept the ticket %q", first)
			}
			ada := me{"ada", []string{"tea", "thé & <honey>"}, "light"}
			one.is(ada)
			dead(t, h, anonymous)

			two.post("/login", "user", "ada", "password", "lovelace", "remember", "on")
			second := two.ticket()
			two.post("/theme", "theme", "dark")
			two.is(me{"ada", []string{}, "dark"})

			list, status, _ := operator.ask(http.MethodGet, "/v1/sessions?user=ada", bearer...)
			for _, ticket := range []string{first, second} {
				if status != "200" || !strings.Contains(list, `"handle":"`+handle(ticket)+`"`) ||
					strings.Contains(list, ticket[23:]) {
					t.Errorf("%s: the list shows not both, or a secret: %s", status, list)
				}
			}
			if body, status, _ := operator.ask(http.MethodDelete, "/v1/sessions/"+handle(second),
				bearer...); status != "204" {
				t.Errorf("end one: %s %s", status, body)
			}
			two.is(me{"", []string{}, "dark"})
			one.is(ada)

			one.post("/theme", "theme", "dark")
			one.post("/logout")
			one.is(me{"", []string{}, "dark"})
			if got := one.ticket(); got != "" {
				t.Errorf("after sign-out curl still has the ticket %q", got)
			}
			dead(t, h, first)
		})
	}
}

// Same paths, same answers: whoever has read about one of the shops knows the others.
func TestShopsAnswerAlike(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 40)
	steps := []struct {
		method, path string
		fields       []string
		status       string
		leads        string
		after        me
	}{
		{"GET", "/", nil, "200", "", nobody},
		{"GET", "/login", nil, "200", "", nobody},
		{"GET", "/nothing", nil, "404", "", nobody},
		{"POST", "/nothing", []string{"a", "b"}, "404", "", nobody},
		{"POST", "/cart", []string{"item", ""}, "422", "", nobody},
		{"POST", "/cart", nil, "422", "", nobody},
		{"POST", "/cart", []string{"item", long + "x"}, "422", "", nobody},
		{"POST", "/cart", []string{"item", " tea"}, "422", "", nobody},
		{"POST", "/cart", []string{"item", "tea\r\nCoatcheck-Sign-In: ada"}, "422", "", nobody},
		{"POST", "/theme", []string{"theme", "blue"}, "422", "", nobody},
		{"POST", "/login", []string{"user", "ada", "password", "turing"}, "401", "", nobody},
		{"POST", "/login", []string{"user", "", "password", ""}, "401", "", nobody},
		{"POST", "/login", []string{"user", "constructor", "password", "undefined"}, "401", "", nobody},
		{"POST", "/logout", nil, "303", "/", nobody},
		{"POST", "/cart", []string{"item", long}, "303", "/", me{"", []string{long}, "light"}},
		{"POST", "/cart", []string{"item", `"Ḧ,;=\" 🍵`}, "303", "/", me{"", []string{long, `"Ḧ,;=\" 🍵`}, "light"}},
		{"POST", "/theme", []string{"theme", "dark"}, "303", "/", me{"", []string{long, `"Ḧ,;=\" 🍵`}, "dark"}},
		{"POST", "/login", []string{"user", "ada", "password", "lovelace", "remember", "on"}, "303", "/",
			me{"ada", []string{long, `"Ḧ,;=\" 🍵`}, "dark"}},
		{"POST", "/cart", []string{"item", "tea"}, "303", "/", me{"ada", []string{long, `"Ḧ,;=\" 🍵`, "tea"}, "dark"}},
		{"GET", "/", nil, "200", "", me{"ada", []string{long, `"Ḧ,;=\" 🍵`, "tea"}, "dark"}},
		// The cart of one user is not for the next who signs in with the same browser.
		{"POST", "/login", []string{"user", "alan", "password", "turing"}, "303", "/", me{"alan", []string{}, "dark"}},
		{"POST", "/theme", []string{"theme", "light"}, "303", "/", me{"alan", []string{}, "light"}},
		{"POST", "/logout", nil, "303", "/", nobody},
	}
	for name, start := range shops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCurler(t, start(t).site)
			for _, step := range steps {
				var status, leads string
				if step.method == http.MethodGet {
					_, status, leads = c.ask(step.method, step.path)
				} else {
					status, leads = c.post(step.path, step.fields...)
				}
				if status != step.status || leads != step.leads {
					t.Errorf("%s %s %q: %s to %q, want %s to %q", step.method, step.path, step.fields, status, leads,
						step.status, step.leads)
				}
				c.is(step.after)
			}
		})
	}
}

// A client that does not tell where its requests come from takes the token out of the demo's forms. Its jar keeps the
// cookie that belongs to it; a token that is older than the sign-in, or that of another visitor, is refused.
//
// Rows: C10, A21
func TestCurlNeedsTheTokensOfTheDemo(t *testing.T) {
	t.Parallel()
	site := open(t, "demo").site
	c, other := newCurler(t, site), newCurler(t, site)
	c.says, other.says = nil, nil
	field := regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)
	token := func(c *curler) string {
		t.Helper()
		page, status, _ := c.ask(http.MethodGet, "/login")
		found := field.FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("no token in the form: %s %s", status, page)
		}
		return found[1]
	}
	ada := []string{"user", "ada", "password", "lovelace"}
	mine, theirs := token(c), token(other)
	for _, step := range []struct {
		token, status string
		after         me
	}{{"", "403", me{"", []string{}, "light"}}, {theirs, "403", me{"", []string{}, "light"}},
		{mine, "303", me{"ada", []string{}, "light"}}, {mine, "403", me{"ada", []string{}, "light"}}} {
		if status, _ := c.post("/login", append(ada, "csrf_token", step.token)...); status != step.status {
			t.Errorf("token %q: status %s, want %s", step.token, status, step.status)
		}
		c.is(step.after)
	}
	page, _, _ := c.ask(http.MethodGet, "/")
	fresh := field.FindStringSubmatch(page)
	if fresh == nil {
		t.Fatal("no token in the forms of a user")
	}
	if _, status, _ := c.ask(http.MethodPost, "/logout", "--header", "X-CSRF-Token: "+fresh[1]); status != "303" {
		t.Errorf("sign-out with the token in the header: status %s", status)
	}
	c.is(me{"", []string{}, "light"})
}

// Other sites cannot act in a visitor's name, at any of the shops.
func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	for name, start := range shops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			v := newVisitor(t, h.site)
			v.signIn("ada")
			for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
				{"Origin", "https://evil.example"}, {"Origin", "null"}} {
				evil := v.as()
				evil.header.Del("Sec-Fetch-Site")
				evil.header.Set(header[0], header[1])
				for path, fields := range changes {
					if a := evil.do(http.MethodPost, path, fields...); a.status != http.StatusForbidden ||
						len(a.cookies) > 0 {
						t.Errorf("POST %s with %s: status %d, Set-Cookie %q, want 403 and none", path, header, a.status,
							a.cookies)
					}
				}
			}
			own := v.as()
			own.header.Set("Origin", h.site)
			own.header.Set("Sec-Fetch-Site", "same-origin")
			own.post("/cart", "item", "tea")
			v.is(me{"ada", []string{"tea"}, "light"})
		})
	}
}
