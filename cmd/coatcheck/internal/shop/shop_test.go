package shop_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

const ticket = "__Host-session"

func TestAVisit(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	b.me(`{"user":"","cart":[],"theme":"light"}`)

	b.leadsTo(b.post("/cart", "item", "tea"), "/")
	b.leadsTo(b.post("/theme", "theme", "dark", "return_to", "/goods/tea"), "/goods/tea")
	b.me(`{"user":"","cart":["tea"],"theme":"dark"}`)
	before := b.cookie(ticket)

	b.signIn("ada", "lovelace")
	b.me(`{"user":"ada","cart":["tea"],"theme":"dark"}`)
	after := b.cookie(ticket)
	if before == "" || after == "" || before == after {
		t.Errorf("ticket before sign-in %q, after %q: want two", before, after)
	}
	if a := b.get("/"); !strings.Contains(a.text, "Log out") || !strings.Contains(a.text, `data-theme="dark"`) {
		t.Error("the page of a signed-in visitor has no way out, or another theme")
	}

	b.leadsTo(b.post("/logout"), "/")
	b.me(`{"user":"","cart":[],"theme":"dark"}`)
	if b.cookie(ticket) != "" {
		t.Error("after sign-out the browser still has a ticket")
	}
	for name, dead := range map[string]string{"before sign-in": before, "after sign-out": after} {
		thief := newBrowser(t, b.server)
		a := thief.getWith("/api/me", ticket+"="+dead)
		if !strings.Contains(a.text, `"user":"","cart":[]`) {
			t.Errorf("the ticket from %s opens a session: %s", name, a.text)
		}
	}
}

func TestTheCartCountsAndForgets(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	for _, item := range []string{"tea", "a teapot for two", "tea", "<b>"} {
		b.leadsTo(b.post("/cart", "item", item), "/")
	}
	a := b.get("/cart")
	for _, want := range []string{"£13.60", "on request", "&lt;b&gt;", `<b class="count">2</b>`,
		"/login?return_to=/cart"} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the cart has no %s", want)
		}
	}
	b.leadsTo(b.post("/cart/remove", "item", "tea", "return_to", "/cart"), "/cart")
	b.leadsTo(b.post("/cart/remove", "item", "moon"), "/")
	b.me(`{"user":"","cart":["a teapot for two","tea","\u003cb\u003e"],"theme":"light"}`)
}

func TestWhatCannotBeAdded(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	for name, item := range map[string]string{
		"nothing": "", "spaces": "  ", "a space in front": " tea", "too long": strings.Repeat("ö", 41),
		"line end": "a\nb",
		"no UTF-8": "\xff", "text direction": "tea\u202e",
	} {
		if a := b.post("/cart", "item", item); a.status != http.StatusUnprocessableEntity || len(a.cookies) != 0 {
			t.Errorf("%s: status %d, cookies %v", name, a.status, a.cookies)
		}
	}
	b.leadsTo(b.post("/cart", "item", strings.Repeat("ö", 40)), "/")
	if a := b.post("/cart", "item", strings.Repeat("x", 1<<20)); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a form of 1 MiB: status %d", a.status)
	}
	if a := b.post("/theme", "theme", "pink"); a.status != http.StatusUnprocessableEntity || b.cookie(likes) != "" {
		t.Errorf("a pink theme: status %d", a.status)
	}
}

func TestAFullCart(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	item := strings.Repeat("☕", 40) // 120 bytes
	status := 0
	for range 1000 {
		if status = b.post("/cart", "item", item).status; status != http.StatusSeeOther {
			break
		}
	}
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("filling the cart ends with status %d, want 413", status)
	}
	b.leadsTo(b.post("/cart/remove", "item", item), "/")
}

func TestWhoOnlyLooksLeavesNothing(t *testing.T) {
	st := memory.New()
	b := newBrowser(t, open(t, st))
	for _, path := range []string{"/", "/goods/tea", "/cart", "/login", "/api/me", "/account/", "/nowhere",
		"/assets/shop.css"} {
		if a := b.get(path); len(a.cookies) != 0 {
			t.Errorf("%s sets %v", path, a.cookies)
		}
	}
	for _, path := range []string{"/cart/remove", "/logout"} {
		if a := b.post(path, "item", "tea"); a.status != http.StatusSeeOther || len(a.cookies) != 0 {
			t.Errorf("%s: status %d, cookies %v", path, a.status, a.cookies)
		}
	}
	if n, err := st.Count(t.Context(), "", time.Time{}); n != 0 || err != nil {
		t.Errorf("the store has %d sessions, %v", n, err)
	}
}

