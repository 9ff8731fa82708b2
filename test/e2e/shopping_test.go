package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
)

// What a visitor does in a browser; the three shops have the same forms.

func add(b *browser.Browser, site, item string) {
	b.Navigate(site + "/")
	if field := `form[action="/cart"] input[name=item]:not([type=hidden])`; len(b.Texts(field)) > 0 {
		b.Fill(field, item) // the form that takes any item
	}
	b.Submit(`form[action="/cart"]:has(input[name=item]:not([type=hidden])) button`)
}

func signIn(b *browser.Browser, site, user string, remember bool) {
	b.Navigate(site + "/login")
	b.Fill("input[name=user]", user)
	b.Fill("input[name=password]", passwords[user])
	if remember {
		b.Click("input[name=remember]")
	}
	b.Submit(`form[action="/login"] button`)
}

func signOut(b *browser.Browser, site string) {
	b.Navigate(site + "/")
	b.Submit(`form[action="/logout"] button`)
}

func chooseDark(b *browser.Browser, site string) {
	b.Navigate(site + "/")
	b.Submit(`form[action="/theme"] button[value=dark]`)
}

// sees checks what the site knows of the browser's visitor.
func sees(t testing.TB, b *browser.Browser, site string, want me) {
	t.Helper()
	if status := b.Navigate(site + "/api/me"); status != http.StatusOK {
		t.Fatalf("/api/me: status %d", status)
	}
	var got me
	text := b.Text("pre")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("/api/me: %v in %q", err, text)
	}
	if got.String() != want.String() {
		t.Errorf("/api/me: %s, want %s", got, want)
	}
}

// isQuiet checks that the browser had nothing to complain of, but for what the test brought about.
func isQuiet(t testing.TB, b *browser.Browser, but ...string) {
	t.Helper()
	// browsers guess it where no page names an icon: at the small shops, and beside JSON
	but = append(but, "/favicon.ico")
	for _, complaint := range b.Complaints() {
		if !slices.ContainsFunc(but, func(s string) bool { return strings.Contains(complaint, s) }) {
			t.Errorf("the browser complained: %s", complaint)
		}
	}
}

// ticketOf returns the value of the session cookie, after a look at its attributes as the browser keeps them.
func ticketOf(t testing.TB, b *browser.Browser) string {
	t.Helper()
	c := b.Cookie(sessionCookie)
	if c == nil {
		t.Fatalf("the browser has no %s; it has %v", sessionCookie, b.Cookies())
	}
	if !c.Secure || !c.HTTPOnly || c.SameSite != "Lax" || c.Path != "/" || c.Domain != "localhost" {
		t.Errorf("the ticket's cookie is %+v; want Secure, HttpOnly, SameSite=Lax, Path=/, for this host alone", c)
	}
	if text := browser.Eval[string](b, "document.cookie"); strings.Contains(text, sessionCookie) ||
		strings.Contains(text, c.Value) {
		t.Errorf("scripts can read the ticket: %q", text)
	}
	return c.Value
}

// dead checks that a ticket finds nobody any more.
func dead(t testing.TB, h *program, ticket string) {
	t.Helper()
	newVisitor(t, h.site).with(ticket).is(nobody)
}

// The whole visit, in each of the three shops: what goes into the cart anonymously stays through sign-in, the
// ticket is another one then and the old one finds nothing, and what the browser keeps for the session alone goes
// with the browser.
func TestVisitInABrowser(t *testing.T) {
	t.Parallel()
	for name, start := range shops {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			ada := browser.Start(t, browser.Options{})

			add(ada, h.site, "tea")
			anonymous := ticketOf(t, ada)
			sees(t, ada, h.site, me{"", []string{"tea"}, "light"})

			signIn(ada, h.site, "ada", false)
			plain := ticketOf(t, ada)
			if plain == anonymous || handle(plain) == handle(anonymous) {
				t.Errorf("sign-in kept the ticket")
			}
			sees(t, ada, h.site, me{"ada", []string{"tea"}, "light"})
			dead(t, h, anonymous)

			chooseDark(ada, h.site)
			sees(t, ada, h.site, me{"ada", []string{"tea"}, "dark"})

			ada.Restart() // what was not to be kept is gone, and the theme is not the session's
			sees(t, ada, h.site, me{"", []string{}, "dark"})

			signIn(ada, h.site, "ada", true)
			kept := ticketOf(t, ada)
			add(ada, h.site, "honey")
			ada.Restart()
			sees(t, ada, h.site, me{"ada", []string{"honey"}, "dark"})

			signOut(ada, h.site)
			sees(t, ada, h.site, me{"", []string{}, "dark"})
			if c := ada.Cookie(sessionCookie); c != nil {
				t.Errorf("after sign-out the browser still has a ticket")
			}
			dead(t, h, kept)
			// The one of the browser that was closed is good for whoever has it, until it expires or is ended.
			newVisitor(t, h.site).with(plain).is(me{"ada", []string{"tea"}, "light"})

			isQuiet(t, ada)
		})
	}
}

