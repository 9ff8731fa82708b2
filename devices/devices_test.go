package devices_test

import (
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/csrf"
	"coatcheck.dev/devices"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// Rows: ASVS 7.5.2
func TestListShowsTheUsersDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, devices.Options{})
		s.signedIn("ada", "Label", "Firefox on Linux")
		time.Sleep(45 * time.Minute)
		s.signedIn("alan", "Label", "Alan's own")
		ada := s.signedIn("ada", "User-Agent", "curl/8.14.1 <b>")
		ada.do("POST", "/login", "user=ada&remember=yes", "User-Agent", "curl/8.14.1 <b>")
		time.Sleep(5 * time.Minute)

		w := ada.get("/devices/")
		page := w.Body.String()
		for _, want := range []string{
			"Firefox on Linux", "<bdi>curl</bdi>", "50 minutes ago", "5 minutes ago", "192.0.2.1", "This device",
			"Stays signed in",
			`<html lang="en">`, `<h1>Your devices</h1>`,
			`aria-label="Sign out Firefox on Linux, last used 50 minutes ago"`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q:\n%s", want, page)
			}
		}
		if strings.Contains(page, "Alan") || strings.Count(page, "<h2>") != 2 ||
			strings.Count(page, "This device") != 1 {
			t.Errorf("the page has other devices than ada's two:\n%s", page)
		}
		if strings.Index(page, "This device") > strings.Index(page, "Firefox on Linux") {
			t.Error("this device is not the first")
		}

		list := ada.list()
		if len(list) != 2 {
			t.Fatalf("listed %+v", list)
		}
		first, second := list[0], list[1]
		if !first.Current || !first.Remember || first.Name != "curl" || first.Address != "192.0.2.1" {
			t.Errorf("first %+v", first)
		}
		if second.Current || second.Remember || second.Name != "Firefox on Linux" ||
			first.Started.Sub(second.Started) != 45*time.Minute {
			t.Errorf("second %+v", second)
		}
	})
}

// The list tells when each session ends at the latest, by the limits of the site or by its own.
//
// Rows: ASVS 7.5.2
func TestListShowsWhenSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time begins on 1 January 2000
		s := newSite(t, devices.Options{})
		ada := s.signedIn("ada")
		ada.do("POST", "/login", "user=ada&for=90m")
		s.signedIn("ada")
		page := ada.get("/devices/").Body.String()
		for _, want := range []string{
			`<time datetime="2000-01-01T01:30:00Z">1 January 2000, 01:30 UTC</time> at the latest`,
			`<time datetime="2000-01-02T00:00:00Z">2 January 2000, 00:00 UTC</time> at the latest`,
		} {
			if strings.Count(page, want) != 1 {
				t.Errorf("the page lacks %q:\n%s", want, page)
			}
		}
		if list := ada.list(); len(list) != 2 || !list[0].Ends.Equal(time.Now().Add(90*time.Minute)) {
			t.Errorf("listed %+v", list)
		}
	})
}

// Rows: ASVS 7.5.2
func TestOneDeviceIsSignedOut(t *testing.T) {
	s := newSite(t, devices.Options{})
	here, there := s.signedIn("ada"), s.signedIn("ada")
	handle := there.handle()
	wantRedirect(t, here.post("end="+handle), "/devices/?done=one")
	if there.alive() || !here.alive() {
		t.Errorf("there alive %v, here %v", there.alive(), here.alive())
	}
	if page := here.get("/devices/?done=one").Body.String(); !strings.Contains(page,
		`role="status">The device was signed out.`) {
		t.Errorf("the page says nothing of it: %s", page)
	}
	wantRedirect(t, here.post("end="+handle), "/devices/?done=gone")
}

