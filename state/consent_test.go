package state_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/jar"
	"coatcheck.dev/seal"
	"coatcheck.dev/state"
)

// asked has something for each of the three usual purposes, and one of the site's own.
func asked(spec state.ConsentSpec) (*state.Inventory, *state.Consent, state.Optional[[]string]) {
	inventory := state.NewInventory()
	consent := state.NewConsent(inventory, spec)
	recent := state.NewOptional[[]string](inventory, consent, state.CookieSpec{
		Name: "recent", Purpose: state.Personalization, Lifetime: time.Hour, Description: "what the visitor looked at"})
	inventory.Declare(state.Entry{Name: "_ga*", Place: state.InCookie, Purpose: state.Analytics, Description: "visits",
		Attributes: &state.Attributes{Path: "/", Domain: "example.com"}})
	inventory.Declare(state.Entry{Name: "_ads", Place: state.InCookie, Purpose: state.Marketing, Description: "ads",
		Attributes: &state.Attributes{Path: "/ads", Domain: "example.com", Secure: true, Partitioned: true,
			SameSite: cookie.SameSiteNone}})
	inventory.Declare(state.Entry{Name: "trial", Place: state.InCookie, Purpose: "research", Description: "trials"})
	return inventory, consent, recent
}

// with returns a request with cookies.
func with(cookies string) *http.Request {
	r := httptest.NewRequest("GET", "https://www.example.com/goods/tea/", nil)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

// answered returns the consent cookie of a visitor who agrees to some purposes.
func answered(t *testing.T, c *state.Consent, agreed ...state.Purpose) string {
	t.Helper()
	w := httptest.NewRecorder()
	must(t, c.Set(w, with(""), agreed...))
	value, _ := cookie.Lookup(next(w).Header["Cookie"], c.Name())
	return c.Name() + "=" + value
}

func TestNothingIsKeptWithoutConsent(t *testing.T) {
	_, consent, recent := asked(state.ConsentSpec{})
	keeps := func(cookies string) bool {
		w := httptest.NewRecorder()
		kept, err := recent.Set(w, with(cookies), []string{"tea"})
		must(t, err)
		if set := len(w.Header()) > 0; set != kept {
			t.Errorf("Set says %v, and the response has %v", kept, w.Header())
		}
		return kept
	}
	yes, no := answered(t, consent, state.Personalization), answered(t, consent)
	for _, c := range []struct {
		about, cookies string
		want           bool
	}{{"nobody was asked", "", false}, {"no", no, false}, {"yes", yes, true},
		{"yes to something else", answered(t, consent, state.Analytics, "research"), false}} {
		if got := keeps(c.cookies); got != c.want {
			t.Errorf("%s: kept %v", c.about, got)
		}
	}
	// What stayed behind in the browser without consent is not read.
	const value = "; __Host-recent=WyJ0ZWEiXQ"
	if got := recent.Get(with(yes + value)); !slices.Equal(got, []string{"tea"}) {
		t.Errorf("with consent: %q", got)
	}
	if got, ok := recent.Lookup(with(no + value)); ok || got != nil {
		t.Errorf("without consent: %q", got)
	}
	if !consent.Allows(with(""), state.Preference) || !consent.Allows(with(""), state.Essential) {
		t.Error("nobody need agree to what they asked for")
	}
	if err := consent.Set(httptest.NewRecorder(), with(""), "two words"); err == nil {
		t.Error("an impossible purpose is accepted")
	}
	if kept, err := recent.Set(httptest.NewRecorder(), with(yes), make([]string, 5000)); kept || err == nil {
		t.Errorf("a value that is too large: %v, %v", kept, err)
	}
	w := httptest.NewRecorder()
	if recent.Delete(w); !strings.Contains(w.Header().Get("Set-Cookie"), "__Host-recent=; Path=/; Expires=Thu") {
		t.Errorf("Delete: %v", w.Header())
	}
}

// An answer holds for what the same request sets after it: a withdrawal that counted from the next request on would
// leave a cookie behind, and a page after the first yes would not count its visitor.
func TestAnAnswerHoldsAtOnce(t *testing.T) {
	inventory, consent, recent := asked(state.ConsentSpec{})
	visitor := state.NewVisitorID(inventory, consent, state.VisitorSpec{
		Cookie: state.CookieSpec{Name: "visitor", Purpose: state.Analytics, Description: "counts visits"},
	})
	yes := answered(t, consent, state.Personalization, state.Analytics)
	for _, c := range []struct {
		cookies string
		agreed  []state.Purpose
		want    bool
	}{
		{yes, nil, false}, {"", []state.Purpose{state.Personalization, state.Analytics}, true},
		{yes, []state.Purpose{state.Personalization, state.Analytics}, true}, {"", nil, false},
	} {
		w, r := httptest.NewRecorder(), with(c.cookies)
		must(t, consent.Set(w, r, c.agreed...))
		kept, err := recent.Set(w, r, []string{"tea"})
		must(t, err)
		_, ok, err := visitor.Ensure(w, r)
		must(t, err)
		text := next(w).Header.Get("Cookie")
		if kept != c.want || ok != c.want || strings.Contains(text, visitor.Name()) != c.want {
			t.Errorf("%q, then %v: kept %v, numbered %v, the browser has %q", c.cookies, c.agreed, kept, ok, text)
		}
		must(t, consent.Set(w, r))
		if text := next(w).Header.Get("Cookie"); strings.Contains(text, visitor.Name()) {
			t.Errorf("%q, then %v, and no at last: the browser has %q", c.cookies, c.agreed, text)
		}
	}
}

func TestTheAnswerIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 here
		_, consent, _ := asked(state.ConsentSpec{Version: "2026-11"})
		text := answered(t, consent, state.Analytics, "research")
		if want := consent.Name() + "=2026-11~15778080~analytics.research~personalization.marketing~"; text != want {
			t.Errorf("the cookie is %q, want %q", text, want)
		}
		a, ok := consent.Answer(with(text))
		if !ok || a.Version != "2026-11" || !a.At.Equal(time.Now()) ||
			!slices.Equal(a.Agreed, []state.Purpose{state.Analytics, "research"}) ||
			!slices.Equal(a.Refused, []state.Purpose{state.Personalization, state.Marketing}) {
			t.Errorf("%+v, %v", a, ok)
		}
	})
}

func TestVisitorsAreAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, before, _ := asked(state.ConsentSpec{Version: "1"})
		inventory, after, _ := asked(state.ConsentSpec{Version: "2"})
		all := []state.Purpose{state.Personalization, state.Analytics, state.Marketing, "research"}
		if got := after.Purposes(); !slices.Equal(got, all) {
			t.Errorf("purposes %q", got)
		}
		old := answered(t, before, all...)
		if after.Answered(with(old)) || after.Allows(with(old), state.Analytics) || inventory.Malformed() != 0 {
			t.Error("the answer to another question counts, or counts as malformed")
		}
		now := answered(t, after, all...)
		if !after.Answered(with(now)) {
			t.Error("the answer does not count")
		}
		state.NewOptional[string](inventory, after, state.CookieSpec{Name: "new", Purpose: "trips", Description: "x"})
		if got := after.Open(with(now)); !slices.Equal(got, []state.Purpose{"trips"}) {
			t.Errorf("for a new purpose the visitor is asked about %q", got)
		}
		time.Sleep(180*24*time.Hour - time.Second)
		if !after.Allows(with(now), state.Analytics) {
			t.Error("one second before its end the answer does not count")
		}
		time.Sleep(time.Second)
		if after.Answered(with(now)) || after.Allows(with(now), state.Analytics) {
			t.Error("after its lifetime the answer counts")
		}
	})
}

