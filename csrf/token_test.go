package csrf_test

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// What clients of many kinds send with a form of this site, and with one of another site. Only those that tell nothing
// need a token.
//
// Rows: C9, C11, A20, ASVS 3.5.1
func TestWhoNeedsAToken(t *testing.T) {
	own, evil := "https://shop.example", "https://evil.example"
	for name, c := range map[string]struct {
		own, forged http.Header
		needs       bool
	}{
		"Chrome 80 and later, Firefox 90, Safari 16.4": {
			http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {own}},
			http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {evil}}, false},
		"Chrome 49, Safari 9, Firefox 70": {http.Header{"Origin": {own}}, http.Header{"Origin": {evil}}, false},
		"Firefox 52": {
			http.Header{"Referer": {own + "/"}}, http.Header{"Referer": {evil + "/"}}, true},
		"Internet Explorer 11":            {http.Header{}, http.Header{}, true},
		"curl":                            {http.Header{"User-Agent": {"curl/8.14.1"}}, http.Header{}, true},
		"an empty Origin":                 {http.Header{"Origin": {""}}, http.Header{"Origin": {""}}, true},
		"an empty Sec-Fetch-Site":         {http.Header{"Sec-Fetch-Site": {""}}, http.Header{}, true},
		"a program with a token of OAuth": {http.Header{"Authorization": {"bearer abc"}}, http.Header{}, false},
		"Basic, which browsers add":       {http.Header{"Authorization": {"Basic YTpi"}}, http.Header{}, true},
		"curl in the visitor's own hand":  {http.Header{"Sec-Fetch-Site": {"none"}}, http.Header{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, csrf.Tokens{})
			visitor := s.client(c.own)
			token := visitor.token()
			visitor.want("with a token", visitor.post("/act", token), 200)
			if status := visitor.post("/act", "").Code; (status == 403) != c.needs {
				t.Errorf("without a token: status %d, needs one: %t", status, c.needs)
			}
			before := s.acted
			victim := s.client(c.forged)
			victim.cookies = visitor.cookies
			victim.want("forged", victim.post("/act", ""), 403)
			if s.acted != before {
				t.Error("a forged request has reached the handler")
			}
		})
	}
}

// A token is good for one sign-in: what was handed out before is not good after it, nor after the sign-out. The
// response to a sign-in has the next one already. A session that begins without a sign-in changes nothing.
//
// Rows: C10, N6, A21
func TestTokenIsBoundToTheSignIn(t *testing.T) {
	s := newSite(t, csrf.Tokens{})
	c := s.client(nil)
	visitor := c.token()
	c.want("a session begins", c.post("/cart", visitor), 200)
	if c.cookies["__Host-session"] == "" {
		t.Fatal("no session has begun")
	}
	in := c.post("/in", visitor)
	c.want("sign-in", in, 200)
	c.want("token from before the sign-in", c.post("/act", visitor), 403)
	ada := in.Body.String()
	c.want("token of the answer to the sign-in", c.post("/act", ada), 200)
	c.want("token of the next page", c.post("/act", c.token()), 200)
	again := c.post("/in", ada)
	c.want("another sign-in", again, 200)
	c.want("token from before it", c.post("/act", ada), 403)
	ada = again.Body.String()
	out := c.post("/out", ada)
	c.want("sign-out", out, 200)
	c.want("token from before the sign-out", c.post("/act", ada), 403)
	c.want("token of the answer to the sign-out", c.post("/act", out.Body.String()), 200)
	if got := len(s.reasons()); got != 3 {
		t.Errorf("%d events, want one for each of the three refusals", got)
	}
}

// Rows: C10
func TestTokenOutlivesRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, csrf.Tokens{})
		c := s.client(nil)
		c.want("sign-in", c.post("/in", c.token()), 200)
		token, ticket := c.token(), c.cookies["__Host-session"]
		for range 3 {
			time.Sleep(31 * time.Minute)
			c.get("/plain")
			if c.cookies["__Host-session"] == ticket {
				t.Fatal("the session's secret was not rotated")
			}
			ticket = c.cookies["__Host-session"]
			c.want("after a rotation", c.post("/act", token), 200)
		}
		s.sessions.Close(t.Context())
	})
}

