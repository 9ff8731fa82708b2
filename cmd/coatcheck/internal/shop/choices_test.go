package shop_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store/memory"
)

func TestPreferencesAreTheVisitorsOwnCookie(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	if a := b.get("/"); !strings.Contains(a.text, `<html lang="en">`) {
		t.Error("without a choice the system decides")
	}
	a := b.post("/theme", "theme", "dark")
	if len(a.cookies) != 1 {
		t.Fatalf("cookies %v", a.cookies)
	}
	c := a.cookies[0]
	if c.Name != likes || c.Value != "!theme:dark." || !c.HttpOnly || !c.Secure || c.MaxAge < 300*24*3600 ||
		c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %v", c)
	}
	b.post("/theme", "theme", "light")
	b.leadsTo(b.post("/language", "language", "de", "return_to", "/goods/tea"), "/goods/tea")
	if a := b.get("/"); !strings.Contains(a.text, `<html lang="de" data-theme="light">`) ||
		!strings.Contains(a.text, "Im Regal") || !strings.Contains(a.text, "In den Korb") {
		t.Error("the page is not light and in German")
	}
	if a := b.post("/language", "language", "fr"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("French: status %d", a.status)
	}
	// The cookie is the visitor's own: anything may be in it.
	if a := b.getWith("/", likes+`=!theme:"><script>.`); a.status != http.StatusOK ||
		strings.Contains(a.text, "<script") || !strings.Contains(a.text, `<html lang="en">`) {
		t.Errorf("a theme that is none: status %d", a.status)
	}
}

const likes = "__Host-preferences"

// What ada likes follows her to another browser, and stays in this one after she has signed out.
func TestPreferencesFollowUsers(t *testing.T) {
	server := open(t, memory.New())
	b, other := newBrowser(t, server), newBrowser(t, server)
	b.post("/theme", "theme", "dark")
	b.signIn("ada", "lovelace")
	b.post("/language", "language", "de")
	b.post("/logout")
	if a := b.get("/"); !strings.Contains(a.text, `<html lang="de" data-theme="dark">`) {
		t.Error("sign-out takes the preferences along")
	}
	other.signIn("ada", "lovelace")
	if a := other.get("/"); !strings.Contains(a.text, `<html lang="de" data-theme="dark">`) {
		t.Errorf("another browser does not show what ada likes: %s", other.cookie(likes))
	}
}

func TestNothingIsRememberedWithoutConsent(t *testing.T) {
	const asks, remembers = `data-coatcheck-consent="accept"`, "You looked at"
	st := memory.New()
	b := newBrowser(t, open(t, st))
	if a := b.get("/goods/tea"); len(a.cookies) != 0 || !strings.Contains(a.text, asks) {
		t.Errorf("before the answer: cookies %v", a.cookies)
	}

	b.leadsTo(b.post("/consent/", "answer", "reject", "return_to", "/goods/tea"), "/goods/tea")
	for _, path := range []string{"/goods/tea", "/?from=radio"} {
		if a := b.get(path); len(a.cookies) != 0 || strings.Contains(a.text, asks) {
			t.Errorf("after no, %s: cookies %v, or asked again", path, a.cookies)
		}
	}

	b.post("/consent/", "answer", "accept")
	for _, name := range []string{"tea", "coffee", "cocoa", "honey", "cup", "coffee"} {
		b.get("/goods/" + name)
	}
	home := b.get("/?from=radio").text
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
	if a := b.get("/goods/coffee"); strings.Contains(a.text, `<li><a href="/goods/coffee"`) ||
		!strings.Contains(a.text, "Seen by one visitor") {
		t.Error("a page reminds of itself, or a visitor is counted twice")
	}
	for _, name := range optional {
		if b.cookie(name) == "" {
			t.Errorf("the visitor said yes, and %s is not there", name)
		}
	}
	list = b.cookie("__Host-recent")

	b.post("/consent/", "answer", "choose", "purpose", "analytics")
	if b.cookie("__Host-recent") != "" || b.cookie("__Host-poster") != "" || b.cookie("__Host-visitor") == "" ||
		strings.Contains(b.get("/").text, remembers) {
		t.Error("after the answer was taken back it is still remembered, or more was taken")
	}
	again := b.getWith("/", "__Host-consent="+all()+"; __Host-recent="+list)
	if again.status != http.StatusOK || strings.Contains(again.text, remembers) {
		t.Error("behind the counter it is not forgotten")
	}
	if n, err := st.Count(t.Context(), "", time.Time{}); n != 0 || err != nil {
		t.Errorf("cookies alone made %d sessions, %v", n, err)
	}
}

// optional are the cookies that need consent, each for a purpose of its own.
var optional = []string{"__Host-recent", "__Host-visitor", "__Host-poster"}

// all is the answer of a visitor who has just said yes to all.
func all() string {
	return fmt.Sprintf("1~%d~personalization.analytics.marketing~~", time.Now().Unix()/60)
}

// A signed-in user is not counted by number; what they looked at is theirs by their own word.
func TestNumbersAndUsersStayApart(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	b.post("/consent/", "answer", "accept")
	b.get("/goods/tea")
	number, list := b.cookie("__Host-visitor"), b.cookie("__Host-recent")
	b.signIn("ada", "lovelace")
	if a := b.get("/goods/honey"); number == "" || b.cookie("__Host-visitor") != "" ||
		b.cookie("__Host-recent") != list || !strings.Contains(a.text, `<li><a href="/goods/tea"`) {
		t.Errorf("a user has the number %q, and what they looked at is gone", b.cookie("__Host-visitor"))
	}
	b.post("/logout")
	b.get("/goods/tea")
	if again := b.cookie("__Host-visitor"); again == "" || again == number {
		t.Errorf("after sign-out the number is %q", again)
	}
}

func TestTheRoomShowsWhatLivesWhere(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	if a := b.get("/"); !strings.Contains(a.text, "No ticket") || !strings.Contains(a.text, "nothing kept") {
		t.Error("a stranger is shown something")
	}
	b.post("/cart", "item", "tea")
	b.post("/theme", "theme", "dark")
	b.post("/consent/", "answer", "choose", "purpose", "personalization")
	b.get("/goods/honey")
	a := b.get("/")
	browser, counter, ok := strings.Cut(a.text, "Behind the counter</h3>")
	if !ok {
		t.Fatal("there is no counter")
	}
	for _, want := range []string{"Your ticket", "<code>dark</code>", "<code>personalization</code>", "You looked at",
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

// Whoever edits a cookie finds nothing.
func TestAForgedNumberFindsNothing(t *testing.T) {
	b := newBrowser(t, open(t, memory.New()))
	for _, number := range []string{"moon", "<script>", "AAAAAAAAAAAAAAAAAAAAAA.29900000"} {
		a := b.getWith("/", "__Host-consent="+all()+"; __Host-recent="+number)
		if a.status != http.StatusOK || strings.Contains(a.text, "<script") ||
			strings.Contains(a.text, "You looked at") {
			t.Errorf("%s: status %d, page %s", number, a.status, a.text)
		}
	}
}