func TestGlobalPrivacyControl(t *testing.T) {
	_, consent, _ := asked(state.ConsentSpec{})
	gpc := func(cookies string) *http.Request {
		r := with(cookies)
		r.Header.Set("Sec-GPC", "1")
		return r
	}
	if got := consent.Open(gpc("")); !slices.Equal(got, []state.Purpose{state.Personalization, "research"}) {
		t.Errorf("asked about %q", got)
	}
	for _, p := range consent.Purposes() {
		if consent.Allows(gpc(""), p) {
			t.Errorf("%s is allowed", p)
		}
	}
	yes := answered(t, consent, state.Analytics)
	if !consent.Allows(gpc(yes), state.Analytics) || consent.Allows(gpc(yes), state.Marketing) {
		t.Error("the visitor's word here does not count")
	}
	for _, value := range []string{"0", "", "true", "11"} {
		r := with("")
		r.Header.Set("Sec-GPC", value)
		if state.GPC(r) || len(consent.Open(r)) != 4 {
			t.Errorf("Sec-GPC: %s counts", value)
		}
	}
}

func TestMalformedAnswersAreAbsentRepairedAndCounted(t *testing.T) {
	for about, value := range map[string]string{
		"nothing":               "",
		"of another format":     "analytics.marketing",
		"cut off":               "1~29400000~analytics~market",
		"one part too many":     "1~29400000~analytics~~~",
		"no version":            "~29400000~analytics~~",
		"a dot in the version":  "1.0~29400000~analytics~~",
		"no time":               "1~~analytics~~",
		"a time with a sign":    "1~+29400000~analytics~~",
		"a time far ahead":      "1~999999999~analytics~~",
		"a purpose twice":       "1~29400000~analytics.analytics~~",
		"agreed and refused":    "1~29400000~analytics~analytics~",
		"no purpose":            "1~29400000~analytics.~~",
		"a purpose in capitals": "1~29400000~Analytics~~",
		"a purpose without":     "1~29400000~essential~~",
		"too large":             "1~29400000~analytics~" + strings.Repeat("a", 1024) + "~",
		"twice":                 "1~29400000~analytics~~; __Host-consent=1~29400000~analytics~~",
	} {
		t.Run(about, func(t *testing.T) {
			inventory, consent, _ := asked(state.ConsentSpec{})
			r := with("__Host-consent=" + value)
			if a, ok := consent.Answer(r); ok || consent.Allows(r, state.Analytics) || consent.Answered(r) {
				t.Errorf("it counts: %+v", a)
			}
			if inventory.Malformed() != 3 {
				t.Errorf("counted %d times, want one for each read", inventory.Malformed())
			}
			w := httptest.NewRecorder()
			must(t, consent.Set(w, r, state.Analytics))
			if value, _ := cookie.Lookup(next(w).Header["Cookie"], consent.Name()); !consent.Allows(
				with(consent.Name()+"="+value), state.Analytics) {
				t.Errorf("the next answer does not repair it: %q", w.Header())
			}
		})
	}
}

func TestForgedAnswersAreAbsent(t *testing.T) {
	inventory, consent, _ := asked(state.ConsentSpec{Cookie: state.CookieSpec{Signed: true}})
	inventory.SignWith(seal.New())
	good := answered(t, consent, state.Analytics)
	if !consent.Allows(with(good), state.Analytics) {
		t.Error("a signed answer does not count")
	}
	for _, forged := range []string{strings.Replace(good, "~analytics~", "~marketing~", 1),
		"__Host-consent=1~29400000~marketing~~"} {
		if _, ok := consent.Answer(with(forged)); ok {
			t.Errorf("%q counts", forged)
		}
	}
	if inventory.Malformed() != 2 {
		t.Errorf("%d counted", inventory.Malformed())
	}
}