// Rows: ASVS 7.5.2
func TestThisDeviceIsSignedOut(t *testing.T) {
	s := newSite(t, devices.Options{})
	here, there := s.signedIn("ada"), s.signedIn("ada")
	wantRedirect(t, here.post("end="+here.handle()), "/devices/")
	if here.ticket != "" {
		t.Error("the cookie stays")
	}
	wantRedirect(t, here.get("/devices/"), "/login?return_to=%2Fdevices%2F")
	if !there.alive() {
		t.Error("the other device was signed out")
	}
}

// Rows: ASVS 7.4.3
func TestAllOtherDevicesAreSignedOut(t *testing.T) {
	s := newSite(t, devices.Options{}, func(o *session.Options) { o.MaxSessions = -1 })
	here, alan := s.signedIn("ada"), s.signedIn("alan")
	var others []*browser
	for range 3 {
		others = append(others, s.signedIn("ada"))
	}
	wantRedirect(t, here.post("end=others"), "/devices/?done=others")
	for i, b := range others {
		if b.alive() {
			t.Errorf("device %d is still signed in", i)
		}
	}
	if !here.alive() || !alan.alive() {
		t.Errorf("here alive %v, alan %v", here.alive(), alan.alive())
	}
}

// A button that ends much is preceded by a question, and none of it can be shown in another site's frame.
//
// Rows: A24
func TestSigningOutEverywhereAsksFirst(t *testing.T) {
	s := newSite(t, devices.Options{})
	here := s.signedIn("ada")
	if page := here.get("/devices/").Body.String(); strings.Contains(page, "others") {
		t.Errorf("with one device there is nothing to ask: %s", page)
	}
	if page := here.get("/devices/?ask=others").Body.String(); !strings.Contains(page, "nowhere else") ||
		strings.Contains(page, "<button") {
		t.Errorf("with one device the question is %s", page)
	}
	there := s.signedIn("ada")
	page := here.get("/devices/").Body.String()
	if !strings.Contains(page, `href="/devices/?ask=others"`) || strings.Contains(page, `value="others"`) {
		t.Errorf("the list does not lead to the question: %s", page)
	}
	w := here.get("/devices/?ask=others")
	if page := w.Body.String(); !strings.Contains(page, "One other device is") ||
		!strings.Contains(page, `name="end" value="others"`) {
		t.Errorf("the question is %s", page)
	}
	if !there.alive() {
		t.Error("asking has signed it out")
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; " +
			"frame-ancestors 'none'",
		"X-Frame-Options":        "DENY",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "same-origin",
		"Cache-Control":          "private, no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A handle is public, so that knowing one must not be enough.
func TestForeignHandlesAreUnknown(t *testing.T) {
	s := newSite(t, devices.Options{})
	ada, alan := s.signedIn("ada"), s.signedIn("alan")
	foreign := alan.handle()
	answers := map[string]bool{}
	for _, handle := range []string{foreign, store.ID{}.String(), strings.Repeat("a", 22), "nonsense", ""} {
		w := ada.post("end=" + handle)
		wantRedirect(t, w, "/devices/?done=gone")
		w = ada.post("end="+handle, "Accept", "application/json")
		answers[fmt.Sprint(w.Code, w.Body)] = true
	}
	if len(answers) != 1 || !answers["404 {\"error\":\"You are not signed in on a device of this handle.\"}\n"] {
		t.Errorf("the answers tell which handles there are: %v", answers)
	}
	if !alan.alive() || !ada.alive() {
		t.Error("somebody was signed out")
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	s := newSite(t, devices.Options{})
	ada, there := s.signedIn("ada"), s.signedIn("ada")
	for _, from := range []string{"cross-site", "same-site"} {
		if w := ada.post("end=others", "Sec-Fetch-Site", from); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d", from, w.Code)
		}
	}
	if w := ada.post("end=others", "Sec-Fetch-Site", "", "Origin",
		"https://evil.example"); w.Code != http.StatusForbidden {
		t.Errorf("an old browser: status %d", w.Code)
	}
	if !there.alive() {
		t.Error("another site has signed a device out")
	}
}

func TestGuardOfTheApp(t *testing.T) {
	guard := csrf.New(csrf.Options{TrustedOrigins: []string{"https://accounts.example"}})
	s := newSite(t, devices.Options{Guard: guard})
	ada := s.signedIn("ada")
	if w := ada.post("end=others", "Sec-Fetch-Site", "same-site", "Origin",
		"https://accounts.example"); w.Code != http.StatusSeeOther {
		t.Errorf("status %d", w.Code)
	}
}

// A guard that asks for tokens finds them in the forms of the page and of the question.
func TestTokensOfTheApp(t *testing.T) {
	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: func(*http.Request) string { return "ada" }}})
	s := newSite(t, devices.Options{Guard: guard})
	ada, there := s.signedIn("ada"), s.signedIn("ada")
	field := regexp.MustCompile(`<form [^>]*>\s*<input type="hidden" name="csrf_token" value="([^"]*)">`)
	if w := ada.post("end=others", "Sec-Fetch-Site", ""); w.Code != http.StatusForbidden || !there.alive() {
		t.Errorf("without a token: status %d, other device signed in: %t", w.Code, there.alive())
	}
	for path, forms := range map[string]int{"/devices/": 2, "/devices/?ask=others": 1} {
		if found := field.FindAllString(ada.get(path).Body.String(), -1); len(found) > 0 {
			t.Errorf("%s: a browser of today gets tokens: %q", path, found)
		}
		w := ada.get(path, "Sec-Fetch-Site", "")
		found := field.FindAllStringSubmatch(w.Body.String(), -1)
		if len(found) != forms {
			t.Fatalf("%s: %d forms have a token, want %d", path, len(found), forms)
		}
		r := httptest.NewRequest("POST", "https://shop.example/devices/", nil)
		r.AddCookie(w.Result().Cookies()[0])
		r.Header.Set(csrf.HeaderName, found[0][1])
		if err := guard.Check(r); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Who is not signed in is asked to, and nothing else happens.
func TestVisitors(t *testing.T) {
	s := newSite(t, devices.Options{})
	ada := s.signedIn("ada")
	nobody := &browser{site: s}
	wantRedirect(t, nobody.get("/devices/"), "/login?return_to=%2Fdevices%2F")
	for what, w := range map[string]*httptest.ResponseRecorder{
		"JSON":     nobody.get("/devices/", "Accept", "application/json"),
		"a handle": nobody.post("end=" + ada.handle()),
		"others":   nobody.post("end=others"),
	} {
		if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "192.0.2") {
			t.Errorf("%s: status %d, %s", what, w.Code, w.Body)
		}
	}
	if !ada.alive() {
		t.Error("a stranger has signed ada out")
	}
}

