package preference_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/jar"
	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/state/preference"
	"coatcheck.dev/store/memory"
	"golang.org/x/text/language"
)

// likes are the preferences of a site, one of each kind.
type likes struct {
	*preference.Group
	inventory *state.Inventory
	theme     preference.Choice[string]
	language  preference.Language
	motion    preference.Flag
	rows      preference.Number
}

func declare(spec preference.Spec) *likes {
	inventory := state.NewInventory()
	g := preference.New(inventory, spec)
	return &likes{g, inventory,
		preference.NewChoice(g, preference.ChoiceSpec[string]{
			Name: "theme", Values: []string{"light", "dark"}, From: preference.ColorScheme}),
		preference.NewLanguage(g, preference.LanguageSpec{
			Name:      "language",
			Supported: []language.Tag{language.English, language.German, language.BrazilianPortuguese}}),
		preference.NewFlag(g, preference.FlagSpec{Name: "still", From: preference.ReducedMotion}),
		preference.NewNumber(g, preference.NumberSpec{Name: "rows", Min: 10, Max: 100, Default: 20}),
	}
}

func request(headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// lines returns a request with a header in several lines.
func lines(name string, values ...string) *http.Request {
	r := request()
	r.Header[name] = values
	return r
}

// next returns a request of the browser that has got the response.
func next(w *httptest.ResponseRecorder) *http.Request {
	var pairs []string
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return request("Cookie", strings.Join(pairs, "; "))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// seen is what a page shows, and by what it varies.
func (l *likes) seen(r *http.Request) (theme, tag string, still bool, rows int, vary string) {
	w := httptest.NewRecorder()
	theme, tag = l.theme.Get(w, r), l.language.Get(w, r).String()
	still, rows = l.motion.Get(w, r), l.rows.Get(w, r)
	return theme, tag, still, rows, strings.Join(w.Header()["Vary"], ", ")
}

func TestChoicesBeforeHintsBeforeDefaults(t *testing.T) {
	l := declare(preference.Spec{})
	const name = "__Host-preferences="
	for about, c := range map[string]struct {
		r     *http.Request
		theme string
		tag   string
		still bool
		rows  int
	}{
		"nothing": {request(), "", "en", false, 20},
		"hints": {request("Sec-CH-Prefers-Color-Scheme", `"dark"`, "Sec-CH-Prefers-Reduced-Motion", `"reduce"`,
			"Accept-Language", "fr;q=0.9, de-AT;q=0.8, en;q=0.1"), "dark", "de", true, 20},
		"other hints": {request("Sec-CH-Prefers-Color-Scheme", `"sepia"`, "Sec-CH-Prefers-Reduced-Motion", "1",
			"Accept-Language", "fr"), "", "en", false, 20},
		"the closest language":     {request("Accept-Language", "pt"), "", "pt-BR", false, 20},
		"languages in two lines":   {lines("Accept-Language", "fr", "de;q=0.8, en;q=0.1"), "", "de", false, 20},
		"malformed language":       {request("Accept-Language", "de;q=x;;,"), "", "en", false, 20},
		"one malformed language":   {request("Accept-Language", "de;q=x, pt;q=0.5"), "", "pt-BR", false, 20},
		"a weight in capitals":     {request("Accept-Language", "fr;Q=0.9, DE;Q=0.8"), "", "de", false, 20},
		"a language list too long": {request("Accept-Language", "de"+strings.Repeat(",de", 400)), "", "en", false, 20},
		"choices": {request("Cookie", name+"!theme:light.language:pt-BR.still:0.rows:50.",
			"Sec-CH-Prefers-Color-Scheme", `"dark"`, "Sec-CH-Prefers-Reduced-Motion", `"reduce"`,
			"Accept-Language", "de"), "light", "pt-BR", false, 50},
		"some choices": {request("Cookie", "a=b; "+name+"!rows~100.theme~dark.; c=d", "Accept-Language", "de"),
			"dark", "de", false, 100},
		"signs in others":  {request("Cookie", "a=!x; "+name+"!theme:dark.; c=d!"), "dark", "en", false, 20},
		"the end of names": {request("Cookie", "x"+name+"!theme:dark."), "", "en", false, 20},
		"names that begin alike": {request("Cookie", name+"!themes:x.thematic:y.theme:dark."),
			"dark", "en", false, 20},
	} {
		t.Run(about, func(t *testing.T) {
			theme, tag, still, rows, _ := l.seen(c.r)
			if theme != c.theme || tag != c.tag || still != c.still || rows != c.rows {
				t.Errorf("%q %q %v %d, want %q %q %v %d", theme, tag, still, rows, c.theme, c.tag, c.still, c.rows)
			}
		})
	}
}

func TestPagesVaryByWhatWasRead(t *testing.T) {
	l := declare(preference.Spec{})
	const all = "Cookie, Sec-Ch-Prefers-Color-Scheme, Accept-Language, Sec-Ch-Prefers-Reduced-Motion"
	if _, _, _, _, vary := l.seen(request()); vary != all {
		t.Errorf("without choices: Vary %q, want %q", vary, all)
	}
	chosen := request("Cookie", "__Host-preferences=!theme:dark.language:de.still:1.")
	if _, _, _, _, vary := l.seen(chosen); vary != "Cookie" {
		t.Errorf("with choices: Vary %q, want Cookie alone", vary)
	}
	for _, before := range []string{"Cookie", "Origin, cookie", "*"} {
		w := httptest.NewRecorder()
		w.Header().Set("Vary", before)
		l.rows.Get(w, request())
		if got := w.Header()["Vary"]; len(got) != 1 {
			t.Errorf("after %q: %q", before, got)
		}
	}
}

func TestBrowsersAreAskedForHints(t *testing.T) {
	l := declare(preference.Spec{})
	w := httptest.NewRecorder()
	l.Handler(http.NotFoundHandler()).ServeHTTP(w, request())
	if got := w.Header().Get("Accept-Ch"); got != "Sec-Ch-Prefers-Color-Scheme, Sec-Ch-Prefers-Reduced-Motion" {
		t.Errorf("Accept-CH %q", got)
	}
	w = httptest.NewRecorder()
	g := preference.New(state.NewInventory(), preference.Spec{})
	saving := preference.NewFlag(g, preference.FlagSpec{Name: "small", From: preference.SaveData})
	g.Handler(http.NotFoundHandler()).ServeHTTP(w, request())
	if got := w.Header()["Accept-Ch"]; len(got) != 0 || !saving.Get(w, request("Save-Data", "on")) {
		t.Errorf("Accept-CH %q: browsers send Save-Data unasked", got)
	}
}

func TestChoicesShareOneCookie(t *testing.T) {
	l := declare(preference.Spec{})
	w := httptest.NewRecorder()
	r := request("Cookie", "__Host-preferences=!rows:50.gone:1.theme:pink.")
	must(t, l.theme.Set(w, r, "dark"))
	must(t, l.language.Set(w, r, language.German))
	must(t, l.motion.Set(w, r, true))
	const want = "!theme:dark.language:de.still:1.rows:50."
	lines := w.Header()["Set-Cookie"]
	if len(lines) != 1 || lines[0] != "__Host-preferences="+want+
		"; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax" {
		t.Errorf("Set-Cookie %q", lines)
	}
	again := httptest.NewRecorder()
	must(t, l.theme.Set(again, next(w), "dark"))
	if got := again.Header()["Set-Cookie"]; len(got) != 0 {
		t.Errorf("the same choice again: %q", got)
	}
	must(t, l.rows.Clear(again, next(w)))
	must(t, l.motion.Clear(again, next(w)))
	if _, chosen := l.rows.Lookup(httptest.NewRecorder(), next(again)); chosen ||
		l.language.Get(httptest.NewRecorder(), next(again)) != language.German {
		t.Errorf("after Clear: %q", again.Header()["Set-Cookie"])
	}
	must(t, l.theme.Clear(again, next(w)))
	must(t, l.language.Clear(again, next(w)))
	if got := again.Header().Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("without choices there is a cookie: %q", got)
	}
	for _, err := range []error{
		l.theme.Set(w, r, "pink"), l.language.Set(w, r, language.French), l.rows.Set(w, r, 101),
	} {
		if !errors.Is(err, preference.ErrValue) {
			t.Errorf("a value that is not declared: %v", err)
		}
	}
}

// What visitors, or a broken network, make of the cookie is absent; the next choice repairs it.
func TestMalformedCookiesAreAbsentRepairedAndCounted(t *testing.T) {
	for about, value := range map[string]string{
		"no sign":          "theme:dark.language:de.",
		"cut off":          "!theme:dark.language:d",
		"cut off early":    "!theme:da",
		"sign alone":       "!",
		"nothing":          "",
		"too large":        "!theme:dark." + strings.Repeat("a:b.", 300),
		"other value":      "!theme:pink.",
		"no mark":          "!theme=dark.",
		"quoted":           `"!theme:dark."`,
		"after a mistake":  "!.theme~.theme:dark",
		"the cookie twice": "!theme:dark.; __Host-preferences=!theme:dark.",
	} {
		t.Run(about, func(t *testing.T) {
			l := declare(preference.Spec{})
			r := request("Cookie", "__Host-preferences="+value, "Accept-Language", "de")
			theme, tag, still, rows, _ := l.seen(r)
			if theme != "" || tag != "de" || still || rows != 20 {
				t.Errorf("it counts: %q %q %v %d", theme, tag, still, rows)
			}
			if n := l.inventory.Malformed(); n == 0 && about != "no mark" {
				t.Error("nobody has counted it")
			}
			w := httptest.NewRecorder()
			must(t, l.rows.Set(w, r, 10))
			if got := w.Header().Get("Set-Cookie"); !strings.HasPrefix(got, "__Host-preferences=!rows:10.;") {
				t.Errorf("it is not repaired: %q", got)
			}
		})
	}
}

func TestForgedCookiesAreAbsent(t *testing.T) {
	l := declare(preference.Spec{Cookie: state.CookieSpec{Signed: true}})
	l.inventory.SignWith(seal.New())
	w := httptest.NewRecorder()
	must(t, l.theme.Set(w, request(), "dark"))
	must(t, l.rows.Set(w, request(), 10))
	good := next(w)
	if theme, _, _, rows, _ := l.seen(good); theme != "dark" || rows != 10 {
		t.Errorf("%q %d", theme, rows)
	}
	forged := request("Cookie", strings.Replace(good.Header.Get("Cookie"), "dark", "light", 1))
	if theme, _, _, rows, _ := l.seen(forged); theme != "" || rows != 20 || l.inventory.Malformed() != 4 {
		t.Errorf("forged: %q %d, %d counted", theme, rows, l.inventory.Malformed())
	}
}

func TestDeclarationsThatAreRefused(t *testing.T) {
	choice := func(name string, values ...string) func(*preference.Group) {
		return func(g *preference.Group) {
			preference.NewChoice(g, preference.ChoiceSpec[string]{Name: name, Values: values})
		}
	}
	for about, c := range map[string]struct {
		make func(*preference.Group)
		says string
	}{
		"no name":          {choice("", "a"), "1 to 32"},
		"capital":          {choice("Theme", "a"), "small letters"},
		"a digit first":    {choice("1", "a"), "begins with a letter"},
		"taken":            {choice("taken", "a"), "taken"},
		"no values":        {choice("x"), "no values"},
		"the same twice":   {choice("x", "a", "a"), "twice"},
		"value with a dot": {choice("x", "a.b"), "hyphens"},
		"too large":        {choice("x", "a", strings.Repeat("b", 60)), "MaxSize is 64"},
		"empty range": {func(g *preference.Group) {
			preference.NewNumber(g, preference.NumberSpec{Name: "x"})
		}, "empty"},
		"no languages": {func(g *preference.Group) {
			preference.NewLanguage(g, preference.LanguageSpec{Name: "x"})
		}, "no languages"},
		"a hint of no kind": {func(g *preference.Group) {
			preference.NewFlag(g, preference.FlagSpec{Name: "x", From: "DNT"})
		}, "no hint"},
	} {
		t.Run(about, func(t *testing.T) {
			g := preference.New(state.NewInventory(), preference.Spec{MaxSize: 64})
			preference.NewFlag(g, preference.FlagSpec{Name: "taken"})
			defer func() {
				if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v, want %q", err, c.says)
				}
			}()
			c.make(g)
		})
	}
	defer func() {
		if recover() == nil {
			t.Error("a MaxSize of 2000 is accepted")
		}
	}()
	preference.New(state.NewInventory(), preference.Spec{MaxSize: 2000})
}