// A browser that said yes has cookies of all paths and domains, and has none after a no.
func TestWithdrawalEmptiesTheBrowser(t *testing.T) {
	inventory, consent, recent := asked(state.ConsentSpec{})
	handler := consent.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			must(t, consent.Set(w, r, "research"))
		}
	}))
	b := jar.New(jar.Options{})
	browse := func(url string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", url, nil)
		for _, c := range b.Cookies(r.URL) {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		b.SetCookies(r.URL, w.Result().Cookies())
		return w
	}
	page := httptest.NewRequest("GET", "https://www.example.com/goods/tea/pot", nil).URL
	w := httptest.NewRecorder()
	must(t, consent.Set(w, with(""), consent.Purposes()...))
	r := next(w)
	_, err := recent.Set(w, r, []string{"tea"})
	must(t, err)
	b.SetCookies(page, w.Result().Cookies())
	planted := []*http.Cookie{ // as scripts do
		{Name: "_ga", Value: "1", Domain: "example.com", Path: "/"},
		{Name: "_ga_X", Value: "1", Domain: "www.example.com", Path: "/goods"},
		{Name: "_ga_Y", Value: "1", Path: "/goods/tea/"},
		{Name: "_ga_Z", Value: "1"}, // for the folder of the page
		{Name: "_ads", Value: "1", Domain: "example.com", Path: "/ads", Secure: true},
		{Name: "trial", Value: "1", Path: "/"},
		{Name: "mine", Value: "1", Path: "/"},
	}
	b.SetCookies(page, planted)
	if w := browse(page.String()); len(w.Header()["Set-Cookie"]) != 0 {
		t.Errorf("with consent: %q", w.Header()["Set-Cookie"])
	}
	if w := browse("https://www.example.com/no"); w.Code != 200 {
		t.Fatal(w.Code)
	}
	for range 100 { // the headers of one response do not grow without end
		for _, url := range []string{page.String(), "https://www.example.com/ads/"} {
			if n := len(browse(url).Header()["Set-Cookie"]); n > 20 {
				t.Fatalf("%d lines", n)
			}
		}
	}
	var left []string
	for _, path := range []string{"/goods/tea/pot", "/ads/", "/"} {
		for _, c := range b.Cookies(httptest.NewRequest("GET", "https://www.example.com"+path, nil).URL) {
			if !slices.Contains(left, c.Name) {
				left = append(left, c.Name)
			}
		}
	}
	slices.Sort(left)
	if want := []string{"__Host-consent", "mine", "trial"}; !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
	if inventory.Malformed() != 0 {
		t.Errorf("%d malformed", inventory.Malformed())
	}
	// The partition of a declared cookie is that of its deletion.
	w = httptest.NewRecorder()
	must(t, consent.Set(w, with("")))
	lines := strings.Join(w.Header()["Set-Cookie"], "\n")
	if !strings.Contains(lines, "_ads=; Path=/ads; Domain=example.com") || !strings.Contains(lines, "Partitioned") {
		t.Errorf("deleted: %s", lines)
	}
	// Proxies answer 502 for more than 4 KiB of headers, which a few folders and labels of a host are enough for.
	for _, path := range []string{"/goods/tea/green", "/a/b/c/d/e/f/g/h", strings.Repeat("/x", 1000)} {
		r = with("trial=1; _ga=1; _ga_X=1; _ads=1; __Host-x=1")
		r.Host, r.URL.Path = "a.long.name.of.a.host.example.com", path
		w = httptest.NewRecorder()
		consent.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
		var all strings.Builder
		must(t, w.Header().Write(&all))
		if n := len(w.Header()["Set-Cookie"]); n == 0 || all.Len() > 3500 {
			t.Errorf("%.40s: %d lines, %d bytes", path, n, all.Len())
		}
	}
}

