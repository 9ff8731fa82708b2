package shop_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store/memory"
)

func TestThemeIsThePlainCookieOfTheVisitor(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	if a := b.get("/"); !strings.Contains(a.text, `<html lang="en">`) {
		t.Error("without a choice the system decides")
	}
	a := b.post("/theme", "theme", "dark")
	if len(a.cookies) != 1 {
		t.Fatalf("cookies %v", a.cookies)
	}
	c := a.cookies[0]
	if c.Name != "theme" || c.Value != "dark" || c.HttpOnly || !c.Secure || c.MaxAge < 300*24*3600 ||
		c.SameSite != http.SameSiteLaxMode {
		t.Errorf("theme cookie %v", c)
	}
	b.post("/theme", "theme", "light")
	if a := b.get("/"); !strings.Contains(a.text, `data-theme="light"`) {
		t.Error("the page is not light")
	}
	// The cookie is the visitor's own: anything may be in it.
	if a := b.getWith("/", `theme="><script>`); a.status != http.StatusOK || strings.Contains(a.text, "<script") ||
		!strings.Contains(a.text, `<html lang="en">`) {
		t.Errorf("a theme that is none: status %d", a.status)
	}
}

func TestNothingIsRememberedWithoutConsent(t *testing.T) {
	const asks, remembers = "May we remember", "You looked at"
	st := memory.New()
	b := newBrowser(t, open(t, st))
	if a := b.get("/goods/tea"); len(a.cookies) != 0 || !strings.Contains(a.text, asks) {
		t.Errorf("before the answer: cookies %v", a.cookies)
	}

	b.leadsTo(b.post("/consent", "recent", "no", "return_to", "/goods/tea"), "/goods/tea")
	if a := b.get("/goods/tea"); len(a.cookies) != 0 || strings.Contains(a.text, asks) {
		t.Errorf("after no: cookies %v, or asked again", a.cookies)
	}

	b.post("/consent", "recent", "yes")
	for _, name := range []string{"tea", "coffee", "cocoa", "honey", "cup", "coffee"} {
		b.get("/goods/" + name)
	}
	home := b.get("/").text
	_, list, _ := strings.Cut(home, remembers)
	list, _, _ = strings.Cut(list, "</section>")
	position := -1
	for _, name := range []string{"coffee", "cup", "honey", "cocoa"} {
		at := strings.Index(list, `href="/goods/`+name+`"`)
		if at <= position {
			t.Errorf("%s is not in its place among the newest four: %s", name, list)
		}
		position = at
	}
	if strings.Contains(list, "/goods/tea") {
		t.Error("a fifth is remembered")
	}
	if a := b.get("/goods/coffee"); strings.Contains(a.text, `<li><a href="/goods/coffee"`) {
		t.Error("a page reminds of itself")
	}

	b.post("/consent", "recent", "no")
	if b.cookie("__Host-recent") != "" || strings.Contains(b.get("/").text, remembers) {
		t.Error("after the answer was taken back it is still remembered")
	}
	if n, err := st.Count(t.Context(), "", time.Time{}); n != 0 || err != nil {
		t.Errorf("cookies alone made %d sessions, %v", n, err)
	}
}

func TestTheRoomShowsWhatLivesWhere(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	if a := b.get("/"); !strings.Contains(a.text, "No ticket") || !strings.Contains(a.text, "nothing kept") {
		t.Error("a stranger is shown something")
	}
	b.post("/cart", "item", "tea")
	b.post("/theme", "theme", "dark")
	b.post("/consent", "recent", "yes")
	b.get("/goods/honey")
	a := b.get("/")
	browser, counter, ok := strings.Cut(a.text, "Behind the counter</h3>")
	if !ok {
		t.Fatal("there is no counter")
	}
	for _, want := range []string{"Your ticket", "<code>dark</code>", "<code>yes</code>", "<code>honey</code>",
		"__Host-recent", "365 days"} {
		if !strings.Contains(browser, want) {
			t.Errorf("the browser's side has no %s", want)
		}
	}
	for _, want := range []string{"nobody has signed in", `<code>[&#34;tea&#34;]</code>`} {
		if !strings.Contains(counter, want) {
			t.Errorf("the counter's side has no %s", want)
		}
	}
}

// Whoever edits the cookie sees what they like, and only themselves.
func TestAForgedReminderIsReadWithCare(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	const list = "WyJtb29uIiwidGVhIiwidGVhIiwiPHNjcmlwdD4iXQ" // ["moon","tea","tea","<script>"]
	a := b.getWith("/", "__Host-consent=1~29900000~personalization~~; __Host-recent="+list)
	if a.status != http.StatusOK || strings.Contains(a.text, "<script") || strings.Contains(a.text, "/goods/moon") ||
		strings.Count(a.text, `<li><a href="/goods/tea">`) != 1 {
		t.Errorf("status %d, page %s", a.status, a.text)
	}
}
