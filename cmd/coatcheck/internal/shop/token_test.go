package shop_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store/memory"
)

var (
	form  = regexp.MustCompile(`<form [^>]*method="post"[^>]*>`)
	field = regexp.MustCompile(`<input type="hidden" name="csrf_token" value="([\w-]{64})">`)
)

// A browser that tells neither Sec-Fetch-Site nor Origin finds a token in every form of the shop, and gets nowhere
// without it. It begins no session by looking at one.
//
// Rows: C10, A21
func TestOldBrowsersUseTokens(t *testing.T) {
	st := memory.New()
	b := newBrowser(t, open(t, st))
	b.site = ""
	token := func(path string) string {
		t.Helper()
		text := b.get(path).text
		forms := form.FindAllStringIndex(text, -1)
		for _, at := range forms {
			if found := field.FindStringIndex(text[at[1]:]); found == nil || found[0] != 0 {
				t.Errorf("%s: a form without a token: %s", path, text[at[0]:min(at[1]+100, len(text))])
			}
		}
		if len(forms) == 0 {
			t.Fatalf("%s has no form", path)
		}
		return field.FindStringSubmatch(text)[1]
	}
	post := func(path, page string, fields ...string) {
		t.Helper()
		if a := b.post(path, fields...); a.status != http.StatusForbidden || len(a.cookies) > 0 {
			t.Errorf("POST %s without a token: status %d, cookies %v", path, a.status, a.cookies)
		}
		a := b.post(path, append(fields, "csrf_token", token(page))...)
		if a.status != http.StatusSeeOther {
			t.Errorf("POST %s with a token: status %d", path, a.status)
		}
	}
	token("/")
	if n, err := st.Count(t.Context(), "", time.Time{}); err != nil || n != 0 {
		t.Errorf("%d records, %v", n, err)
	}
	post("/theme", "/goods/tea", "theme", "dark")
	post("/consent/", "/", "answer", "reject")
	post("/cart", "/", "item", "tea")
	post("/cart", "/goods/cup", "item", "cup")
	post("/cart/remove", "/cart", "item", "cup")
	before := token("/login")
	post("/login", "/login", "user", "ada", "password", "lovelace")
	if a := b.post("/logout", "csrf_token", before); a.status != http.StatusForbidden {
		t.Errorf("a token from before the sign-in: status %d", a.status)
	}
	b.me(`{"user":"ada","cart":["tea"],"theme":"dark"}`)
	token("/account/?ask=others")
	post("/account/", "/account/", "end", "others")
	post("/logout", "/", "nothing", "")
	b.me(`{"user":"","cart":[],"theme":"dark"}`)
}

// Browsers of today need no tokens, so they get none, and no cookie for them.
//
// Rows: I6
func TestBrowsersOfTodayGetNoTokens(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	for _, path := range []string{"/", "/login", "/cart"} {
		if a := b.get(path); len(a.cookies) > 0 || strings.Contains(a.text, "csrf_token") {
			t.Errorf("%s: cookies %v, or a token", path, a.cookies)
		}
	}
}
