package banner_test

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/state"
	"coatcheck.dev/state/banner"
)

// declared has a cookie for each of three purposes.
func declared() *state.Consent {
	inventory := state.NewInventory()
	consent := state.NewConsent(inventory, state.ConsentSpec{})
	for name, purpose := range map[string]state.Purpose{
		"seen": state.Analytics, "poster": state.Marketing, "study": "research",
	} {
		state.NewOptional[string](inventory, consent, state.CookieSpec{
			Name: name, Purpose: purpose, Lifetime: 48 * time.Hour,
			Description: "about " + name, Translations: map[string]string{"de": "von " + name}})
	}
	return consent
}

func get(path string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func post(path string, fields url.Values, site string) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", site)
	return r
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// after returns a request of a browser that has got a response.
func after(w *httptest.ResponseRecorder) *http.Request {
	r := get("/")
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			r.AddCookie(c)
		}
	}
	return r
}

func TestEachAnswerIsStored(t *testing.T) {
	consent := declared()
	ask := banner.New(consent, banner.Options{})
	for about, c := range map[string]struct {
		form   url.Values
		agreed []state.Purpose
	}{
		"accept": {url.Values{"answer": {"accept"}}, []state.Purpose{state.Analytics, state.Marketing, "research"}},
		"reject": {url.Values{"answer": {"reject"}, "purpose": {"analytics"}}, nil},
		"choose": {url.Values{"answer": {"choose"}, "purpose": {"research", "essential", "moon"}},
			[]state.Purpose{"research"}},
	} {
		t.Run(about, func(t *testing.T) {
			c.form.Set("return_to", "/tea?x=1")
			w := answer(ask, post("/consent/", c.form, "same-origin"))
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/tea?x=1" {
				t.Fatalf("%d to %q", w.Code, w.Header().Get("Location"))
			}
			a, ok := consent.Answer(after(w))
			if !ok || !slices.Equal(a.Agreed, c.agreed) || len(a.Agreed)+len(a.Refused) != 3 {
				t.Errorf("%+v", a)
			}
			shown := httptest.NewRecorder()
			if text, err := ask.HTML(shown, after(w)); text != "" || err != nil {
				t.Errorf("the visitor is asked again: %s, %v", text, err)
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	ask := banner.New(declared(), banner.Options{})
	yes := url.Values{"answer": {"accept"}}
	for about, c := range map[string]struct {
		r      *http.Request
		status int
	}{
		"no answer":       {post("/consent/", url.Values{}, "same-origin"), http.StatusUnprocessableEntity},
		"in the URL":      {post("/consent/?answer=accept", nil, "same-origin"), http.StatusUnprocessableEntity},
		"of another site": {post("/consent/", yes, "cross-site"), http.StatusForbidden},
		"too large":       {post("/consent/", url.Values{"x": {strings.Repeat("x", 20<<10)}}, "same-origin"), 400},
		"by a link":       {get("/consent/?answer=accept"), http.StatusOK},
		"another page":    {get("/consent/other"), http.StatusNotFound},
		"another word":    {post("/consent/", url.Values{"answer": {"no"}}, "same-origin"), 422},
	} {
		t.Run(about, func(t *testing.T) {
			if w := answer(ask, c.r); w.Code != c.status || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%d, %v, want %d and no cookie", w.Code, w.Header(), c.status)
			}
		})
	}
	yes.Set("return_to", "https://evil.example/")
	if w := answer(ask, post("/consent/", yes, "same-origin")); w.Header().Get("Location") != "/consent/?saved=1" {
		t.Errorf("the visitor is led to %q", w.Header().Get("Location"))
	}
}

func TestTheBannerAsksOnlyWhatIsOpen(t *testing.T) {
	inventory := state.NewInventory()
	consent := state.NewConsent(inventory, state.ConsentSpec{})
	ask := banner.New(consent, banner.Options{})
	html := func(r *http.Request) string {
		w := httptest.NewRecorder()
		text, err := ask.HTML(w, r)
		if err != nil || strings.Join(w.Header()["Vary"], ", ") != "Cookie, Sec-GPC" {
			t.Errorf("%v, Vary %q", err, w.Header()["Vary"])
		}
		return string(text)
	}
	if text := html(get("/")); text != "" {
		t.Errorf("without optional purposes: %s", text)
	}
	state.NewOptional[int](inventory, consent, state.CookieSpec{Name: "n", Purpose: state.Analytics, Description: "x"})
	text := html(get(`/tea?q="<b>`))
	for _, want := range []string{`value="reject" data-coatcheck-consent="reject"`,
		`value="accept" data-coatcheck-consent="accept"`, `data-coatcheck-consent="settings"`,
		`name="return_to" value="/tea?q=&#34;&lt;b&gt;"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "onclick") || strings.Contains(text, "style=") {
		t.Error("the banner needs a script")
	}
	if text := html(get("/", "Sec-GPC", "1")); text != "" {
		t.Errorf("who has said no by Sec-GPC is asked: %s", text)
	}
}

func TestThePageShowsWhatIsKept(t *testing.T) {
	consent := declared()
	ask := banner.New(consent, banner.Options{PolicyURL: "/policy"})
	w := answer(ask, get("/consent/?saved=1", "Sec-GPC", "1"))
	page := w.Body.String()
	for _, want := range []string{"Statistics", "Marketing", "research", "__Host-seen", "about study · 2 days",
		`href="/policy"`, "Global Privacy Control", "Your choice is stored.", "Always on",
		`href="/consent/style.css"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(page, " checked") || strings.Count(page, `type="checkbox"`) != 3 {
		t.Error("something is ticked before the visitor ticks it")
	}
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "private, no-store"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s %q", name, got)
		}
	}
	yes := answer(ask, post("/consent/", url.Values{"answer": {"choose"}, "purpose": {"research"}}, "same-origin"))
	r := after(yes)
	r.URL.Path = "/consent/"
	if page := answer(ask, r).Body.String(); strings.Count(page, " checked") != 1 {
		t.Error("the page does not show the answer")
	}
	if w := answer(ask, get("/consent/style.css")); w.Code != 200 || !strings.Contains(w.Body.String(), "consent-") {
		t.Errorf("style sheet: %d", w.Code)
	}
}

func TestLanguages(t *testing.T) {
	ask := banner.New(declared(), banner.Options{
		Words: func(http.ResponseWriter, *http.Request) banner.Words { return banner.German() }})
	page := answer(ask, get("/consent/")).Body.String()
	for _, want := range []string{`<html lang="de"`, "Alles ablehnen", "von seen · 2 Tage", "Statistik"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	for d, want := range map[time.Duration]string{0: "until the browser closes", 24 * time.Hour: "1 day",
		36 * time.Hour: "36 hours", 90 * time.Second: "2 minutes"} {
		if got := banner.English().Lifetime(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestAPageOfTheAppsOwn(t *testing.T) {
	var failure error
	ask := banner.New(declared(), banner.Options{
		Path: "/privacy/", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Page: func(w io.Writer, _ *http.Request, p banner.Page) error {
			content, err := p.Content()
			fmt.Fprintf(w, "<body>%s", content)
			return errors.Join(err, failure)
		}})
	if w := answer(ask, get("/privacy/")); !strings.HasPrefix(w.Body.String(), "<body><div") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	failure = errors.New("no template")
	if w := answer(ask, get("/privacy/")); w.Code != 500 || strings.Contains(w.Body.String(), "<body>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, path := range []string{"privacy/", "/privacy", "/a//b/", "/{x}/"} {
		if err := (banner.Options{Path: path}).Check(); err == nil {
			t.Errorf("Path %q is accepted", path)
		}
	}
}

func Example() {
	inventory := state.NewInventory()
	consent := state.NewConsent(inventory, state.ConsentSpec{Version: "2026-11"})
	state.NewVisitorID(inventory, consent, state.VisitorSpec{Cookie: state.CookieSpec{
		Name: "visitor", Purpose: state.Analytics, Description: "counts visits",
	}})
	ask := banner.New(consent, banner.Options{})

	page := template.Must(template.New("page").Parse("<!doctype html><title>Tea</title>{{.}}<main>Tea</main>"))
	mux := http.NewServeMux()
	mux.Handle("/consent/", ask)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		content, err := ask.HTML(w, r)
		if err == nil {
			err = page.Execute(w, content)
		}
		if err != nil {
			http.Error(w, "please try again", http.StatusInternalServerError)
		}
	})

	w := httptest.NewRecorder()
	consent.Handler(mux).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(strings.Count(w.Body.String(), "<button"), "buttons")
	// Output: 2 buttons
}

func TestBannersNeedAConsent(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "New needs a consent") {
			t.Error(text)
		}
	}()
	banner.New(nil, banner.Options{})
}
