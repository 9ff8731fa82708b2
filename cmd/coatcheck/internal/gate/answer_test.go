package gate_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/session"
)

// says returns an app that answers every request with these header lines.
func says(lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			w.Header()[name] = append(w.Header()[name], value)
		}
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "from the app")
	}
}

var (
	cart = session.NewKey[[]string]("cart", session.Carry)
	note = session.NewKey[string]("note")
)

func withCart(s *session.Session) error {
	if err := cart.Set(s, []string{"tea"}); err != nil {
		return err
	}
	return note.Set(s, "x")
}

func TestOrdersAreObeyed(t *testing.T) {
	filled := func(st *site) *visitor { return st.with(withCart) }
	ada := func(st *site) *visitor {
		return st.with(func(s *session.Session) error {
			if err := s.SignIn("ada"); err != nil {
				return err
			}
			return withCart(s)
		})
	}
	nobody := (*site).visitor
	for _, tt := range []struct {
		why   string
		who   func(*site) *visitor
		lines []string
		state string // afterwards
		ada   int    // sessions of ada, where another browser has one already
	}{
		{"sign in", nobody, []string{"Coatcheck-Sign-In: ada"}, "ada {}", 2},
		{"sign in with a spelling of its own", nobody, []string{"coatcheck-sign-in: ada"}, "ada {}", 2},
		{"a cart that was declared to be carried goes along", filled, []string{"Coatcheck-Sign-In: ada"},
			`ada {"cart":["tea"]}`, 2},
		{"the same user again keeps everything", ada, []string{"Coatcheck-Sign-In: ada"},
			`ada {"cart":["tea"],"note":"x"}`, 2},
		{"another user gets nothing", ada, []string{"Coatcheck-Sign-In: bob"}, "bob {}", 1},
		{"a name that is not ASCII", nobody, []string{"Coatcheck-Sign-In: J%C3%BCrgen"}, "J%C3%BCrgen {}", 1},
		{"set without a session begins one", nobody, []string{`Coatcheck-Set: cart=["tea"]`}, ` {"cart":["tea"]}`, 1},
		{"set, delete, in one answer", ada, []string{`Coatcheck-Set: cart=["tea","ü"], n=1`, "Coatcheck-Delete: note"},
			`ada {"cart":["tea","\u00fc"],"n":1}`, 2},
		{"delete what is not there", nobody, []string{"Coatcheck-Delete: cart"}, " ", 1},
		{"null is a value", ada, []string{"Coatcheck-Set: note=null"}, `ada {"cart":["tea"],"note":null}`, 2},
		{"sign out", ada, []string{"Coatcheck-Sign-Out: this"}, " ", 1},
		{"sign out without a session", nobody, []string{"Coatcheck-Sign-Out: this"}, " ", 1},
		{"sign out a visitor", filled, []string{"Coatcheck-Sign-Out: all"}, " ", 1},
		{"sign out elsewhere", ada, []string{"Coatcheck-Sign-Out: others"}, `ada {"cart":["tea"],"note":"x"}`, 1},
		{"sign out everywhere", ada, []string{"Coatcheck-Sign-Out: all"}, " ", 0},
		{"others, of somebody who is nobody", filled, []string{"Coatcheck-Sign-Out: others"},
			` {"cart":["tea"],"note":"x"}`, 1},
		{"sign in and end all others", nobody, []string{"Coatcheck-Sign-In: ada", "Coatcheck-Sign-Out: others"},
			"ada {}", 1},
		{"sign in again and end all others", ada, []string{"Coatcheck-Sign-In: ada", "Coatcheck-Sign-Out: others"},
			`ada {"cart":["tea"],"note":"x"}`, 1},
		{"values are set after sign-in", filled, []string{"Coatcheck-Set: note=\"new\"", "Coatcheck-Sign-In: ada"},
			`ada {"cart":["tea"],"note":"new"}`, 2},
		{"values are set after sign-out", ada, []string{`Coatcheck-Set: flash="bye"`, "Coatcheck-Sign-Out: this"},
			` {"flash":"bye"}`, 1},
		{"a mirror is no order", ada, []string{"Coatcheck-User: root", "COATCHECK_DATA: {}"},
			`ada {"cart":["tea"],"note":"x"}`, 2},
	} {
		t.Run(tt.why, func(t *testing.T) {
			st := newSite(t, says(tt.lines...))
			st.signedIn("ada") // another browser
			v := tt.who(st)
			before := v.ticket
			got := v.do("POST", "/", nil)
			if got.StatusCode != 200 || got.body != "from the app" {
				t.Fatalf("status %d, body %q, log %s", got.StatusCode, got.body, st.log)
			}
			if state := v.state(); state != tt.state {
				t.Errorf("state is %q, want %q", state, tt.state)
			}
			if n := st.count("ada"); n != tt.ada {
				t.Errorf("ada has %d sessions, want %d", n, tt.ada)
			}
			if names := got.leaks(); len(names) > 0 {
				t.Errorf("%q reached the browser", names)
			}
			if strings.Contains(strings.Join(tt.lines, " "), "Sign-In") && before != "" {
				if old := (&visitor{st, before}).state(); old != " " {
					t.Errorf("the old ticket is still good for %q", old)
				}
			}
		})
	}
}