// Another site cannot sign a visitor in as somebody else, nor out, even with the tokens that the site gives everybody.
// It makes no difference whether the visitor has been here before.
//
// Rows: A13, A21, N6
func TestSignInAndSignOutCannotBeForged(t *testing.T) {
	for what, prepare := range map[string]func(*client){
		"a visitor who was never here": func(*client) {},
		"a visitor":                    func(c *client) { c.token() },
		"a visitor with a cart":        func(c *client) { c.post("/cart", c.token()) },
		"a user":                       func(c *client) { c.post("/in", c.token()) },
	} {
		s := newSite(t, csrf.Tokens{})
		victim, attacker := s.client(nil), s.client(nil)
		prepare(victim)
		tokens := []string{"", attacker.token()}
		attacker.post("/in", tokens[1])
		tokens = append(tokens, attacker.token())
		before := s.acted
		for _, path := range []string{"/in", "/out"} {
			for i, token := range tokens {
				w := victim.post(path, token)
				victim.want(what+", "+path+" with token "+string(rune('0'+i)), w, 403)
				for _, c := range w.Result().Cookies() {
					t.Errorf("%s, %s: the answer sets %s", what, path, c.Name)
				}
			}
		}
		if s.acted != before {
			t.Errorf("%s: a forged request has reached the handler", what)
		}
	}
}

// Whatever is not the token of this visitor and this sign-in is refused.
//
// Rows: C10, A20
func TestTokensThatAreNotGood(t *testing.T) {
	s := newSite(t, csrf.Tokens{})
	c, other := s.client(nil), s.client(nil)
	good := c.token()
	c.want("a good one", c.post("/act", good), 200)
	flip := func(i int) string {
		b := []byte(good)
		if b[i] == 'A' {
			b[i] = 'Q'
		} else {
			b[i] = 'A'
		}
		return string(b)
	}
	for name, token := range map[string]string{
		"none": "", "cut": good[:63], "longer": good + "A", "another salt": flip(0), "another tag": flip(40),
		"last character": flip(63), "padded": good + "==", "of another alphabet": strings.Repeat("+", 64),
		"another visitor's": other.token(), "zeros": strings.Repeat("A", 64), "huge": strings.Repeat("A", 60_000),
		"twice": good + "&" + csrf.FieldName + "=" + good,
	} {
		c.want(name, c.post("/act", token), 403)
	}
	for name, cookie := range map[string]string{
		"none": "", "cut": c.cookies[keyCookie][:31], "longer": c.cookies[keyCookie] + "A",
		"another visitor's": other.cookies[keyCookie], "of another alphabet": strings.Repeat("+", 32),
	} {
		d := s.client(nil)
		d.cookies[keyCookie] = cookie
		d.want("cookie: "+name, d.post("/act", good), 403)
	}
	// Another host's cookie beside the own one: nobody knows which is whose.
	r := httptest.NewRequest("POST", "https://shop.example/act", nil)
	r.Header.Set(csrf.HeaderName, other.token())
	r.Header.Set("Cookie", keyCookie+"="+other.cookies[keyCookie])
	c.want("planted cookie beside the own", c.send(r), 403)
}

// A compressed page tells nothing about a token by its size, because no two tokens have more in common than chance.
//
// Rows: C10
func TestNoTwoTokensAreAlike(t *testing.T) {
	c := newSite(t, csrf.Tokens{}).client(nil)
	const alike = 9 // of 54 bits: by chance in less than one run of a billion
	seen := map[string]int{}
	for i := range 200 {
		token := c.token()
		for j := range len(token) - alike + 1 {
			if before, ok := seen[token[j:j+alike]]; ok && before != i {
				t.Fatalf("tokens %d and %d both have %q", before, i, token[j:j+alike])
			}
			seen[token[j:j+alike]] = i
		}
	}
}

// A page with a form begins no session and stores nothing. It sets a cookie only where nothing else would do.
//
// Rows: I6
func TestTokensStoreNothing(t *testing.T) {
	st := memory.New()
	sessions := session.New(st, session.Options{})
	defer sessions.Close(t.Context())
	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: sessions.Binding}})
	site := sessions.Handler(guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/form" {
			io.WriteString(w, string(csrf.Field(r)))
		}
	})))
	for _, c := range []struct {
		path, site string
		cookies    int
	}{{"/form", "", 1}, {"/form", "none", 0}, {"/form", "cross-site", 0}, {"/plain", "", 0}} {
		r := httptest.NewRequest("GET", "https://shop.example"+c.path, nil)
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if got := w.Result().Cookies(); len(got) != c.cookies || (w.Body.Len() > 0) != (c.cookies > 0) {
			t.Errorf("%s, Sec-Fetch-Site %q: cookies %v, page %q", c.path, c.site, got, w.Body)
		}
	}
	if n, err := sessions.Count(t.Context(), ""); err != nil || n != 0 {
		t.Errorf("%d records, %v", n, err)
	}
}