// One user, two browsers, and an operator who ends one of the two sessions. The console follows without being
// loaded again.
func TestTwoBrowsersAndTheConsole(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	first, second := browser.Start(t, browser.Options{}), browser.Start(t, browser.Options{})
	operator := browser.Start(t, browser.Options{})

	signIn(first, h.site, "ada", false)
	operator.Navigate(h.link)
	operator.AwaitCount("#rows tr", 1)
	operator.AwaitText("#state", "Live")
	browser.Eval[int](operator, "window.notLoadedAgain = 1")

	signIn(second, h.site, "ada", true)
	operator.AwaitCount("#rows tr", 2)
	kept, ended := "#s-"+handle(ticketOf(t, first)), "#s-"+handle(ticketOf(t, second))
	for _, row := range []string{kept, ended} {
		if text := operator.Text(row); !strings.Contains(text, "ada") || !strings.Contains(text, "127.0.0.1") ||
			!strings.Contains(text, "Chrom") {
			t.Errorf("the row says %q, want user, address and browser", text)
		}
	}

	operator.Click(ended + " button")
	operator.AwaitCount("#rows tr", 1)
	operator.AwaitText("#notice", "has ended")
	if browser.Eval[int](operator, "window.notLoadedAgain") != 1 {
		t.Error("the console was loaded again")
	}
	if got := second.Submit(`a[href="/cart"]`); got != http.StatusOK {
		t.Errorf("the next click: status %d", got)
	}
	second.AwaitText("nav", "Sign in")
	first.Submit(`a[href="/cart"]`)
	first.AwaitText("nav", "ada")
	sees(t, second, h.site, nobody)
	sees(t, first, h.site, me{"ada", []string{}, "light"})

	// The link was good once.
	if status := second.Navigate(h.link); status != http.StatusGone {
		t.Errorf("the link a second time: status %d, want 410", status)
	}

	signOut(first, h.site)
	operator.AwaitCount("#rows tr", 0)
	isQuiet(t, first)
	isQuiet(t, second, "410") // for the link
	isQuiet(t, operator)
}

// The shop remembers what a visitor looks at only once they have agreed to it, and no longer than that.
func TestRecentlyViewedTakesConsent(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{})
	look := func(goods ...string) {
		for _, good := range goods {
			b.Navigate(h.site + "/goods/" + good)
		}
	}
	remembers := func() bool {
		for _, c := range b.Cookies() {
			if strings.HasSuffix(c.Name, "recent") {
				return true
			}
		}
		return false
	}
	answer := func(word string) {
		b.Navigate(h.site + "/consent/")
		b.Submit(`.consent-page button[value=` + word + `]`)
	}

	look("tea", "cup")
	if len(b.Cookies()) != 0 {
		t.Errorf("without having been asked for anything the browser keeps %v", b.Cookies())
	}
	answer("reject")
	look("tea", "cup")
	if remembers() || len(b.Texts(".recent")) > 0 {
		t.Error("the visitor said no, and is remembered")
	}
	answer("accept")
	look("tea", "cup")
	b.Navigate(h.site + "/")
	if text := b.Text(".recent"); !remembers() || !strings.Contains(text, "tea") || !strings.Contains(text, "cup") {
		t.Errorf("the visitor said yes, and sees %q", text)
	}
	answer("reject")
	if remembers() || len(b.Texts(".recent")) > 0 {
		t.Error("the visitor took it back, and is remembered")
	}
	if h.rows() != 0 {
		t.Error("choices of the visitor's own made a session")
	}
	isQuiet(t, b)
}