func TestWithdrawalEmptiesTheBrowsersStorage(t *testing.T) {
	inventory, consent, _ := asked(state.ConsentSpec{})
	clears := func(agreed ...state.Purpose) string {
		w := httptest.NewRecorder()
		must(t, consent.Set(w, with(""), agreed...))
		return w.Header().Get("Clear-Site-Data")
	}
	if got := clears(); got != "" {
		t.Errorf("nothing is declared there, and %s", got)
	}
	inventory.Declare(state.Entry{Name: "visits", Place: state.InLocalStorage, Purpose: state.Analytics,
		Description: "x"})
	if got := clears(state.Marketing); got != `"storage"` {
		t.Errorf("after no: %q", got)
	}
	if got := clears(state.Analytics); got != "" {
		t.Errorf("after yes: %q", got)
	}
	inventory.Declare(state.Entry{Name: "draft", Place: state.InIndexedDB, Purpose: state.Essential, Description: "x"})
	if got := clears(); got != "" {
		t.Errorf("what the visitor needs would go as well: %q", got)
	}
}

func TestReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inventory, consent, _ := asked(state.ConsentSpec{Version: "7"})
		var events []event.Event
		var file bytes.Buffer
		queue := event.NewQueue(func(e event.Event) { events = append(events, e) },
			state.WriteReceipts(&file, func(err error) { t.Error(err) }))
		inventory.SendTo(queue)
		time.Sleep(59 * time.Second)
		yes := answered(t, consent, state.Analytics, state.Marketing)
		r := with(yes)
		r.Header.Set("Sec-GPC", "1")
		r.RemoteAddr = "203.0.113.9:1234"
		must(t, consent.Set(httptest.NewRecorder(), r, state.Marketing))
		queue.Flush(context.Background())
		const want = `{"at":"2000-01-01T00:00:00Z","version":"7","agreed":["analytics","marketing"],` +
			`"refused":["personalization","research"],"withdrawn":[],"gpc":false}
{"at":"2000-01-01T00:00:00Z","version":"7","agreed":["marketing"],` +
			`"refused":["personalization","analytics","research"],"withdrawn":["analytics"],"gpc":true}
`
		if file.String() != want {
			t.Errorf("receipts:\n%swant\n%s", &file, want)
		}
		for _, e := range events {
			if text, _ := json.Marshal(e); e.Kind != event.Consented || e.Address != "" || e.User != "" ||
				!e.Handle.IsZero() || e.At.Second() != 0 || bytes.Contains(text, []byte("203.0.113.9")) {
				t.Errorf("the event tells of the visitor: %s", text)
			}
		}
		var failed error
		state.WriteReceipts(brokenWriter{}, func(err error) { failed = err })(events[0])
		if !errors.Is(failed, errBroken) {
			t.Errorf("a writer that fails: %v", failed)
		}
		state.WriteReceipts(brokenWriter{}, nil)(event.Event{Kind: event.Created}) // not an answer
	})
}

func TestConsentsThatAreRefused(t *testing.T) {
	refused(t, "32 letters", func() { state.NewConsent(state.NewInventory(), state.ConsentSpec{Version: "1.0"}) })
	_, other, _ := asked(state.ConsentSpec{})
	refused(t, "another inventory", func() {
		state.NewOptional[int](state.NewInventory(), other, state.CookieSpec{Name: "x", Purpose: "x", Description: "x"})
	})
}

// Whatever a client sends, an answer that counts is written again as it was.
func FuzzConsent(f *testing.F) {
	f.Add("1~29400000~analytics~marketing~")
	f.Add("1~29400000~analytics.personalization~~")
	f.Add("1~~~~")
	_, consent, _ := asked(state.ConsentSpec{})
	f.Fuzz(func(t *testing.T, value string) {
		a, ok := consent.Answer(with("__Host-consent=" + value))
		if !ok && (len(a.Agreed) > 0 || a.Version != "") {
			t.Fatalf("absent, and yet %+v", a)
		}
		for _, p := range consent.Purposes() {
			if got := consent.Allows(with("__Host-consent="+value), p); got && !strings.Contains(value, string(p)) {
				t.Fatalf("%q allows %s", value, p)
			}
		}
	})
}
