package state_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/seal"
	"coatcheck.dev/state"
)

const year = 365 * 24 * time.Hour

func spec(name string) state.CookieSpec {
	return state.CookieSpec{Name: name, Purpose: state.Preference, Lifetime: year, Description: "a test"}
}

func TestAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*state.CookieSpec)
		want   string
	}{
		"safe by default": {func(*state.CookieSpec) {},
			"__Host-c=v; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax"},
		"no lifetime": {func(s *state.CookieSpec) { s.Lifetime = 0 },
			"__Host-c=v; Path=/; Secure; HttpOnly; SameSite=Lax"},
		"longest lifetime": {func(s *state.CookieSpec) { s.Lifetime = cookie.MaxLifetime },
			"__Host-c=v; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax"},
		"readable by scripts": {func(s *state.CookieSpec) { s.ReadableByScripts = true },
			"__Host-c=v; Path=/; Max-Age=31536000; Secure; SameSite=Lax"},
		"strict": {func(s *state.CookieSpec) { s.SameSiteStrict = true },
			"__Host-c=v; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Strict"},
		"plain name": {func(s *state.CookieSpec) { s.PlainName = true },
			"c=v; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax"},
		"insecure": {func(s *state.CookieSpec) { s.InsecureCookie = true },
			"c=v; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec("c")
			c.change(&s)
			declared := state.NewCookie[string](state.NewInventory(), s)
			w := httptest.NewRecorder()
			must(t, declared.Set(w, "v"))
			if got := w.Header()["Set-Cookie"]; len(got) != 1 || got[0] != c.want {
				t.Errorf("Set-Cookie %q, want %q", got, c.want)
			}
			w = httptest.NewRecorder()
			declared.Delete(w)
			got := strings.Join(w.Header()["Set-Cookie"], "\n")
			if !strings.HasPrefix(got, declared.Name()+"=; Path=/; Expires=Thu, 01 Jan 1970") ||
				!strings.Contains(got, "Max-Age=0") {
				t.Errorf("deletion %q", got)
			}
		})
	}
}

func TestSpecsThatAreRefused(t *testing.T) {
	keepFor := func(d time.Duration) func(*state.CookieSpec) { return func(s *state.CookieSpec) { s.Lifetime = d } }
	named := func(name string) func(*state.CookieSpec) { return func(s *state.CookieSpec) { s.Name = name } }
	for name, c := range map[string]struct {
		change func(*state.CookieSpec)
		says   string
	}{
		"no name":              {named(""), "1 to 256"},
		"long name":            {named(strings.Repeat("x", 257)), "1 to 256"},
		"name with a space":    {named("a b"), "use letters"},
		"name with an equals":  {named("a=b"), "use letters"},
		"name in UTF-8":        {named("thème"), "use letters"},
		"name with a prefix":   {named("__Host-c"), "it is added"},
		"no purpose":           {func(s *state.CookieSpec) { s.Purpose = "" }, "no purpose"},
		"purpose with a dot":   {func(s *state.CookieSpec) { s.Purpose = "a.b" }, "purpose"},
		"purpose of two words": {func(s *state.CookieSpec) { s.Purpose = "my purpose" }, "purpose"},
		"purpose for consent":  {func(s *state.CookieSpec) { s.Purpose = state.Analytics }, "NewOptional"},
		"no description":       {func(s *state.CookieSpec) { s.Description = "  " }, "no description"},
		"two lines":            {func(s *state.CookieSpec) { s.Description = "a\nb" }, "one line"},
		"over 400 days":        {keepFor(cookie.MaxLifetime + time.Second), "400 days"},
		"negative lifetime":    {keepFor(-time.Second), "delete"},
		"half a second":        {keepFor(time.Second / 2), "whole seconds"},
		"signed without end":   {func(s *state.CookieSpec) { s.Signed, s.Lifetime = true, 0 }, "needs a lifetime"},
		"sealed without end":   {func(s *state.CookieSpec) { s.Sealed, s.Lifetime = true, 0 }, "needs a lifetime"},
		"sealed for scripts": {func(s *state.CookieSpec) {
			s.Sealed, s.ReadableByScripts = true, true
		}, "cannot read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec("c")
			c.change(&s)
			inventory := state.NewInventory()
			refused(t, c.says, func() { state.NewCookie[string](inventory, s) })
			if n := len(inventory.Entries()); n != 0 {
				t.Errorf("a refused declaration left %d entries", n)
			}
		})
	}
}