// The largest cookie that visitors can have is as large as declared.
func TestTheLargestCookieFits(t *testing.T) {
	l := declare(preference.Spec{MaxSize: 45})
	w := httptest.NewRecorder()
	must(t, l.theme.Set(w, request(), "light"))
	must(t, l.language.Set(w, request(), language.BrazilianPortuguese))
	must(t, l.motion.Set(w, request(), false))
	must(t, l.rows.Set(w, request(), 100))
	_, value, _ := strings.Cut(next(w).Header.Get("Cookie"), "=")
	if len(value) != 45 {
		t.Errorf("%q has %d bytes", value, len(value))
	}
}

// users keeps preferences in memory, and can fail.
type users struct {
	saved map[string]string
	err   error
}

func (u *users) LoadPreferences(_ context.Context, user string) (string, error) {
	return u.saved[user], u.err
}

func (u *users) SavePreferences(_ context.Context, user, text string) error {
	if u.err == nil {
		u.saved[user] = text
	}
	return u.err
}

func TestMergeAtSignIn(t *testing.T) {
	for about, c := range map[string]struct{ here, saved, want string }{
		"nothing anywhere":          {"", "", ""},
		"chosen here, none saved":   {"!theme:dark.", "", "!theme~dark."},
		"saved, none here":          {"", "!theme~dark.", "!theme~dark."},
		"chosen here after sign-in": {"!theme:dark.", "!theme~light.", "!theme~dark."},
		"left by another user":      {"!theme~dark.", "!theme~light.", "!theme~light."},
		"each by its own": {"!theme:dark.rows~50.", "!theme~light.language~de.rows~10.",
			"!theme~dark.language~de.rows~10."},
		"not chosen by the user": {"!still~1.", "!theme~light.", "!theme~light.still~1."},
		"malformed here":         {"!theme:dark", "!theme~light.", "!theme~light."},
		"malformed saved":        {"!theme:dark.", "theme", "!theme~dark."},
		"a value of yesterday":   {"!theme:dark.", "!theme~sepia.rows~10.", "!theme~dark.rows~10."},
	} {
		t.Run(about, func(t *testing.T) {
			db := &users{saved: map[string]string{"ada": c.saved}}
			l := declare(preference.Spec{Users: db})
			r, w := request(), httptest.NewRecorder()
			if c.here != "" {
				r.Header.Set("Cookie", "__Host-preferences="+c.here)
			}
			must(t, l.Merge(w, r, "ada"))
			here, has := c.here, len(w.Header()["Set-Cookie"]) > 0
			if has {
				_, here, _ = strings.Cut(next(w).Header.Get("Cookie"), "=")
			}
			if here != c.want || db.saved["ada"] != c.want || has != (c.here != c.want) {
				t.Errorf("browser %q, saved %q, want %q; set: %v", here, db.saved["ada"], c.want, has)
			}
			db.err = errors.New("down")
			w = httptest.NewRecorder()
			if err := l.Merge(w, r, "ada"); !errors.Is(err, db.err) || len(w.Header()["Set-Cookie"]) != 0 {
				t.Errorf("while the database is down: %v, %v", err, w.Header())
			}
		})
	}
}

