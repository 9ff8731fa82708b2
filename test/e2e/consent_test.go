package e2e_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/tool"
	"coatcheck.dev/test/internal/trial"

	_ "modernc.org/sqlite"
)

// Cookies of the demo shop.
const (
	likesCookie    = "__Host-preferences"
	consentCookie  = "__Host-consent"
	recentCookie   = "__Host-recent"
	visitorCookie  = "__Host-visitor"
	posterCookie   = "__Host-poster"
	consentChoose  = ".consent-page button[value=choose]"
	consentNothing = ".consent-page button[value=reject]"
)

// wander visits everything that would like to keep something.
func wander(b *browser.Browser, site string) {
	for _, path := range []string{"/?from=radio", "/goods/tea", "/goods/cup", "/cart", "/"} {
		b.Navigate(site + path)
	}
}

// keeps checks that the browser keeps these cookies and nothing else.
func keeps(t *testing.T, b *browser.Browser, when string, want ...string) {
	t.Helper()
	var names []string
	for _, c := range b.Cookies() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("%s the browser keeps %q, want %q", when, names, want)
	}
	if n := browser.Eval[int](b, "localStorage.length + sessionStorage.length"); n != 0 {
		t.Errorf("%s the browser's storage has %d things", when, n)
	}
}

// onDisk returns the names of the cookies in the profile of a browser that is closed.
func onDisk(t *testing.T, b *browser.Browser) (names []string) {
	t.Helper()
	file := filepath.Join(b.Profile(), "Default", "Cookies")
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(b.Profile(), "Default", "Network", "Cookies")
	}
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT name FROM cookies ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

func choose(b *browser.Browser, site string, purposes ...string) {
	b.Navigate(site + "/consent/")
	for _, p := range purposes {
		b.Click(".consent-page input[value=" + p + "]")
	}
	b.Submit(consentChoose)
}

// Before the visitor agrees nothing is kept but what they asked for; then what they agreed to; and after they take it
// back it is gone from the browser and from its disk.
func TestABrowserKeepsWhatItsVisitorAgreesTo(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{})
	wander(b, h.site)
	keeps(t, b, "before anything is chosen")
	chooseDark(b, h.site)
	add(b, h.site, "tea")
	wander(b, h.site)
	keeps(t, b, "without an answer", likesCookie, sessionCookie)

	b.Submit(".consent-banner [data-coatcheck-consent=reject]")
	wander(b, h.site)
	keeps(t, b, "after no", likesCookie, sessionCookie, consentCookie)
	if n := len(b.Texts(".consent-banner")); n != 0 {
		t.Error("the visitor is asked again")
	}

	choose(b, h.site, "analytics")
	wander(b, h.site)
	keeps(t, b, "after yes to statistics", likesCookie, sessionCookie, consentCookie, visitorCookie)

	b.Navigate(h.site + "/consent/")
	b.Submit(".consent-page [data-coatcheck-consent=accept]")
	wander(b, h.site)
	keeps(t, b, "after yes to all", likesCookie, sessionCookie, consentCookie, visitorCookie, recentCookie,
		posterCookie)
	b.Close()
	if got := onDisk(t, b); !slices.Contains(got, visitorCookie) || !slices.Contains(got, recentCookie) {
		t.Errorf("on the disk there is %q, so this test sees nothing", got)
	}
	b.Restart()

	b.Navigate(h.site + "/consent/")
	b.Submit(consentNothing)
	keeps(t, b, "after it was taken back", likesCookie, consentCookie) // the session was not to be kept
	wander(b, h.site)
	keeps(t, b, "later", likesCookie, consentCookie)
	isQuiet(t, b)
	b.Close()
	if got := onDisk(t, b); !slices.Equal(got, []string{consentCookie, likesCookie}) {
		t.Errorf("on the disk there still is %q", got)
	}
}

// What a script sets without consent is gone after the next request, wherever it was put.
func TestWhatScriptsSetWithoutConsentGoes(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{})
	b.Navigate(h.site + "/")
	b.Submit(".consent-banner [data-coatcheck-consent=reject]")
	// In one step, because any request of the page may take the cookie back.
	if !browser.Eval[bool](b, `document.cookie = "`+posterCookie+`=radio; Path=/; Secure"
		document.cookie.includes("`+posterCookie+`=")`) {
		t.Fatal("the script could not set the cookie, so this test sees nothing")
	}
	b.Navigate(h.site + "/goods/tea")
	keeps(t, b, "after the next page", consentCookie)
}