func TestMalformedRequests(t *testing.T) {
	s := newSite(t, devices.Options{})
	ada := s.signedIn("ada")
	there := s.signedIn("ada")
	for what, form := range map[string]string{
		"nothing": "", "another field": "handle=x", "two values": "end=others&end=" +
			ada.handle(), "bad escape": "end=%zz",
		"too long": "end=" + strings.Repeat("a", 5000), "too many fields": strings.Repeat("a=&", 5000) + "end=others",
	} {
		if w := ada.post(form); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", what, w.Code)
		}
	}
	// What is in a URL is in histories, and in links.
	if w := ada.do("POST", "/devices/?end=others", ""); w.Code != http.StatusBadRequest {
		t.Errorf("in the query: status %d", w.Code)
	}
	if w := ada.get("/devices/?end=others"); w.Code != http.StatusOK || !there.alive() {
		t.Errorf("GET: status %d, other device alive %v", w.Code, there.alive())
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		if w := ada.do(method, "/devices/", ""); w.Code != http.StatusMethodNotAllowed ||
			w.Header().Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("%s: status %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	for _, path := range []string{"/devices/x", "/devices", "/other", "/devices/style.css/x"} {
		if w := ada.get(path); w.Code == http.StatusOK {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	if !there.alive() {
		t.Error("a malformed request has signed a device out")
	}
}

func TestJSON(t *testing.T) {
	s := newSite(t, devices.Options{})
	here, there := s.signedIn("ada"), s.signedIn("ada")
	s.signedIn("ada")
	for _, tt := range []struct {
		form   string
		status int
		body   string
	}{
		{"end=" + there.handle(), 200, `{"ended":1}`},
		{"end=others", 200, `{"ended":1}`},
		{"end=others", 200, `{"ended":0}`},
		{"", 400, `{"error":"The form has to have one value end: a handle, or others."}`},
		{"end=" + here.handle(), 200, `{"ended":1}`},
		{"end=others", 401, `{"error":"Please sign in."}`},
	} {
		w := here.post(tt.form, "Accept", "application/json")
		if w.Code != tt.status || strings.TrimSpace(w.Body.String()) != tt.body {
			t.Errorf("%q: %d %s, want %d %s", tt.form, w.Code, w.Body, tt.status, tt.body)
		}
	}
}

// When the store does not answer, nothing is claimed, and what it said is not for users.
func TestStoreFails(t *testing.T) {
	s := newSite(t, devices.Options{})
	here, there := s.signedIn("ada"), s.signedIn("ada")
	handle, own := there.handle(), here.handle()
	check := func(what string, w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" ||
			strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: status %d, %v, %s", what, w.Code, w.Header(), w.Body)
		}
		if cookies := w.Result().Cookies(); len(cookies) > 0 {
			t.Errorf("%s: cookies %v", what, cookies)
		}
	}
	s.store.noList.Store(true)
	check("list", here.get("/devices/"))
	check("JSON list", here.get("/devices/", "Accept", "application/json"))
	check("one, by the list", here.post("end="+handle))
	s.store.noList.Store(false)
	s.store.noDelete.Store(true)
	check("one", here.post("end="+handle))
	check("this one", here.post("end="+own))
	check("others", here.post("end=others"))
	s.store.noDelete.Store(false)
	if !here.alive() || !there.alive() {
		t.Error("somebody was signed out")
	}
}

// What users do to their sessions is on the record, with who did it.
//
// Rows: C7
func TestEndsAreEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, devices.Options{})
		here, there := s.signedIn("ada"), s.signedIn("ada")
		s.signedIn("ada")
		handle := there.handle()
		here.post("end=" + handle)
		here.post("end=others")
		here.post("end=" + here.handle())
		synctest.Wait()
		close(s.events)
		revoked, out := 0, 0
		for e := range s.events {
			switch e.Kind {
			case event.Revoked:
				revoked++
				if e.Actor != "ada" || e.Reason == "" || e.Handle.IsZero() {
					t.Errorf("event %+v", e)
				}
			case event.SignedOut:
				out++
			}
		}
		if revoked != 2 || out != 1 {
			t.Errorf("%d revoked, %d signed out", revoked, out)
		}
	})
}