// A user's preferences follow them to another browser, stay in this one after sign-out, and are not the next user's.
func TestPreferencesOutliveSignInAndSignOut(t *testing.T) {
	db := &users{saved: map[string]string{}}
	l := declare(preference.Spec{Users: db})
	sessions := session.New(memory.New(), session.Options{})
	defer sessions.Close(t.Context())
	mux := http.NewServeMux()
	mux.HandleFunc("/in/{user}", func(w http.ResponseWriter, r *http.Request) {
		must(t, session.From(r.Context()).SignIn(r.PathValue("user")))
		must(t, l.Merge(w, r, r.PathValue("user")))
	})
	mux.HandleFunc("/out", func(_ http.ResponseWriter, r *http.Request) {
		must(t, session.From(r.Context()).SignOut())
	})
	mux.HandleFunc("/set/{theme}", func(w http.ResponseWriter, r *http.Request) {
		must(t, l.theme.Set(w, r, r.PathValue("theme")))
	})
	handler := sessions.Handler(mux)
	browse := func(b *jar.Jar, path string) {
		t.Helper()
		u := httptest.NewRequest("GET", "https://site.example"+path, nil)
		for _, c := range b.Cookies(u.URL) {
			u.AddCookie(c)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, u)
		b.SetCookies(u.URL, w.Result().Cookies())
	}
	theme := func(b *jar.Jar) string {
		r := httptest.NewRequest("GET", "https://site.example/", nil)
		for _, c := range b.Cookies(r.URL) {
			r.AddCookie(c)
		}
		return l.theme.Get(httptest.NewRecorder(), r)
	}
	laptop, phone := jar.New(jar.Options{}), jar.New(jar.Options{})
	for _, path := range []string{"/set/dark", "/in/ada", "/out"} {
		browse(laptop, path)
	}
	if got := theme(laptop); got != "dark" || db.saved["ada"] != "!theme~dark." {
		t.Errorf("after sign-out: %q, saved %q", got, db.saved["ada"])
	}
	browse(phone, "/in/ada")
	if got := theme(phone); got != "dark" {
		t.Errorf("in the other browser: %q", got)
	}
	browse(phone, "/set/light")
	if got := theme(phone); got != "light" || db.saved["ada"] != "!theme~light." {
		t.Errorf("set by a user: %q, saved %q", got, db.saved["ada"])
	}
	browse(laptop, "/in/ada")
	if got := theme(laptop); got != "light" {
		t.Errorf("the older choice of the laptop has won: %q", got)
	}
	browse(laptop, "/out")
	db.saved["alan"] = "!theme~dark."
	browse(laptop, "/in/alan")
	if got := theme(laptop); got != "dark" || db.saved["ada"] != "!theme~light." {
		t.Errorf("alan has %q, and ada %q", got, db.saved["ada"])
	}
}

