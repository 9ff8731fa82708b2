package session_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/jar"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

const plainCookie = "session" // the name without a prefix

// unprefixed are options of sessions whose cookie any host of the same domain may set.
func unprefixed(events *recorder) session.Options {
	return session.Options{InsecureCookie: true, Events: event.NewQueue(events.observe), RotateEvery: -1}
}

// presenting sends a request with several cookies of the session's name and returns who is signed in.
func presenting(m *session.Manager, path string, tickets ...string) (user string, a *httptest.ResponseRecorder) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "shop.dev.lan:8080"
	r.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	for _, ticket := range tickets {
		r.Header["Cookie"] = append(r.Header["Cookie"], plainCookie+"="+ticket)
	}
	a = httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user = session.From(r.Context()).User()
	})).ServeHTTP(a, r)
	return user, a
}

// signedInPlainly begins a session and returns its ticket.
func signedInPlainly(t *testing.T, m *session.Manager, user string, options ...session.SignInOption) string {
	t.Helper()
	b := newBrowser(t, m)
	b.signIn(user, options...)
	return b.cookies[plainCookie]
}

// Without a prefix that keeps others away, one of several cookies may be left from a parent domain or an older
// deployment. The one of a live session counts, if it is the only one, and the browser is told to forget the rest.
//
// Rows: A6, C8
func TestLiveTicketCountsAmongStaleOnes(t *testing.T) {
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			var events recorder
			m := newManager(t, s.make(), unprefixed(&events))
			ada := signedInPlainly(t, m, "ada", session.Remember)
			alan := signedInPlainly(t, m, "alan")
			ended := newBrowser(t, m)
			ended.signIn("grace")
			stale := ended.cookies[plainCookie]
			ended.with(func(s *session.Session) { _ = s.SignOut() })
			wrong := ada[:len(ada)-4] + "AAAA"
			const ok, no = "ada", ""
			for name, c := range map[string]struct {
				want    string
				tickets []string
			}{
				"stale first":             {ok, []string{stale, ada}},
				"stale last":              {ok, []string{ada, stale}},
				"never was":               {ok, []string{unknownTicket(1), ada}},
				"malformed":               {ok, []string{malformed(1), ada}},
				"empty":                   {ok, []string{"", ada}},
				"quoted":                  {ok, []string{`"` + alan + `"`, ada}},
				"another library's":       {ok, []string{ada, "s%3Aabc.def"}},
				"wrong secret":            {ok, []string{wrong, ada}},
				"the same twice":          {ok, []string{ada, ada}},
				"three":                   {ok, []string{stale, unknownTicket(1), ada}},
				"four":                    {ok, []string{stale, "x", unknownTicket(1), ada}},
				"five are too many":       {no, []string{stale, "x", unknownTicket(1), unknownTicket(2), ada}},
				"two live ones":           {no, []string{ada, alan}},
				"two live ones and stale": {no, []string{alan, stale, ada}},
				"none is live":            {no, []string{stale, unknownTicket(1)}},
			} {
				t.Run(name, func(t *testing.T) {
					before := len(events.of(t, m, event.Duplicate))
					user, a := presenting(m, "/account/", c.tickets...)
					if user != c.want {
						t.Errorf("%q is signed in, want %q", user, c.want)
					}
					told := events.of(t, m, event.Duplicate)[before:]
					if len(told) != 1 || told[0].Count != len(c.tickets) || told[0].Reason == "" {
						t.Errorf("events: %+v", told)
					}
					lines := a.Header()["Set-Cookie"]
					if c.want == "" {
						if len(lines) > 0 {
							t.Errorf("nobody is signed in, and cookies are set: %q", lines)
						}
						return
					}
					if kept := last(lines); !strings.HasPrefix(kept, plainCookie+"="+ada+"; Path=/; Max-Age=") {
						t.Errorf("the live ticket is set as %q", kept)
					}
					if len(lines) > 24 {
						t.Errorf("%d cookies are set", len(lines))
					}
				})
			}
		})
	}
}

// A browser that has two cookies of the name has one after the next answer: the live one, wherever the stale one was
// set, and wherever the live one was.
//
// Rows: A6
func TestStaleCookieIsDeletedWithItsScope(t *testing.T) {
	page := &url.URL{Scheme: "http", Host: "shop.dev.lan:8080", Path: "/account/orders/5"}
	for name, scope := range map[string]string{
		"parent domain":          "; Domain=dev.lan; Path=/",
		"own domain":             "; Domain=shop.dev.lan; Path=/",
		"folder":                 "; Path=/account",
		"folder with slash":      "; Path=/account/",
		"default folder":         "; Path=/account/orders",
		"folder of the parent's": "; Domain=dev.lan; Path=/account",
	} {
		for _, liveThere := range []bool{false, true} {
			for client, j := range clients() {
				t.Run(name+" "+client, func(t *testing.T) {
					var events recorder
					m := newManager(t, memory.New(), unprefixed(&events))
					live, stale := signedInPlainly(t, m, "ada"), unknownTicket(7)
					there, own := stale, live
					if liveThere {
						there, own = live, stale
					}
					j.SetCookies(page, cookiesOf(t, plainCookie+"="+there+scope, plainCookie+"="+own+"; Path=/"))
					sent := ticketsOf(j, page)
					if len(sent) != 2 && client == "Chrome" {
						t.Fatalf("the browser sends %d cookies, want 2", len(sent))
					}
					if !slices.Contains(sent, live) {
						t.Skip("this client keeps one of the two") // which is not for us to decide
					}
					user, a := presenting(m, page.Path, sent...)
					if user != "ada" {
						t.Errorf("%q is signed in", user)
					}
					j.SetCookies(page, a.Result().Cookies())
					if got := ticketsOf(j, page); !slices.Equal(got, []string{live}) {
						t.Errorf("the browser keeps %q, want %q; it was told %q", got, live, a.Header()["Set-Cookie"])
					}
				})
			}
		}
	}
}