func TestRemember(t *testing.T) {
	for line, persistent := range map[string]bool{"Coatcheck-Sign-In: ada": false,
		"Coatcheck-Sign-In: ada; by=password; remember": true} {
		st := newSite(t, says(line))
		lines := st.visitor().get("/").setCookies("__Host-session")
		if len(lines) != 1 || strings.Contains(lines[0], "Max-Age=") != persistent {
			t.Errorf("%s: cookies %q", line, lines)
		}
		for _, part := range []string{"; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"} {
			if !strings.Contains(lines[0], part) {
				t.Errorf("%s: %q lacks %s", line, lines[0], part)
			}
		}
	}
}

// A refused answer is 502, its reason is in the log, and nothing at all was done.
func TestRefusedAnswers(t *testing.T) {
	big := `Coatcheck-Set: big="` + strings.Repeat("x", gate.MaxBytes) + `"`
	for _, tt := range []struct {
		why   string
		lines []string
		log   string // in the log
	}{
		{"malformed sign-in after a good sign-out",
			[]string{"Coatcheck-Sign-Out: others", "Coatcheck-Sign-In: ada; forever"}, "Coatcheck-Sign-In"},
		{"bad JSON after a good sign-in", []string{"Coatcheck-Sign-In: bob", "Coatcheck-Set: cart=[tea"},
			"Coatcheck-Set"},
		{"two sign-ins", []string{"Coatcheck-Sign-In: bob", "Coatcheck-Sign-In: eve"}, "more than once"},
		{"two sign-ins in two spellings", []string{"Coatcheck-Sign-In: bob", "coatcheck-sign-in: eve"},
			"more than once"},
		{"sign-in and sign-out", []string{"Coatcheck-Sign-In: bob", "Coatcheck-Sign-Out: this"}, "contradicts"},
		{"too large", []string{"Coatcheck-Delete: note", "Coatcheck-Sign-Out: others", big}, "limit"},
		{"too large after letters outside ASCII were written as escapes",
			[]string{`Coatcheck-Set: big="` + strings.Repeat("ü", gate.MaxBytes/4) + `"`}, "limit"},
		{"too large together with what is there", []string{`Coatcheck-Set: big="` +
			strings.Repeat("x", gate.MaxBytes-30) + `"`}, "limit"},
		{"too many keys", []string{"Coatcheck-Set: " + keys(gate.MaxKeys)}, "limit"},
		{"a bad key beside a good one", []string{"Coatcheck-Set: good=1", "Coatcheck-Delete: not good"},
			"Coatcheck-Delete"},
		{"a misspelt sign-out", []string{"Coatcheck-Set: a=1", "Coatcheck-SignOut: this"}, "Coatcheck-Signout"},
		{"shared and a sign-in", []string{"Coatcheck-Cache: shared", "Coatcheck-Sign-In: bob"}, "Coatcheck-Cache"},
		{"shared and a value", []string{"Coatcheck-Set: a=1", "Coatcheck-Cache: shared"}, "Coatcheck-Cache"},
		{"another kind of cache", []string{"Coatcheck-Cache: public"}, "Coatcheck-Cache"},
		{"underscores", []string{"Coatcheck_Sign_Out: this"}, "no such header"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			st := newSite(t, says(append(tt.lines, "Set-Cookie: a=1", "X-Secret: s3cret")...))
			st.signedIn("ada")
			v := st.with(func(s *session.Session) error {
				if err := s.SignIn("ada"); err != nil {
					return err
				}
				return withCart(s)
			})
			before, state := st.snapshot(), v.state()
			got := v.do("POST", "/?token=s3cret", nil)
			if got.StatusCode != 502 || strings.Contains(got.body, "from the app") || got.Header.Get("X-Secret") != "" {
				t.Errorf("status %d, headers %v, body %q", got.StatusCode, got.Header, got.body)
			}
			if len(got.Header["Set-Cookie"]) > 0 || len(got.leaks()) > 0 {
				t.Errorf("headers %v", got.Header)
			}
			if after := st.snapshot(); !maps.Equal(before, after) || v.state() != state {
				t.Errorf("something was done: %s, before %s", v.state(), state)
			}
			if log := st.log.String(); !strings.Contains(log, tt.log) || strings.Contains(log, "s3cret") ||
				strings.Contains(log, "xxxxxx") {
				t.Errorf("log lacks %q, or says too much: %s", tt.log, log)
			}
		})
	}
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d=1,", i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// What sign-in leaves behind does not make room, but what a sign-out ends does.
func TestRoomAfterSignOut(t *testing.T) {
	st := newSite(t, says("Coatcheck-Sign-Out: this", `Coatcheck-Set: big="`+strings.Repeat("x", gate.MaxBytes-30)+`"`))
	v := st.with(withCart)
	if got := v.get("/"); got.StatusCode != 200 || !strings.HasPrefix(v.state(), ` {"big":`) {
		t.Errorf("status %d, log %s", got.StatusCode, st.log)
	}
}