func TestPages(t *testing.T) {
	s := newSite(t, devices.Options{}, func(o *session.Options) { o.MaxSessions = -1 })
	var oldest string
	for i := range 119 {
		b := s.signedIn("ada", "Label", fmt.Sprintf("<%d>", i))
		if i == 0 {
			oldest = b.handle()
		}
	}
	ada := s.signedIn("ada", "Label", "here")
	for _, tt := range []struct {
		query        string
		rows         int
		newer, older string
	}{
		{"", 50, "", "?page=2"}, {"?page=1", 50, "", "?page=2"}, {"?page=2", 50, "?page=1", "?page=3"}, {"?page=3",
			20, "?page=2", ""},
		{"?page=4", 20, "?page=2", ""}, {"?page=0", 50, "", "?page=2"}, {"?page=-1", 50, "", "?page=2"}, {"?page=x",
			50, "", "?page=2"},
		{"?page=99999999999999999999999", 20, "?page=2", ""},
	} {
		page := ada.get("/devices/" + tt.query).Body.String()
		if n := strings.Count(page, "<h2>"); n != tt.rows {
			t.Errorf("%q: %d devices, want %d", tt.query, n, tt.rows)
		}
		for rel, want := range map[string]string{"prev": tt.newer, "next": tt.older} {
			link := fmt.Sprintf(`href="/devices/%s" rel="%s"`, want, rel)
			if got := strings.Contains(page, `rel="`+rel+`"`); got != (want != "") || got &&
				!strings.Contains(page, link) {
				t.Errorf("%q: no %s in %s", tt.query, link, page)
			}
		}
	}
	if n := len(ada.list()); n != 120 {
		t.Errorf("JSON has %d devices", n)
	}
	wantRedirect(t, ada.post("end="+oldest), "/devices/?done=one")
}