func TestValuesComeBack(t *testing.T) {
	type kind string
	type item struct {
		Name  string `json:"name"`
		Count int    `json:"count"`
	}
	text := func(v, wire string) func(*testing.T) { return func(t *testing.T) { roundTrip(t, v, wire) } }
	for name, test := range map[string]func(*testing.T){
		"plain text":     text("dark", "dark"),
		"empty text":     text("", ""),
		"own string":     func(t *testing.T) { roundTrip(t, kind("dark"), "dark") },
		"spaces":         text(" a b ", "%20a%20b%20"),
		"unsafe":         text("a;b,c\"d\\e\r\n\x00\x7f", "a%3Bb%2Cc%22d%5Ce%0D%0A%00%7F"),
		"percent":        text("100%41", "100%2541"),
		"UTF-8":          text("für ☕", "f%C3%BCr%20%E2%98%95"),
		"looks signed":   text("dark.1.tag=", "dark.1.tag="),
		"number":         func(t *testing.T) { roundTrip(t, 42, "NDI") },
		"flag":           func(t *testing.T) { roundTrip(t, true, "dHJ1ZQ") },
		"list":           func(t *testing.T) { roundTrip(t, []string{"tea", "coffee"}, "WyJ0ZWEiLCJjb2ZmZWUiXQ") },
		"nothing":        func(t *testing.T) { roundTrip(t, []string(nil), "bnVsbA") },
		"struct":         func(t *testing.T) { roundTrip(t, item{"tea", 2}, "eyJuYW1lIjoidGVhIiwiY291bnQiOjJ9") },
		"pointer to one": func(t *testing.T) { roundTrip(t, &item{"tea", 2}, "eyJuYW1lIjoidGVhIiwiY291bnQiOjJ9") },
	} {
		t.Run(name, test)
	}
}

// roundTrip sets a value, looks at the wire, and reads it back, plain and signed.
func roundTrip[T any](t *testing.T, v T, wire string) {
	inventory := state.NewInventory()
	inventory.SignWith(seal.New())
	signedSpec := spec("signed")
	signedSpec.Signed = true
	for _, c := range []state.Cookie[T]{state.NewCookie[T](inventory, spec("plain")),
		state.NewCookie[T](inventory, signedSpec)} {
		w := httptest.NewRecorder()
		must(t, c.Set(w, v))
		r := next(w)
		sent, n := cookie.Lookup(r.Header["Cookie"], c.Name())
		if signed := c.Name() == "__Host-signed"; n != 1 || sent != wire && !signed || !strings.HasPrefix(sent, wire) {
			t.Errorf("%s: the browser has %q, want %q", c.Name(), sent, wire)
		}
		if got, ok := c.Lookup(r); !ok || !reflect.DeepEqual(got, v) {
			t.Errorf("%s: Lookup = %#v, %v, want %#v", c.Name(), got, ok, v)
		}
	}
}