// A browser that sends Sec-GPC: 1 keeps no statistics and no marketing, unless its visitor asks for them here.
func TestGlobalPrivacyControlIsHeeded(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{})
	b.Send(map[string]any{"Sec-GPC": "1"})
	wander(b, h.site)
	keeps(t, b, "with GPC alone")
	b.Navigate(h.site + "/consent/")
	if got := b.Text(".consent-gpc"); !strings.Contains(got, "Global Privacy Control") {
		t.Errorf("the page says %q", got)
	}
	choose(b, h.site, "personalization")
	wander(b, h.site)
	keeps(t, b, "with GPC, and yes to something else", consentCookie, recentCookie)
	choose(b, h.site, "analytics")
	wander(b, h.site)
	keeps(t, b, "with GPC, and yes here", consentCookie, recentCookie, visitorCookie)
}

func TestPreferencesOutliveSignOutAndRestart(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{})
	chooseDark(b, h.site)
	b.Submit("form[action=\"/language\"] button[value=de]")
	shows := func(when string) {
		t.Helper()
		b.Navigate(h.site + "/")
		const of = `document.documentElement.lang + " " + document.documentElement.dataset.theme`
		if got := browser.Eval[string](b, of); got != "de dark" || b.Text("#goods") != "Im Regal" {
			t.Errorf("%s the page is %s", when, got)
		}
	}
	shows("after the choice")
	signIn(b, h.site, "ada", false)
	shows("signed in")
	signOut(b, h.site)
	shows("signed out")
	b.Restart()
	shows("after a restart")

	other := browser.Start(t, browser.Options{})
	signIn(other, h.site, "ada", false)
	other.Navigate(h.site + "/")
	if got := browser.Eval[string](other, "document.documentElement.lang"); got != "de" {
		t.Errorf("in another browser ada reads %s", got)
	}
}

// axe finds nothing to say about the banner, the page and what is said of cookies, in light and dark, narrow and wide.
// The pictures are artifacts of the test: go test -artifacts.
func TestConsentIsAccessible(t *testing.T) {
	t.Parallel()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(tool.File(t, "axe-core", filepath.Join(cache, "coatcheck", "axe-core@4.11.1",
		"node_modules", "axe-core", "axe.min.js")))
	if err != nil {
		t.Fatal(err)
	}
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{})
	folder := t.ArtifactDir()
	widths := []int{320, 1280}
	if trial.Torture() {
		widths = append(widths, 768)
	}
	for _, width := range widths {
		for _, dark := range []bool{false, true} {
			for name, path := range map[string]string{"banner": "/", "page": "/consent/", "policy": "/cookies"} {
				shot := browser.Shot{Width: width, Height: 800, Dark: dark, FullPage: name != "banner"}
				b.Look(shot)
				b.Navigate(h.site + path)
				file := name + map[bool]string{true: "-dark-", false: "-light-"}[dark] + strconv.Itoa(width) + ".png"
				b.Screenshot(filepath.Join(folder, file), shot)
				browser.Eval[bool](b, string(axe)+"\ntrue")
				const run = `axe.run().then(r => r.violations.map(v =>
					v.id + ": " + v.nodes.map(n => n.target + " " + n.failureSummary).join(" | ")))`
				for _, violation := range browser.Eval[[]string](b, run) {
					t.Errorf("%s: %s", file, violation)
				}
				if wide := browser.Eval[int](b, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s is %d pixels wide", file, wide)
				}
				if name != "policy" {
					checkAnswers(t, b, file)
				}
			}
		}
	}
}

// checkAnswers: no is as near as yes and looks like it, both are native buttons that the keyboard reaches, nothing is
// ticked, and no script is needed.
func checkAnswers(t *testing.T, b *browser.Browser, file string) {
	t.Helper()
	const differ = `(() => {
		const look = answer => {
			const button = document.querySelector("button[data-coatcheck-consent=" + answer + "]")
			const style = getComputedStyle(button), box = button.getBoundingClientRect()
			if (box.height < 44 || button.tabIndex !== 0 || button.disabled) return "small"
			if (document.querySelector(".consent-banner") && (box.bottom > innerHeight || box.top < 0)) return "hidden"
			return [style.color, style.backgroundColor, style.fontSize, style.fontWeight, box.height].join()
		}
		const yes = look("accept"), no = look("reject")
		return yes === no && yes.includes("rgb") ? "" : yes + " / " + no
	})()`
	if got := browser.Eval[string](b, differ); got != "" {
		t.Errorf("%s: yes and no differ: %s", file, got)
	}
	if n := browser.Eval[int](b, `document.querySelectorAll("script, input[type=checkbox]:checked").length`); n != 0 {
		t.Errorf("%s: %d scripts, or boxes ticked before the visitor ticks them", file, n)
	}
}
