package shop_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/store/memory"
)

func TestWrongPasswords(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	for _, c := range [][2]string{{"ada", "turing"}, {"nobody", "lovelace"}, {"", ""}} {
		a := b.post("/login", "user", c[0], "password", c[1], "return_to", "/cart")
		if a.status != http.StatusUnauthorized || len(a.cookies) != 0 {
			t.Errorf("%q: status %d, cookies %v", c, a.status, a.cookies)
		}
		for _, want := range []string{`role="alert"`, `name="user" value="` + c[0] + `"`,
			`name="return_to" value="/cart"`} {
			if !strings.Contains(a.text, want) {
				t.Errorf("%q: the page has no %s", c, want)
			}
		}
		if c[1] != "" && strings.Contains(a.text, `value="`+c[1]) {
			t.Errorf("%q: the page repeats the password", c)
		}
	}
	// What is in a URL is in histories and logs: nothing there signs anybody in.
	if a := b.post("/login?user=ada&password=lovelace"); a.status != http.StatusUnauthorized {
		t.Errorf("a password in the URL: status %d", a.status)
	}
	b.me(`{"user":"","cart":[],"theme":"light"}`)
}

func TestSignInLeadsBack(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	b.leadsTo(b.get("/account/"), "/login?return_to=%2Faccount%2F")
	if a := b.get("/login?return_to=%2Faccount%2F"); !strings.Contains(a.text, `name="return_to" value="/account/"`) {
		t.Error("the form forgets where to lead")
	}
	b.leadsTo(b.post("/login", "user", "ada", "password", "lovelace", "return_to", "/account/", "remember", "yes"),
		"/account/")
	b.leadsTo(b.get("/login?return_to=/cart"), "/cart")
	for _, elsewhere := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "evil"} {
		b.leadsTo(b.post("/cart", "item", "tea", "return_to", elsewhere), "/")
	}
}

func TestStaySignedInOnlyWhenAsked(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	for _, remember := range []string{"", "yes"} {
		a := b.post("/login", "user", "ada", "password", "lovelace", "remember", remember)
		if len(a.cookies) != 1 {
			t.Fatalf("cookies %v", a.cookies)
		}
		c := a.cookies[0]
		if c.Name != ticket || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" ||
			c.Domain != "" {
			t.Errorf("ticket %v", c)
		}
		if (c.MaxAge > 0) != (remember == "yes") {
			t.Errorf("remember %q: Max-Age %d", remember, c.MaxAge)
		}
	}
}

var handles = regexp.MustCompile(`name="end" value="([^"]{22})"`)

func TestTheAccountEndsSessions(t *testing.T) {
	server := open(t, memory.New())
	here, there, other := newBrowser(t, server), newBrowser(t, server), newBrowser(t, server)
	here.signIn("ada", "lovelace")
	there.signIn("ada", "lovelace")
	other.signIn("alan", "turing")
	list := func(b *browser) []string {
		var found []string
		for _, match := range handles.FindAllStringSubmatch(b.get("/account/").text, -1) {
			found = append(found, match[1])
		}
		return found
	}
	page := here.get("/account/").text
	if strings.Count(page, "<bdi>Chrome on Linux</bdi>") != 2 || strings.Count(page, "This device") != 1 ||
		strings.Contains(page, "alan") {
		t.Errorf("the list of ada's browsers: %s", page)
	}

	// A handle is public: knowing one must not be enough.
	foreign := list(other)
	if len(foreign) != 1 {
		t.Fatalf("alan's browsers: %v", foreign)
	}
	for _, handle := range []string{foreign[0], "", "nonsense"} {
		here.leadsTo(here.post("/account/", "end", handle), "/account/?done=gone")
	}
	other.me(`{"user":"alan","cart":[],"theme":"light"}`)

	newest := list(here)[1]
	here.leadsTo(here.post("/account/", "end", newest), "/account/?done=one")
	there.me(`{"user":"","cart":[],"theme":"light"}`)
	here.me(`{"user":"ada","cart":[],"theme":"light"}`)

	there.signIn("ada", "lovelace")
	there.leadsTo(there.post("/account/", "end", "others"), "/account/?done=others")
	here.me(`{"user":"","cart":[],"theme":"light"}`)
	there.me(`{"user":"ada","cart":[],"theme":"light"}`)
	if left := list(there); len(left) != 1 {
		t.Fatalf("after ending all others: %v", left)
	} else {
		there.leadsTo(there.post("/account/", "end", left[0]), "/account/")
	}
	there.leadsTo(there.get("/account/"), "/login?return_to=%2Faccount%2F")
	if a := there.post("/account/", "end", "others"); a.status != http.StatusUnauthorized {
		t.Errorf("a stranger ends sessions: status %d", a.status)
	}
}