func TestMalformedValuesAreAbsent(t *testing.T) {
	inventory := state.NewInventory()
	text := state.NewCookie[string](inventory, spec("text"))
	list := state.NewCookie[[]string](inventory, spec("list"))
	pair := state.NewCookie[struct{ A, B int }](inventory, spec("pair"))
	for name, header := range map[string]string{
		"nothing":            "",
		"other names":        "text=v; __host-text=v; __Host-texts=v; x__Host-text=v",
		"percent at the end": "__Host-text=a%; __Host-list=%",
		"half a percent":     "__Host-text=a%4",
		"no hexadecimal":     "__Host-text=a%4g",
		"no UTF-8":           "__Host-text=%ff%fe",
		"raw bytes, no UTF8": "__Host-text=\xff",
		"twice":              "__Host-text=a; __Host-text=b; __Host-list=W10; __Host-list=W10",
		"no base64":          "__Host-list=###; __Host-pair=###",
		"padded base64":      "__Host-list=W10=",
		"base64, unused bit": "__Host-list=W11",
		"base64 of no JSON":  "__Host-list=aGVsbG8",
		"JSON, two values":   "__Host-list=W10gW10",
		"other type":         "__Host-list=NDI; __Host-pair=eyJBIjoxLCJCIjoidHdvIn0",
		"too large":          "__Host-text=" + strings.Repeat("x", 4096),
		"quoted":             "__Host-list=\"W10\"",
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			if header != "" {
				r.Header.Set("Cookie", header)
			}
			if v, ok := text.Lookup(r); ok || v != "" {
				t.Errorf("text = %q, %v", v, ok)
			}
			if v, ok := list.Lookup(r); ok || v != nil || list.Get(r) != nil {
				t.Errorf("list = %q, %v", v, ok)
			}
			if v, ok := pair.Lookup(r); ok || v.A != 0 {
				t.Errorf("pair = %v, %v: nothing of a malformed value may show", v, ok)
			}
		})
	}
}

func TestValuesThatCannotBeKept(t *testing.T) {
	inventory := state.NewInventory()
	text := state.NewCookie[string](inventory, spec("text"))
	any := state.NewCookie[any](inventory, spec("any"))
	w := httptest.NewRecorder()
	var tooLarge *cookie.Error
	if err := text.Set(w, strings.Repeat("x", 4096)); !errors.As(err, &tooLarge) || tooLarge.Code != cookie.TooLarge {
		t.Errorf("4096 bytes and a name: %v", err)
	}
	if err := text.Set(w, "\xff"); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("no UTF-8: %v", err)
	}
	if err := any.Set(w, func() {}); err == nil || !strings.Contains(err.Error(), "__Host-any") {
		t.Errorf("no JSON: %v", err)
	}
	if len(w.Header()) != 0 {
		t.Errorf("headers after errors: %v", w.Header())
	}
	must(t, text.Set(w, strings.Repeat("x", 4096-len("__Host-text"))))
}

func TestResponsesThatSetCookiesAreNotShared(t *testing.T) {
	theme := state.NewCookie[string](state.NewInventory(), spec("theme"))
	for before, want := range map[string]string{"": "private", "no-store": "no-store"} {
		for name, act := range map[string]func(http.ResponseWriter){
			"set":    func(w http.ResponseWriter) { must(t, theme.Set(w, "dark")) },
			"delete": func(w http.ResponseWriter) { theme.Delete(w) },
		} {
			w := httptest.NewRecorder()
			if before != "" {
				w.Header().Set("Cache-Control", before)
			}
			act(w)
			if got := w.Header().Get("Cache-Control"); got != want {
				t.Errorf("%s after %q: Cache-Control %q, want %q", name, before, got, want)
			}
		}
	}
}

func TestTheLastSetOfAResponseCounts(t *testing.T) {
	theme := state.NewCookie[string](state.NewInventory(), spec("theme"))
	w := httptest.NewRecorder()
	must(t, theme.Set(w, "light"))
	must(t, theme.Set(w, "dark"))
	if got := w.Header()["Set-Cookie"]; len(got) != 1 || theme.Get(next(w)) != "dark" {
		t.Errorf("Set-Cookie %q", got)
	}
}