func TestStoreFails(t *testing.T) {
	for _, tt := range []struct {
		why  string
		line string
		who  func(*site) *visitor
	}{
		{"sign in", "Coatcheck-Sign-In: ada", (*site).visitor},
		{"sign out", "Coatcheck-Sign-Out: this", func(s *site) *visitor { return s.signedIn("ada") }},
		{"sign out elsewhere", "Coatcheck-Sign-Out: others", func(s *site) *visitor { return s.signedIn("ada") }},
		{"set", "Coatcheck-Set: a=1", func(s *site) *visitor { return s.signedIn("ada") }},
		{"set, for a visitor", "Coatcheck-Set: a=1", (*site).visitor},
	} {
		t.Run(tt.why, func(t *testing.T) {
			st := newSite(t, says(tt.line, "X-Secret: s3cret"))
			v := tt.who(st)
			before := st.snapshot()
			st.store.noWrites.Store(true)
			got := v.do("POST", "/", nil)
			if got.StatusCode != 503 || got.Header.Get("Retry-After") == "" || strings.Contains(got.body, "app") ||
				got.Header.Get("X-Secret") != "" {
				t.Errorf("status %d, headers %v, body %q", got.StatusCode, got.Header, got.body)
			}
			if lines := got.setCookies("__Host-session"); len(lines) > 0 {
				t.Errorf("cookies %q", lines)
			}
			if !strings.Contains(st.log.String(), "disk full") {
				t.Errorf("log: %s", st.log)
			}
			st.store.noWrites.Store(false)
			if !maps.Equal(before, st.snapshot()) {
				t.Error("the store has changed")
			}
		})
	}
}