func TestCookieOfTheKey(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		w := newSite(t, csrf.Tokens{InsecureCookie: insecure}).client(nil).get("/form")
		want := keyCookie
		if insecure {
			want = "csrf"
		}
		c := w.Result().Cookies()[0]
		if c.Name != want || len(c.Value) != 32 || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 ||
			!c.Expires.IsZero() || c.Secure == insecure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("Set-Cookie: %s", c)
		}
	}
}

// Two calls in one response go by one key, also when it has just been made.
func TestOneKeyPerResponse(t *testing.T) {
	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: func(*http.Request) string { return "" }}})
	var tokens []string
	site := guard.Handler(guard.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, csrf.Token(r), csrf.Token(r))
	})))
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v, want one", cookies)
	}
	for _, token := range tokens {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set(csrf.HeaderName, token)
		r.AddCookie(cookies[0])
		if err := guard.Check(r); err != nil {
			t.Error(err)
		}
	}
}

func TestNoTokenWithoutAGuardThatAsks(t *testing.T) {
	if got := csrf.Token(httptest.NewRequest("GET", "/", nil)); got != "" {
		t.Errorf("token %q without a guard", got)
	}
	csrf.New(csrf.Options{}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := csrf.Field(r); got != "" {
			t.Errorf("field %q of a guard that asks for none", got)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	for _, tokens := range []csrf.Tokens{{InsecureCookie: true}, {InsecureReportOnly: true}} {
		if err := (csrf.Options{Tokens: tokens}).Check(); err == nil {
			t.Errorf("%+v: options that do nothing are accepted", tokens)
		}
	}
}

// Outside of what knows the session nobody's token is good, so the first test of such a site fails, not its protection.
func TestGuardOutsideOfTheSessionRefuses(t *testing.T) {
	s := newSite(t, csrf.Tokens{})
	c := s.client(nil)
	c.post("/in", c.token())
	token := c.token()
	inner := s.act(func(*session.Session) error { return nil })
	s.Handler = s.guard.Handler(s.sessions.Handler(inner))
	c.want("in the wrong order", c.post("/act", token), 403)
}

// Caches learn on what pages and answers depend, and nothing more.
//
// Rows: C9, I8
func TestVaryWithTokens(t *testing.T) {
	s := newSite(t, csrf.Tokens{})
	old, modern := s.client(nil), s.client(http.Header{"Sec-Fetch-Site": {"same-origin"}})
	for _, c := range []struct {
		what  string
		w     *httptest.ResponseRecorder
		vary  []string
		store string // Cache-Control
	}{
		{"plain page", old.get("/plain"), nil, ""},
		{"plain page, modern", modern.get("/plain"), nil, ""},
		{"form, modern", modern.get("/form"), []string{"Sec-Fetch-Site"}, ""},
		{"form", old.get("/form"), []string{"Sec-Fetch-Site", "Cookie"}, "private, no-store"},
		{"refused", old.post("/act", ""),
			[]string{"Sec-Fetch-Site, Origin", "Cookie, Authorization, X-CSRF-Token"}, "no-store"},
	} {
		if got := c.w.Header()["Vary"]; !slices.Equal(got, c.vary) {
			t.Errorf("%s: Vary %q, want %q", c.what, got, c.vary)
		}
		if got := c.w.Header().Get("Cache-Control"); got != c.store {
			t.Errorf("%s: Cache-Control %q, want %q", c.what, got, c.store)
		}
	}
}

// A roll-out: forms without a token go on working, and events name them. Other sites are refused all the same.
func TestTokensReportOnly(t *testing.T) {
	s := newSite(t, csrf.Tokens{InsecureReportOnly: true})
	c := s.client(nil)
	c.want("no token", c.post("/act", ""), 200)
	token := c.token()
	c.want("sign-in", c.post("/in", token), 200)
	c.want("token from before", c.post("/act", token), 200)
	evil := s.client(http.Header{"Sec-Fetch-Site": {"cross-site"}})
	evil.want("another site", evil.post("/act", ""), 403)
	reasons := s.reasons()
	if len(reasons) != 3 ||
		!strings.Contains(reasons[0], "a token are missing") || !strings.HasSuffix(reasons[0], "false") ||
		!strings.Contains(reasons[1], "not of this session") || !strings.HasSuffix(reasons[1], "false") ||
		!strings.HasSuffix(reasons[2], "true") {
		t.Errorf("events %q", reasons)
	}
}

func TestOutdatedFormsHaveAPageOfTheirOwn(t *testing.T) {
	c := newSite(t, csrf.Tokens{}).client(nil)
	w := c.post("/act", "")
	if text := w.Body.String(); w.Code != 403 || !strings.Contains(text, "out of date") ||
		strings.Contains(text, "came from another site") {
		t.Errorf("status %d and page %q", w.Code, text)
	}
}

// The handshake of a WebSocket has an Origin in every browser, so a page needs no token to open one, and another site
// cannot. A POST is none, whatever it says.
//
// Rows: ASVS 4.4.2, A20
func TestWebSocketsNeedNoToken(t *testing.T) {
	own, evil := "https://shop.example", "https://evil.example"
	for name, c := range map[string]struct {
		method string
		header http.Header
		status int
	}{
		"no browser":              {"GET", http.Header{}, 200},
		"own page":                {"GET", http.Header{"Origin": {own}}, 200},
		"another site":            {"GET", http.Header{"Origin": {evil}}, 403},
		"a sandboxed page":        {"GET", http.Header{"Origin": {"null"}}, 403},
		"a POST":                  {"POST", http.Header{}, 403},
		"over HTTP/2":             {"CONNECT", http.Header{"Origin": {evil}}, 403},
		"no browser, over HTTP/2": {"CONNECT", http.Header{}, 200},
	} {
		s := newSite(t, csrf.Tokens{})
		r := httptest.NewRequest(c.method, "https://shop.example/act", nil)
		r.URL.Path = "/act" // of CONNECT, too
		r.Header.Set("Upgrade", "websocket")
		for name, values := range c.header {
			r.Header[name] = values
		}
		s.client(nil).want(name, s.client(nil).send(r), c.status)
	}
}

// Whatever the method: it is the request that needs a token, not the form.
//
// Rows: A21
func TestTokensOfAllMethods(t *testing.T) {
	s := newSite(t, csrf.Tokens{})
	c := s.client(nil)
	token := c.token()
	for method, safe := range map[string]bool{"GET": true, "HEAD": true, "OPTIONS": true, "PUT": false, "PATCH": false,
		"DELETE": false, "BREW": false, "get": false, "TRACE": false} {
		for _, with := range []bool{false, true} {
			r := httptest.NewRequest("GET", "https://shop.example/act", nil)
			r.Method = method
			r.Header.Set("X-HTTP-Method-Override", "GET")
			want := 403
			if safe || with {
				want = 200
			}
			if with {
				r.Header.Set(csrf.HeaderName, token)
			}
			c.want(method, c.send(r), want)
		}
	}
}

// A token in the form of an upload is not looked for: nothing of such a body is read before the app does.
//
// Rows: I9
func TestBodiesOfOtherKindsAreNotRead(t *testing.T) {
	s := newSite(t, csrf.Tokens{})
	c := s.client(nil)
	token := c.token()
	var text strings.Builder
	form := multipart.NewWriter(&text)
	form.WriteField(csrf.FieldName, token)
	form.Close()
	for kind, body := range map[string]string{
		form.FormDataContentType(): text.String(), "application/json": `{"csrf_token":"` + token + `"}`,
		"text/plain": csrf.FieldName + "=" + token, "": csrf.FieldName + "=" + token, "/": csrf.FieldName + "=" + token,
	} {
		b := &counted{Reader: strings.NewReader(body)}
		for _, header := range []string{"", token} {
			r := httptest.NewRequest("POST", "https://shop.example/act", b)
			r.Header.Set("Content-Type", kind)
			want := 403
			if header != "" {
				r.Header.Set(csrf.HeaderName, header)
				want = 200
			}
			c.want(kind+" with the header "+header, c.send(r), want)
		}
		if b.n != 0 {
			t.Errorf("%s: %d bytes were read", kind, b.n)
		}
	}
}

// counted counts the bytes that were read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}
