package policy_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/state"
	"coatcheck.dev/state/policy"
)

func inventory() *state.Inventory {
	inv := state.NewInventory()
	state.NewCookie[string](inv, state.CookieSpec{Name: "theme", Purpose: state.Preference, Sensitivity: state.Public,
		Lifetime: 24 * time.Hour, Description: "light or dark pages",
		Translations: map[string]string{"de": "helle oder dunkle Seiten"}, LegalBasis: state.ByContract})
	state.NewSession[string](inv, state.SessionSpec{Name: "cart", Purpose: state.Essential,
		Description: "what you <b>want</b>", Owner: "the shop's team"})
	inv.Declare(state.Entry{Name: "id", Place: state.InThirdPartyCookie, Host: "video.example", Purpose: "research",
		Lifetime: 90 * time.Minute, Description: "what was watched", Recipients: []string{"Video Ltd", "a university"},
		LegalBasis: "LGPD, article 7"})
	return inv
}

func get(h http.Handler, target, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	if accept != "" {
		r.Header.Set("Accept-Language", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestThePageSaysWhatIsDeclared(t *testing.T) {
	h := policy.Handler(inventory(), policy.Options{Site: "Peg & Kettle", ChoiceURL: "/choose", Contact: "a@b.example"})
	w := get(h, "/cookies", "")
	text := w.Body.String()
	at := 0
	for _, want := range []string{
		"<title>Cookies and other things that we keep – Peg &amp; Kettle</title>",
		`href="/choose"`,
		"Needed for the site to work", "Kept without asking", "what you &lt;b&gt;want&lt;/b&gt;", "cart",
		"as long as your visit or sign-in", "the shop&#39;s team",
		"Your settings", "light or dark pages", "__Host-theme", "in your browser, as a cookie", "up to 1 day",
		"you can read, change and delete it", "nothing about you alone", "a contract with you",
		"Other purposes: research", "Kept only if you say yes", "what was watched", "video.example", "up to 90 minutes",
		"Video Ltd, a university", "LGPD, article 7",
		"a@b.example",
	} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("there is no %q, or not there\n%s", want, text)
		}
		at += i
	}
	if strings.Contains(text, "<script") {
		t.Error("there is a script")
	}
	if empty := get(policy.Handler(state.NewInventory(), policy.Options{}), "/", ""); !strings.Contains(
		empty.Body.String(), "This site keeps nothing.") {
		t.Errorf("an empty inventory: %s", empty.Body)
	}
}

func TestThePageHasTheLanguageOfTheVisitor(t *testing.T) {
	h := policy.Handler(inventory(), policy.Options{})
	for _, c := range []struct{ target, accept, want string }{
		{"/", "", "en"}, {"/", "de", "de"}, {"/", "de-AT,en;q=0.5", "de"}, {"/", "fr, de;q=0.8, en;q=0.9", "en"},
		{"/", "ja", "en"}, {"/?lang=de", "en", "de"}, {"/?lang=en", "de", "en"}, {"/?lang=%00", "de", "en"},
		{"/", strings.Repeat("de,", 1000), "en"}, {"/", "\xff;q=x", "en"},
	} {
		w := get(h, c.target, c.accept)
		if got := w.Header().Get("Content-Language"); got != c.want ||
			!strings.Contains(w.Body.String(), `<html lang="`+c.want+`">`) {
			t.Errorf("%s with %.40q: %s, want %s", c.target, c.accept, got, c.want)
		}
		if w.Header().Get("Vary") != "Accept-Language" {
			t.Errorf("Vary %q", w.Header().Get("Vary"))
		}
	}
	german := get(h, "/", "de").Body.String()
	for _, want := range []string{"helle oder dunkle Seiten", "höchstens 1 Tag", "Ihre Einstellungen",
		"what was watched",
		`<a href="?lang=de" lang="de" hreflang="de" aria-current="true">Deutsch</a>`} {
		if !strings.Contains(german, want) {
			t.Errorf("the German page has no %q", want)
		}
	}
}

// A browser applies the style although the policy allows nothing else, and no other site frames the page.
func TestThePageIsProtected(t *testing.T) {
	w := get(policy.Handler(inventory(), policy.Options{}), "/", "")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(w.Body.String())
	sum := sha256.Sum256([]byte(style[1]))
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") ||
		!strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	r := httptest.NewRecorder()
	policy.Handler(inventory(), policy.Options{}).ServeHTTP(r, httptest.NewRequest("POST", "/", nil))
	if r.Code != http.StatusMethodNotAllowed || r.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", r.Code, r.Header())
	}
}

func TestTheAppHasAPageOfItsOwn(t *testing.T) {
	failing := false
	h := policy.Handler(inventory(), policy.Options{
		Log: slog.New(slog.DiscardHandler),
		Page: func(w io.Writer, _ *http.Request, p policy.Page) error {
			content, err := p.Content()
			_, _ = io.WriteString(w, "<body class=app>"+string(content))
			if failing {
				return errors.New("no template")
			}
			return err
		},
	})
	if w := get(h, "/", ""); !strings.HasPrefix(w.Body.String(), `<body class=app><main class="policy">`) ||
		w.Header().Get("Content-Security-Policy") != "" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	failing = true
	if w := get(h, "/", ""); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "app") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestLanguagesAreRead(t *testing.T) {
	text, err := os.ReadFile("languages/de.json")
	if err != nil {
		t.Fatal(err)
	}
	swiss := strings.NewReplacer(`"tag": "de"`, `"tag": "de-CH"`, "Straße", "Strasse").Replace(string(text))
	l, err := policy.ParseLanguage([]byte(swiss))
	if err != nil {
		t.Fatal(err)
	}
	h := policy.Handler(inventory(), policy.Options{Languages: []*policy.Language{l}})
	w := get(h, "/", "en")
	if page := w.Body.String(); w.Header().Get("Content-Language") != "de-CH" || strings.Contains(page, "<nav") ||
		!strings.Contains(page, "helle oder dunkle") {
		t.Errorf("%v %s", w.Header(), page)
	}
	for says, bad := range map[string]string{
		"EOF":                            "",
		"unknown field":                  `{"tag":"de","x":"y"}`,
		"behind":                         swiss + "{}",
		"none of BCP 47":                 strings.Replace(swiss, "de-CH", "!", 1),
		"there is no text for title":     strings.Replace(swiss, "Cookies und anderes, was wir aufbewahren", " ", 1),
		"there is no text for places.Ca": strings.Replace(swiss, "Cache Storage", "Cache", 1),
	} {
		if _, err := policy.ParseLanguage([]byte(bad)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
}