// When the store cannot say who is asking, the app is not asked.
func TestStoreDown(t *testing.T) {
	called := false
	st := newSite(t, func(http.ResponseWriter, *http.Request) { called = true })
	v := st.signedIn("ada")
	st.store.down.Store(true)
	got := v.get("/")
	if got.StatusCode != 503 || got.Header.Get("Retry-After") == "" || called || len(got.Header["Set-Cookie"]) > 0 {
		t.Errorf("status %d, headers %v, app called %v", got.StatusCode, got.Header, called)
	}
}

func TestAppsCookies(t *testing.T) {
	st := newSite(t, says("Set-Cookie: theme=dark; Path=/", "Set-Cookie: __Host-session=planted; Path=/; Secure",
		"Set-Cookie: =__Host-session=planted", "Set-Cookie: __Host-coatcheck-console=planted; Path=/; Secure",
		"Coatcheck-Sign-In: ada"))
	v := st.visitor()
	got := v.get("/")
	if lines := got.Header["Set-Cookie"]; len(lines) != 2 || lines[0] != "theme=dark; Path=/" ||
		strings.Contains(lines[1], "planted") {
		t.Errorf("cookies %q", lines)
	}
	if v.state() != "ada {}" {
		t.Errorf("state %q", v.state())
	}
	if log := st.log.String(); strings.Count(log, "cookie of Coatcheck's own") != 3 ||
		strings.Contains(log, "planted") {
		t.Errorf("log: %s", log)
	}
}

// Browsers drop the cookies that come with a Clear-Site-Data of theirs.
func TestCookiesOfASignInAreNotCleared(t *testing.T) {
	for _, tt := range []struct {
		name, say, clear, want string
		signedIn               bool
	}{
		{"sign-in", "Coatcheck-Sign-In: ada", `"cookies"`, "", false},
		{"sign-in, among others", "Coatcheck-Sign-In: ada", `"cache", "cookies"`, `"cache"`, false},
		{"a first value", "Coatcheck-Set: cart=1", `"cookies"`, "", false},
		{"another user", "Coatcheck-Sign-In: bea", `"cookies"`, "", true},
		{"sign-out", "Coatcheck-Sign-Out: this", `"cookies"`, `"cookies"`, true},
		{"nothing", "X: y", `"cookies"`, `"cookies"`, true},
		{"a visitor without a session", "X: y", `"cookies"`, `"cookies"`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := newSite(t, says(tt.say, "Clear-Site-Data: "+tt.clear))
			v := st.visitor()
			if tt.signedIn {
				v = st.signedIn("ada")
			}
			got := v.get("/")
			if now := got.Header.Get("Clear-Site-Data"); now != tt.want {
				t.Errorf("got %s, want %s", now, tt.want)
			}
			if reported := strings.Contains(st.log.String(), "Clear-Site-Data"); reported != (tt.want != tt.clear) {
				t.Errorf("reported: %t", reported)
			}
		})
	}
}