// clients are one that keeps cookies as browsers do, and one to which a cookie of the host's own Domain is the host's.
func clients() map[string]http.CookieJar {
	merging, _ := cookiejar.New(nil) // never fails
	return map[string]http.CookieJar{"Chrome": jar.New(jar.Options{}), "net/http": merging}
}

func ticketsOf(j http.CookieJar, page *url.URL) (all []string) {
	for _, c := range j.Cookies(page) {
		all = append(all, c.Value)
	}
	return all
}

func cookiesOf(t *testing.T, lines ...string) (all []*http.Cookie) {
	for _, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// Where two live sessions stand against each other, a sign-in leaves the browser one cookie. So does a sign-out.
//
// Rows: A6, A13
func TestSignInLeavesOneCookie(t *testing.T) {
	var events recorder
	m := newManager(t, memory.New(), unprefixed(&events))
	ada, mallory := signedInPlainly(t, m, "ada"), signedInPlainly(t, m, "mallory")
	for name, c := range map[string]struct {
		tickets []string
		do      func(*session.Session) error
		left    int
	}{
		"sign-in":  {[]string{ada, mallory}, func(s *session.Session) error { return s.SignIn("ada") }, 1},
		"sign-out": {[]string{ada, unknownTicket(1)}, func(s *session.Session) error { return s.SignOut() }, 0},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Host = "shop.dev.lan"
		r.Header["Cookie"] = []string{plainCookie + "=" + c.tickets[0], plainCookie + "=" + c.tickets[1]}
		w := httptest.NewRecorder()
		m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := c.do(session.From(r.Context())); err != nil {
				t.Error(err)
			}
		})).ServeHTTP(w, r)
		set, deleted := 0, map[string]bool{}
		for _, line := range w.Header()["Set-Cookie"] {
			if strings.Contains(line, "Max-Age=0") {
				deleted[attributesOf(line)["domain"]] = true
			} else {
				set++
			}
		}
		if set != c.left || !deleted["dev.lan"] || !deleted["shop.dev.lan"] || deleted[""] != (c.left == 0) {
			t.Errorf("%s: %q", name, w.Header()["Set-Cookie"])
		}
	}
}

func last(lines []string) string { return lines[len(lines)-1] }

// A stale secret of the very session that is live is not taken for a thief's, and the rotation goes on.
//
// Rows: I4, A14, C4
func TestRotationGoesOnBesideAStaleCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		o := unprefixed(&events)
		o.RotateEvery = 0
		m := newManager(t, memory.New(), o)
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		first := b.cookies[plainCookie]
		for range 5 {
			time.Sleep(31 * time.Minute)
			user, a := presenting(m, "/", first, b.cookies[plainCookie])
			if user != "ada" {
				t.Fatalf("%q is signed in; events: %s", user, events.kinds())
			}
			next, _, _ := strings.Cut(strings.TrimPrefix(last(a.Header()["Set-Cookie"]), plainCookie+"="), ";")
			if next == b.cookies[plainCookie] {
				t.Error("the secret was not rotated")
			}
			b.cookies[plainCookie] = next
			if got := b.handle(); got != handle {
				t.Fatalf("session %v, want %v; events: %s", got, handle, events.kinds())
			}
		}
		if thefts := events.of(t, m, event.Theft); len(thefts) > 0 {
			t.Errorf("%d thefts were reported", len(thefts))
		}
		// Alone, it still is what it was: a secret that the browser gave up.
		if user, _ := presenting(m, "/", first, unknownTicket(1)); user != "" {
			t.Errorf("%q is signed in by a secret of the past", user)
		}
		if thefts := events.of(t, m, event.Theft); len(thefts) != 1 {
			t.Errorf("%d thefts were reported, want 1", len(thefts))
		}
	})
}

// While the store cannot tell which ticket is live, nobody is let in, nobody is signed out, and every route answers as
// it does with one cookie.
//
// Rows: I10, R8
func TestDuplicatesWhileTheStoreIsDown(t *testing.T) {
	for want, failure := range map[int]session.Failure{
		http.StatusServiceUnavailable: session.Required, http.StatusOK: session.Optional,
	} {
		var events recorder
		st := newFaultStore()
		o := unprefixed(&events)
		o.OnFailure = func(*http.Request) session.Failure { return failure }
		m := newManager(t, st, o)
		ada := signedInPlainly(t, m, "ada")
		st.down("Load")
		user, a := presenting(m, "/", unknownTicket(1), ada)
		if user != "" || a.Code != want || len(a.Header()["Set-Cookie"]) > 0 {
			t.Errorf("%q is signed in, answer %d %v, want %d", user, a.Code, a.Header(), want)
		}
	}
}

// What duplicates cost is bounded: five are not looked up, four cost four loads.
//
// Rows: I9, A11
func TestDuplicatesCostAtMostFourLoads(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, unprefixed(&events))
	signedInPlainly(t, m, "ada")
	for n, want := range map[int]int{2: 2, 4: 4, 5: 0, 50: 0} {
		var tickets []string
		for i := range n {
			tickets = append(tickets, unknownTicket(i))
		}
		before := st.count("Load")
		presenting(m, "/", tickets...)
		if loads := st.count("Load") - before; loads != want {
			t.Errorf("%d tickets cost %d loads, want %d", n, loads, want)
		}
	}
}