// Without any configuration, people know their devices by a name.
//
// Rows: ASVS 7.5.2
func TestNames(t *testing.T) {
	s := newSite(t, devices.Options{}, func(o *session.Options) { o.DeviceLabel = nil })
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0": "Firefox on Windows",
		"curl/8.14.1":            "curl",
		"":                       "Unknown browser",
		" \t ":                   "Unknown browser",
		"8.14.1":                 "Unknown browser",
		"a\u202eb\x00c\xffd":     "abcd",
		strings.Repeat("x", 80):  strings.Repeat("x", 24),
		strings.Repeat("ü/", 20): "Unknown browser",
	} {
		if got := s.signedIn("ada", "User-Agent", agent).list()[0].Name; got != want {
			t.Errorf("%q is called %q, want %q", agent, got, want)
		}
	}
}

// A name is shown with what is unseen in it, on the page and to a terminal; JSON still means the name.
//
// Rows: A44, ASVS 16.4.1
func TestHostileNamesAreShown(t *testing.T) {
	s := newSite(t, devices.Options{})
	ada := s.signedIn("ada\u202enimda\u200b", "Label", "Fire\u202efox\u2028")
	s.signedIn("ada\u202enimda\u200b")
	for _, page := range []string{"/devices/", "/devices/?ask=others"} {
		text := ada.get(page).Body.String()
		if !strings.Contains(text, `<bdi>ada\u202enimda\u200b</bdi>`) ||
			strings.ContainsAny(text, "\u202e\u200b\u2028") {
			t.Errorf("%s is %s", page, text)
		}
	}
	text := ada.get("/devices/", "Accept", "application/json").Body.String()
	if strings.ContainsAny(text, "\u202e\u2028") || ada.list()[0].Name != `Fire\u202efox\u2028` {
		t.Errorf("the JSON is %s", text)
	}
}

// The content of the default page can stand in another layout, and is escaped there as in its own.
func TestContentInALayout(t *testing.T) {
	layout := template.Must(template.New("").Parse(`<h9>{{.}}</h9>`))
	s := newSite(t, devices.Options{Page: func(w io.Writer, _ *http.Request, p devices.Page) error {
		content, err := p.Content()
		if err != nil {
			return err
		}
		return layout.Execute(w, content)
	}})
	got := s.signedIn("<ada>", "Label", "<Firefox>").get("/devices/").Body.String()
	for _, want := range []string{"<h9>\n<h1>Your devices</h1>", "&lt;Firefox&gt;", "&lt;ada&gt;", "</ul></h9>"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q: %s", want, got)
		}
	}
	if strings.Contains(got, "<html") || strings.Contains(got, "<Firefox>") {
		t.Errorf("the page is %s", got)
	}
}