func TestSignedCookies(t *testing.T) {
	declare := func(keys *seal.Ring, names ...string) (cookies []state.Cookie[string]) {
		inventory := state.NewInventory()
		if keys != nil {
			inventory.SignWith(keys)
		}
		for _, name := range names {
			s := spec(name)
			s.Signed, s.Lifetime = true, time.Hour
			cookies = append(cookies, state.NewCookie[string](inventory, s))
		}
		return cookies
	}
	keys := seal.New()
	cookies := declare(keys, "coupon", "other")
	coupon, other := cookies[0], cookies[1]
	w := httptest.NewRecorder()
	must(t, coupon.Set(w, "TEN"))
	good, _ := cookie.Lookup(next(w).Header["Cookie"], "__Host-coupon")

	for name, value := range map[string]string{
		"unsigned":         "TEN",
		"other value":      strings.Replace(good, "TEN", "FIFTY", 1),
		"longer life":      good[:4] + "9" + good[4:],
		"cut off":          good[:len(good)-1],
		"more":             good + "x",
		"signed without":   keys.Sign("cookie __Host-coupon", "TEN"),
		"no time in it":    keys.Sign("cookie __Host-coupon", "TEN.soon"),
		"of another ring":  seal.New().Sign("cookie __Host-coupon", "TEN.99999999999"),
		"of another cooky": keys.Sign("cookie __Host-other", "TEN.99999999999"),
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "__Host-coupon="+value)
		if v, ok := coupon.Lookup(r); ok {
			t.Errorf("%s: %q counts", name, v)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "__Host-coupon="+good+"; __Host-other="+good)
	if v, ok := coupon.Lookup(r); !ok || v != "TEN" {
		t.Errorf("coupon = %q, %v", v, ok)
	}
	if v, ok := other.Lookup(r); ok {
		t.Errorf("the value of one cookie counts for another: %q", v)
	}

	unkeyed := declare(nil, "coupon")[0]
	if err := unkeyed.Set(httptest.NewRecorder(), "TEN"); !errors.Is(err, state.ErrNoKeys) {
		t.Errorf("Set without keys: %v", err)
	}
	if _, ok := unkeyed.Lookup(r); ok {
		t.Error("without keys a signed cookie counts")
	}
}

func TestSealedCookies(t *testing.T) {
	keys := seal.New()
	declare := func(name string) state.Cookie[string] {
		inventory := state.NewInventory()
		inventory.SignWith(keys)
		s := spec(name)
		s.Sealed = true
		return state.NewCookie[string](inventory, s)
	}
	note, other := declare("note"), declare("other")
	w := httptest.NewRecorder()
	must(t, note.Set(w, "plain words"))
	good, _ := cookie.Lookup(next(w).Header["Cookie"], "__Host-note")
	if readable, err := base64.RawURLEncoding.DecodeString(good); err != nil || strings.Contains(good, "plain") ||
		bytes.Contains(readable, []byte("plain")) {
		t.Errorf("the visitor can read %q: %v", good, err)
	}
	sealed := func(purpose, message string) string {
		return base64.RawURLEncoding.EncodeToString(keys.Seal(purpose, []byte(message)))
	}
	for name, value := range map[string]string{
		"not sealed":       "plain words",
		"cut off":          good[:len(good)-1],
		"more":             good + "A",
		"padded":           good + "=",
		"signed":           keys.Sign("cookie __Host-note", "plain words.99999999999"),
		"no time in it":    sealed("cookie __Host-note", "plain words"),
		"no number in it":  sealed("cookie __Host-note", "plain words.soon"),
		"over":             sealed("cookie __Host-note", "plain words.1"),
		"of another cooky": sealed("cookie __Host-other", "plain words.99999999999"),
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "__Host-note="+value)
		if v, ok := note.Lookup(r); ok {
			t.Errorf("%s: %q counts", name, v)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "__Host-note="+good+"; __Host-other="+good)
	if v, ok := note.Lookup(r); !ok || v != "plain words" {
		t.Errorf("note = %q, %v", v, ok)
	}
	if v, ok := other.Lookup(r); ok {
		t.Errorf("the value of one cookie counts for another: %q", v)
	}
	s := spec("note")
	s.Sealed = true
	unkeyed := state.NewCookie[string](state.NewInventory(), s)
	if err := unkeyed.Set(httptest.NewRecorder(), "TEN"); !errors.Is(err, state.ErrNoKeys) {
		t.Errorf("Set without keys: %v", err)
	}
	if _, ok := unkeyed.Lookup(r); ok {
		t.Error("without keys a sealed cookie counts")
	}
}