// The app says how long the visitor's own browser may keep an answer. Nobody else keeps it, unless the app says that it
// is the same for everybody.
//
// Rows: A25, I8
func TestCaching(t *testing.T) {
	const asset = "public, max-age=31536000, immutable"
	for _, tt := range []struct {
		name     string
		says     []string
		signedIn bool
		want     string // Cache-Control
		vary     string
	}{
		{"anybody's", []string{"Cache-Control: " + asset}, false, asset, "Cookie"},
		{"anybody's, and nothing is said", nil, false, "", "Cookie"},
		{"ada's", []string{"Cache-Control: " + asset}, true, "private, max-age=31536000, immutable", "Cookie"},
		{"ada's, and nothing is said", nil, true, "private, no-store", "Cookie"},
		{"ada's, no-store", []string{"Cache-Control: no-store"}, true, "private, no-store", "Cookie"},
		{"ada's, Expires", []string{"Expires: Thu, 31 Dec 2037 23:55:55 GMT"}, true, "private", "Cookie"},
		{"ada's, for one cache", []string{"CDN-Cache-Control: max-age=60"}, true, "private, no-store", "Cookie"},
		{"a sign-in", []string{"Cache-Control: " + asset, "Coatcheck-Sign-In: ada"}, false, "private, no-store",
			"Cookie"},
		{"a value", []string{"Cache-Control: " + asset, "Coatcheck-Set: k=1"}, true, "private, no-store", "Cookie"},
		{"a sign-out", []string{"Cache-Control: " + asset, "Coatcheck-Sign-Out: this"}, true, "private, no-store",
			"Cookie"},
		{"shared", []string{"Cache-Control: " + asset, "Coatcheck-Cache: shared"}, true, asset, ""},
		{"shared, anybody's", []string{"Cache-Control: " + asset, "Coatcheck-Cache: shared"}, false, asset, ""},
		{"shared, and nothing is said", []string{"Coatcheck-Cache: shared"}, true, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := newSite(t, says(tt.says...))
			v := st.visitor()
			if tt.signedIn {
				v = st.signedIn("ada")
			}
			got := v.get("/")
			if control := got.Header.Get("Cache-Control"); control != tt.want || got.Header.Get("Vary") != tt.vary ||
				got.Header.Get("Cdn-Cache-Control") != "" {
				t.Errorf("headers %v; want Cache-Control %q and Vary %q", got.Header, tt.want, tt.vary)
			}
			if len(got.leaks()) > 0 || strings.Contains(st.log.String(), "level=WARN") {
				t.Errorf("leaks %v, log: %s", got.leaks(), st.log)
			}
		})
	}
}

// What is public has no session: the store is not asked, the app is told of nobody, and the answer is anybody's.
//
// Rows: I8
func TestPublicPaths(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		if r.URL.Query().Has("in") {
			w.Header().Set("Coatcheck-Sign-In", "eve")
		}
		fmt.Fprintf(w, "%q", r.Header["Coatcheck-User"])
	}, func(s *setup) { s.gate.Public = []string{"/static/", "/robots.txt"} })
	ada := st.signedIn("ada")
	for path, public := range map[string]bool{
		"/static/a.js": true, "/static/": true, "/robots.txt": true, "/static/../me": false,
		"/static": false, "/staticky": false, "/robots.txt/": false, "/STATIC/a.js": false, "/me": false,
		"//static/": false,
	} {
		got := ada.get(path)
		if isPublic := got.body == `[""]`; isPublic != public || got.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
		want := map[bool]string{true: "public, max-age=60", false: "private, max-age=60"}[public]
		if got.Header.Get("Cache-Control") != want || (got.Header.Get("Vary") == "") != public {
			t.Errorf("%s: headers %v", path, got.Header)
		}
	}
	if got := ada.get("/static/?in"); got.StatusCode != 502 || !strings.Contains(st.log.String(), "public") {
		t.Errorf("a sign-in at a public path: %d, log %s", got.StatusCode, st.log)
	}
	st.store.down.Store(true)
	if got := ada.get("/static/a.js"); got.StatusCode != 200 {
		t.Errorf("while the store is down: %d", got.StatusCode)
	}
}

// An answer that brings a ticket is this browser's, whatever the app says of it.
//
// Rows: I8
func TestAnswerWithATicketIsNotShared(t *testing.T) {
	st := newSite(t, says("Cache-Control: public, max-age=60", "Coatcheck-Cache: shared"), func(s *setup) {
		s.session.RotateEvery, s.session.RotationGrace = 2, 1
	})
	got := st.signedIn("ada").get("/")
	if len(got.setCookies("__Host-session")) != 1 || got.Header.Get("Cache-Control") != "private, no-store" ||
		got.Header.Get("Vary") != "Cookie" {
		t.Errorf("headers %v", got.Header)
	}
}