func TestMalformedCookiesAreEvents(t *testing.T) {
	var kinds []event.Event
	queue := event.NewQueue(func(e event.Event) { kinds = append(kinds, e) })
	l := declare(preference.Spec{})
	l.inventory.SendTo(queue)
	l.theme.Get(httptest.NewRecorder(), request("Cookie", "__Host-preferences=moon"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	queue.Flush(ctx)
	if len(kinds) != 1 || kinds[0].Kind != event.StateMalformed || kinds[0].Key != "__Host-preferences" {
		t.Errorf("%+v", kinds)
	}
}

// Whatever a client sends: what is read is declared, and what is written is read again.
func FuzzPreferences(f *testing.F) {
	f.Add("!theme:dark.language:de.still:1.rows:50.", "de, en;q=0.5")
	f.Add("!theme~dark.theme:light.", "*")
	f.Add("!theme:dark", "")
	f.Add("!.", ",;q=")
	l := declare(preference.Spec{})
	supported := map[string]bool{"en": true, "de": true, "pt-BR": true}
	f.Fuzz(func(t *testing.T, value, accept string) {
		r := request("Cookie", "__Host-preferences="+value, "Accept-Language", accept)
		theme, tag, _, rows, _ := l.seen(r)
		if theme != "" && theme != "light" && theme != "dark" || !supported[tag] || rows < 10 || rows > 100 {
			t.Fatalf("%q %q %d", theme, tag, rows)
		}
		w := httptest.NewRecorder()
		must(t, l.theme.Set(w, r, "light"))
		must(t, l.theme.Set(w, r, "dark"))
		after := next(w)
		if got := l.theme.Get(httptest.NewRecorder(), after); got != "dark" {
			t.Fatalf("theme %q after %q", got, after.Header)
		}
		if text := after.Header.Get("Cookie"); len(text) > len("__Host-preferences=")+256 {
			t.Fatalf("%d bytes", len(text))
		}
	})
}

func TestLists(t *testing.T) {
	l := declare(preference.Spec{})
	if !slices.Equal(l.theme.Values(), []string{"light", "dark"}) || len(l.language.Supported()) != 3 {
		t.Error("the declared values are others")
	}
	w := httptest.NewRecorder()
	l.Delete(w)
	if !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") || l.Name() != "__Host-preferences" {
		t.Errorf("%v", w.Header())
	}
	if got := slices.Collect(maps.Keys(w.Header())); len(got) != 2 {
		t.Errorf("%v", got)
	}
}