// A browser may bring a cookie back after its time; and keys that were rotated sign nobody out.
//
// Rows: A29
func TestSignedCookiesEndInTimeAndOutliveRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	keys, err := seal.Open(path)
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		inventory := state.NewInventory()
		inventory.SignWith(keys)
		signed, sealed := spec("coupon"), spec("sealed-coupon")
		signed.Signed, signed.Lifetime = true, time.Hour
		sealed.Sealed, sealed.Lifetime = true, time.Hour
		coupons := []state.Cookie[string]{
			state.NewCookie[string](inventory, signed), state.NewCookie[string](inventory, sealed),
		}
		w := httptest.NewRecorder()
		for _, coupon := range coupons {
			must(t, coupon.Set(w, "TEN"))
		}
		r := next(w)
		must(t, keys.Rotate())
		time.Sleep(time.Hour - time.Second)
		for _, coupon := range coupons {
			if coupon.Get(r) != "TEN" {
				t.Errorf("one second before its end %s is refused", coupon.Name())
			}
		}
		time.Sleep(time.Second)
		for _, coupon := range coupons {
			if _, ok := coupon.Lookup(r); ok {
				t.Errorf("at its end %s counts", coupon.Name())
			}
		}
	})
}

func FuzzCookie(f *testing.F) {
	inventory := state.NewInventory()
	inventory.SignWith(seal.New())
	signedSpec, sealedSpec := spec("signed"), spec("sealed")
	signedSpec.Signed, sealedSpec.Sealed = true, true
	text := state.NewCookie[string](inventory, spec("text"))
	list := state.NewCookie[[]string](inventory, spec("list"))
	signed := state.NewCookie[string](inventory, signedSpec)
	sealed := state.NewCookie[string](inventory, sealedSpec)
	f.Add("__Host-text=a%20b; __Host-list=W10; __Host-signed=TEN.1.x", "dark")
	f.Add("__Host-text=%", "a;b")
	f.Fuzz(func(t *testing.T, header, value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = []string{header}
		if v, ok := text.Lookup(r); !ok && v != "" {
			t.Errorf("absent, and yet %q", v)
		}
		if v, ok := list.Lookup(r); !ok && v != nil {
			t.Errorf("absent, and yet %q", v)
		}
		if v, ok := signed.Lookup(r); ok {
			t.Errorf("nobody signed %q", v)
		}
		if v, ok := sealed.Lookup(r); ok {
			t.Errorf("nobody sealed %q", v)
		}
		for _, c := range []state.Cookie[string]{text, signed, sealed} {
			w := httptest.NewRecorder()
			if err := c.Set(w, value); err != nil {
				continue // no UTF-8, or too large
			}
			if got, ok := c.Lookup(next(w)); !ok || got != value {
				t.Errorf("%s: set %q, got %q, %v", c.Name(), value, got, ok)
			}
		}
	})
}

// next returns the next request of a browser that got the response.
func next(w *httptest.ResponseRecorder) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	var pairs []string
	for _, line := range w.Header()["Set-Cookie"] {
		pair, attributes, _ := strings.Cut(line, ";")
		if !strings.Contains(attributes, "Max-Age=0") {
			pairs = append(pairs, pair)
		}
	}
	if pairs != nil {
		r.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused makes sure that a declaration panics with an error that says a text.
func refused(t *testing.T, says string, declare func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), says) ||
			!strings.HasPrefix(err.Error(), "state: declare ") {
			t.Errorf("panic with %v, want an error that says %q", err, says)
		}
	}()
	declare()
}