func TestPagesAreWholeAndSafe(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	b.signIn("alan", "turing")
	b.post("/cart", "item", "tea")
	for path, status := range map[string]int{
		"/": 200, "/goods/tea": 200, "/goods/moon": 404, "/cart": 200, "/consent/": 200, "/account/": 200,
		"/nowhere": 404,
		"/logout":  404, "/assets/": 404,
		"/api/me": 200, "/assets/shop.css": 200, "/assets/icon.svg": 200,
	} {
		a := b.get(path)
		if a.status != status {
			t.Errorf("%s: status %d, want %d", path, a.status, status)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
				"base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s %q", path, name, got)
			}
		}
		if strings.Contains(a.text, b.cookie(ticket)) {
			t.Errorf("%s shows the ticket", path)
		}
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		if !strings.Contains(a.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s of a signed-in user has Cache-Control %q", path, a.header.Get("Cache-Control"))
		}
		for _, bad := range []string{"<script", "<style", " style=", " onclick=", "ZgotmplZ"} {
			if strings.Contains(a.text, bad) {
				t.Errorf("%s has %s", path, bad)
			}
		}
		if n := strings.Count(a.text, "<h1>"); n != 1 || strings.Count(a.text, "<main") != 1 ||
			!strings.HasSuffix(a.text, "</html>\n") {
			t.Errorf("%s has %d headings of the first rank, or is cut off", path, n)
		}
		if !strings.Contains(a.text, `action="/logout"`) || !strings.Contains(a.text, "http://localhost:8081/") {
			t.Errorf("%s has no way out, or no link to the console", path)
		}
	}
}

func TestAssetsAreFetchedOnce(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	a := b.get("/assets/shop.css")
	if a.header.Get("Etag") == "" || a.header.Get("Set-Cookie") != "" || !strings.Contains(a.text, "light-dark(") {
		t.Fatalf("the stylesheet: %v", a.header)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", b.server.URL+"/assets/shop.css", nil)
	must(t, err)
	r.Header.Set("If-None-Match", a.header.Get("Etag"))
	response, err := b.server.Client().Do(r)
	must(t, err)
	response.Body.Close()
	if response.StatusCode != http.StatusNotModified {
		t.Errorf("asked again: status %d, want 304", response.StatusCode)
	}
}

func TestFormsOfOtherSitesDoNothing(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	b.signIn("grace", "hopper")
	b.site = "cross-site"
	for _, form := range [][]string{
		{"/cart", "item", "tea"}, {"/cart/remove", "item", "tea"}, {"/login", "user", "ada", "password", "lovelace"},
		{"/logout"},
		{"/theme", "theme", "dark"}, {"/language", "language", "de"}, {"/consent/", "answer", "accept"},
		{"/account/", "end", "x"},
		{"/account/", "end", "others"},
	} {
		if a := b.post(form[0], form[1:]...); a.status != http.StatusForbidden || len(a.cookies) != 0 {
			t.Errorf("%s from another site: status %d, cookies %v", form[0], a.status, a.cookies)
		}
	}
	b.site = "same-origin"
	b.me(`{"user":"grace","cart":[],"theme":"light"}`)
}

// brokenStore fails on demand.
type brokenStore struct {
	store.Store
	writes, reads atomic.Bool
}

var errBroken = errors.New("disk on fire")

func (b *brokenStore) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if b.reads.Load() {
		return store.Record{}, errBroken
	}
	return b.Store.Load(ctx, id)
}

func (b *brokenStore) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if b.writes.Load() {
		return errBroken
	}
	return b.Store.Create(ctx, r, replaces)
}

func (b *brokenStore) Save(ctx context.Context, r store.Record) error {
	if b.writes.Load() {
		return errBroken
	}
	return b.Store.Save(ctx, r)
}

func (b *brokenStore) Delete(ctx context.Context, id store.ID) (bool, error) {
	if b.writes.Load() {
		return false, errBroken
	}
	return b.Store.Delete(ctx, id)
}

func (b *brokenStore) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if b.writes.Load() {
		return nil, errBroken
	}
	return b.Store.DeleteUser(ctx, user, keep...)
}

func (b *brokenStore) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if b.reads.Load() {
		return nil, errBroken
	}
	return b.Store.List(ctx, q)
}

func TestWithoutItsStoreTheShopSaysSoAndKeepsTickets(t *testing.T) {
	st := &brokenStore{Store: memory.New()}
	b := newBrowser(t, open(t, st))
	b.signIn("ada", "lovelace")
	have := b.cookie(ticket)

	st.writes.Store(true)
	for _, form := range [][]string{{"/cart", "item", "tea"}, {"/logout"}, {"/account/", "end", "others"},
		{"/login", "user", "alan", "password", "turing"}} {
		a := b.post(form[0], form[1:]...)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || b.cookie(ticket) != have {
			t.Errorf("%s: status %d, ticket kept: %v", form[0], a.status, b.cookie(ticket) == have)
		}
		if strings.Contains(a.text, "fire") {
			t.Errorf("%s tells visitors what is wrong inside", form[0])
		}
	}
	b.me(`{"user":"ada","cart":[],"theme":"light"}`)

	st.reads.Store(true)
	if a := b.get("/"); a.status != http.StatusServiceUnavailable || b.cookie(ticket) != have {
		t.Errorf("a store that does not answer: status %d", a.status)
	}
	stranger := newBrowser(t, b.server)
	if a := stranger.get("/"); a.status != http.StatusOK {
		t.Errorf("who has no ticket needs no store: status %d", a.status)
	}
	st.reads.Store(false)
	st.writes.Store(false)
	b.me(`{"user":"ada","cart":[],"theme":"light"}`)
}

func TestInventory(t *testing.T) {
	var table strings.Builder
	must(t, shop.Inventory.WriteTable(&table))
	for _, want := range []string{likes, "__Host-consent", "__Host-recent", ticket, "cart"} {
		if !strings.Contains(table.String(), "\n"+want+" ") {
			t.Errorf("the inventory has no %s:\n%s", want, table.String())
		}
	}
}