func TestResponseTrailers(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum, Coatcheck-Data")
		fmt.Fprint(w, "body")
		w.Header().Set("X-Sum", "1")
		w.Header().Set("Coatcheck-Data", "mirrored")
		w.Header().Set(http.TrailerPrefix+"coatcheck_sign_out", "this")
		w.Header().Set(http.TrailerPrefix+"Coatcheck-Sign-Out", "this")
	})
	v := st.signedIn("ada")
	got := v.get("/")
	if got.Trailer.Get("X-Sum") != "1" || len(got.leaks()) > 0 || got.body != "body" {
		t.Errorf("headers %v, trailers %v, body %q", got.Header, got.Trailer, got.body)
	}
	if v.state() != "ada {}" {
		t.Errorf("a trailer was obeyed: %q", v.state())
	}
}

func TestAnnouncedTrailerIsRefused(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Coatcheck-Sign-Out")
		fmt.Fprint(w, "body")
		w.Header().Set("Coatcheck-Sign-Out", "this")
	})
	if got := st.signedIn("ada").get("/"); got.StatusCode != 502 || !strings.Contains(st.log.String(), "too late") {
		t.Errorf("status %d, log %s", got.StatusCode, st.log)
	}
}

func TestAppIsGone(t *testing.T) {
	st := newSiteAt(t, "http://127.0.0.1:1")
	got := st.signedIn("ada").get("/")
	if got.StatusCode != 502 || !strings.Contains(got.body, "cannot be reached") ||
		strings.Contains(got.body, "127.0.0.1") {
		t.Errorf("status %d, body %q", got.StatusCode, got.body)
	}
	if log := st.log.String(); !strings.Contains(log, "127.0.0.1:1") || !strings.Contains(log, "refused") {
		t.Errorf("log: %s", log)
	}
}

// A body that arrived whole is not what is wrong when the app is gone.
func TestAppIsGoneForABody(t *testing.T) {
	st := newSiteAt(t, "http://127.0.0.1:1")
	res, _ := st.send(chunked + "3\r\nabc\r\n0\r\n\r\n")
	if res.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestAppHangs(t *testing.T) {
	st := newSite(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		func(s *setup) { s.gate.AnswerTimeout = 50 * time.Millisecond })
	if got := st.visitor().get("/"); got.StatusCode != 504 || !strings.Contains(got.body, "in time") {
		t.Errorf("status %d, body %q", got.StatusCode, got.body)
	}
	if log := st.log.String(); !strings.Contains(log, "did not answer in time") {
		t.Errorf("log: %s", log)
	}
}

// An app that breaks off must not look like one that has finished.
func TestAppBreaksOff(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	res, err := http.Get(st.url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b := make([]byte, 100)
	for err == nil {
		_, err = res.Body.Read(b)
	}
	if err.Error() == "EOF" {
		t.Error("the answer ended as if it were whole")
	}
}

func TestOptionsCheck(t *testing.T) {
	for upstream, ok := range map[string]bool{
		"http://127.0.0.1:3000": true, "https://app.internal": true, "http://[::1]:3000/": true,
		"": false, "127.0.0.1:3000": false, "localhost": false, "ftp://x": false, "http://": false,
		"http://x/path": false, "http://x?q": false, "http://user:s3cret@x": false, "http://:80": false,
	} {
		err := gate.Options{Upstream: mustURL(upstream)}.Check()
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", upstream, err)
		}
	}
	origins := route.Options{TrustedOrigins: []string{"pay.example"}}
	if (gate.Options{Upstream: mustURL("http://x"), Options: origins}).Check() == nil {
		t.Error("an origin without a scheme was accepted")
	}
}