func TestPageOfTheApp(t *testing.T) {
	own := template.Must(template.New("").Parse(
		`{{.User}}: {{range .Devices}}{{.Name}} {{.Handle}} {{end}}{{.Path}} {{.Others}}`))
	s := newSite(t, devices.Options{Path: "/account/browsers/", Page: pageOf(own)})
	ada := s.signedIn("ada", "Label", "Firefox")
	w := ada.get("/account/browsers/")
	if got := w.Body.String(); !strings.HasPrefix(got, "ada: Firefox ") ||
		!strings.HasSuffix(got, " /account/browsers/ 0") {
		t.Errorf("the page is %q", got)
	}
	if got := w.Header().Values("Content-Security-Policy"); len(got) != 1 || got[0] != "frame-ancestors 'none'" {
		t.Errorf("policies %q", got)
	}
	wantRedirect(t, ada.do("POST", "/account/browsers/", "end=others"), "/account/browsers/?done=others")
	if w := ada.get("/devices/"); w.Code != http.StatusNotFound {
		t.Errorf("at the default path: status %d", w.Code)
	}
}

// The app's layout has to know who asks, for its menu, and how: for its language, or the colours in a cookie.
func TestPageInTheLayoutOfTheApp(t *testing.T) {
	s := newSite(t, devices.Options{Page: func(w io.Writer, r *http.Request, p devices.Page) error {
		s := session.From(r.Context())
		_, err := fmt.Fprintf(w, "%s in %s: %d", s.User(), r.Header.Get("Accept-Language"), len(p.Devices))
		return err
	}})
	w := s.signedIn("ada").get("/devices/", "Accept-Language", "de")
	if w.Code != http.StatusOK || w.Body.String() != "ada in de: 1" {
		t.Errorf("status %d, body %q", w.Code, w.Body)
	}
}

// pageOf is a page that needs nothing of the request.
func pageOf(text *template.Template) func(io.Writer, *http.Request, devices.Page) error {
	return func(w io.Writer, _ *http.Request, p devices.Page) error { return text.Execute(w, p) }
}

func TestPageThatFails(t *testing.T) {
	var log strings.Builder
	own := template.Must(template.New("").Parse(`half a page {{.NoSuchField}}`))
	s := newSite(t, devices.Options{Page: pageOf(own), Log: slog.New(slog.NewTextHandler(&log, nil))})
	w := s.signedIn("ada").get("/devices/")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "half") ||
		!strings.Contains(log.String(), "NoSuchField") {
		t.Errorf("status %d, body %q, log %s", w.Code, w.Body, &log)
	}
}

// The style sheet is for everybody and can be kept, and the page needs nothing else.
func TestStyle(t *testing.T) {
	s := newSite(t, devices.Options{})
	page := s.signedIn("ada").get("/devices/").Body.String()
	_, rest, _ := strings.Cut(page, `rel="stylesheet" href="`)
	href, _, _ := strings.Cut(rest, `"`)
	w := (&browser{site: s}).get(href)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%s: status %d, %v", href, w.Code, w.Header())
	}
	for _, inline := range []string{"<script", "<style", " style=", " onclick=", "http:", "https:"} {
		if strings.Contains(page, inline) {
			t.Errorf("the page has %q", inline)
		}
	}
}

func TestOptionsCheck(t *testing.T) {
	for path, ok := range map[string]bool{
		"": true, "/devices/": true, "/a/b/": true, "/": true,
		"devices/": false, "/devices": false, "//evil.example/": false, "/a//b/": false, "/a/../b/": false,
		"/{x}/": false, "/a b/": false, "/a?/": false,
	} {
		if err := (devices.Options{Path: path}).Check(); (err == nil) != ok {
			t.Errorf("%q: %v", path, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Handler takes a wrong path")
		}
	}()
	devices.Handler(nil, devices.Options{Path: "devices"})
}

func TestPagesNeedAManager(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "Handler needs the session manager") {
			t.Error(text)
		}
	}()
	devices.Handler(nil, devices.Options{})
}
