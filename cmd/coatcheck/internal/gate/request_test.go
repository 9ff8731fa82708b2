package gate_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// echo answers with what the app was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // trailers come after the body
	json.NewEncoder(w).Encode(seen{r.Header, r.Trailer, r.Host, r.RequestURI})
}

type seen struct {
	Header, Trailer http.Header
	Host, URI       string
}

func (r reply) seen(t *testing.T) seen {
	t.Helper()
	var s seen
	if err := json.Unmarshal([]byte(r.body), &s); err != nil {
		t.Fatalf("status %d, body %q: %v", r.StatusCode, r.body, err)
	}
	return s
}

// ours returns all headers of a request that look like Coatcheck's, with their values.
func (s seen) ours() map[string]string {
	found := make(map[string]string)
	for _, h := range []http.Header{s.Header, s.Trailer} {
		for name, values := range h {
			if strings.Contains(strings.ToLower(name), "coatcheck") {
				found[name] = strings.Join(values, "|")
			}
		}
	}
	return found
}

func TestAppIsTold(t *testing.T) {
	st := newSite(t, echo)
	set := func(key string, v any) func(*session.Session) error {
		return func(s *session.Session) error { return session.NewKey[any](key).Set(s, v) }
	}
	signIn := func(user string) func(*session.Session) error {
		return func(s *session.Session) error { return s.SignIn(user) }
	}
	for _, tt := range []struct {
		why        string
		do         []func(*session.Session) error
		user, data string
	}{
		{"nothing stored", nil, "", ""},
		{"a visitor with a cart", []func(*session.Session) error{set("cart", []string{"tea"})}, "", `{"cart":["tea"]}`},
		{"signed in, nothing stored", []func(*session.Session) error{signIn("ada")}, "ada", `{}`},
		{"several keys, sorted", []func(*session.Session) error{signIn("ada"), set("b", 2), set("a.b-c_D", true)},
			"ada", `{"a.b-c_D":true,"b":2}`},
		{"not ASCII", []func(*session.Session) error{signIn("Jürgen"), set("k", "ü 😀\x7f\u2028")}, "J%C3%BCrgen",
			`{"k":"\u00fc \ud83d\ude00\u007f\u2028"}`},
		{"signs that part things", []func(*session.Session) error{signIn(`a, b; "c" %`)},
			"a%2C%20b%3B%20%22c%22%20%25", `{}`},
	} {
		v := st.visitor()
		if tt.do != nil {
			v = st.with(func(s *session.Session) error {
				for _, do := range tt.do {
					if err := do(s); err != nil {
						return err
					}
				}
				return nil
			})
		}
		got := v.get("/").seen(t).ours()
		handle := ""
		if v.ticket != "" {
			handle = v.ticket[1:23]
		}
		want := map[string]string{"Coatcheck-User": tt.user, "Coatcheck-Session": handle, "Coatcheck-Data": tt.data}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", tt.why, got, want)
		}
	}
}

// Rows: A32
func TestNobodyElseSpeaksForCoatcheck(t *testing.T) {
	st := newSite(t, echo)
	v := st.signedIn("ada")
	want := fmt.Sprint(v.get("/").seen(t).ours())
	nobody := fmt.Sprint(st.visitor().get("/").seen(t).ours())
	for _, tt := range []struct {
		why    string
		header http.Header
	}{
		{"the name itself", http.Header{"Coatcheck-User": {"root"}}},
		{"twice", http.Header{"Coatcheck-User": {"root", "root"}, "Coatcheck-Data": {`{"admin":true}`},
			"Coatcheck-Session": {"x"}}},
		{"small letters", http.Header{"coatcheck-user": {"root"}}},
		{"capital letters", http.Header{"COATCHECK-USER": {"root"}}},
		{"underscore", http.Header{"Coatcheck_User": {"root"}}},
		{"underscore, small", http.Header{"coatcheck_user": {"root"}, "coatcheck_data": {"{}"}}},
		{"mixed", http.Header{"cOATCHECK_uSER": {"root"}, "COATCHECK_USER": {"root"}}},
		{"other signs that servers turn into underscores",
			http.Header{"Coatcheck.User": {"root"}, "Coatcheck~User": {"root"}, "Coatcheck": {"root"}}},
		{"what only apps may say", http.Header{"Coatcheck-Sign-In": {"root"}, "Coatcheck-Set": {"a=1"}}},
		{"hop by hop, so that it would be removed", http.Header{"Connection": {"Coatcheck-User, Coatcheck-Data"}}},
		{"hop by hop, and sent", http.Header{"Connection": {"close, Coatcheck-User"}, "Coatcheck-User": {"root"}}},
		{"announced as a trailer", http.Header{"Trailer": {"Coatcheck-User"}, "Te": {"trailers"}}},
	} {
		if got := v.do("GET", "/", tt.header).seen(t); fmt.Sprint(got.ours()) != want {
			t.Errorf("%s: signed in: %v, want %v", tt.why, got.ours(), want)
		}
		if got := st.visitor().do("GET", "/", tt.header).seen(t); fmt.Sprint(got.ours()) != nobody {
			t.Errorf("%s: not signed in: %v", tt.why, got.ours())
		}
	}
}

// raw sends bytes as they are, and returns the answer.
func (s *site) raw(request string) reply {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		s.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{res, string(body)}
}

func TestRawRequests(t *testing.T) {
	st := newSite(t, echo)
	for _, tt := range []struct {
		why, request string
		status       int
	}{
		{"trailers", "POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n" +
			"Trailer: Coatcheck-User, coatcheck_data\n\n1\na\n0\nCoatcheck-User: root\ncoatcheck_data: {}\n\n", 200},
		{"trailers that were not announced",
			"POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n1\na\n0\nCoatcheck-User: root\n\n", 200},
		{"folded line", "GET / HTTP/1.1\nHost: x\nX-A: b\n Coatcheck-User: root\n\n", 200},
		{"space before the colon", "GET / HTTP/1.1\nHost: x\nCoatcheck-User : root\n\n", 400},
		{"absolute target", "GET http://other/x HTTP/1.1\nHost: x\nCoatcheck-User: root\n\n", 200},
		{"TRACE", "TRACE / HTTP/1.1\nHost: x\n\n", 405},
		{"CONNECT", "CONNECT other:443 HTTP/1.1\nHost: other:443\n\n", 405},
		{"upgrade to h2c, within which anything could be sent",
			"GET / HTTP/1.1\nHost: x\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\n" +
				"HTTP2-Settings: AAMAAABkAAQAAP__\n\n", 200},
	} {
		got := st.raw(tt.request)
		if got.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.why, got.StatusCode, tt.status)
		}
		if got.StatusCode != 200 {
			continue
		}
		s := got.seen(t)
		if ours := fmt.Sprint(s.ours()); ours != "map[Coatcheck-Data: Coatcheck-Session: Coatcheck-User:]" {
			t.Errorf("%s: %v", tt.why, ours)
		}
		if up := s.Header["Upgrade"]; up != nil {
			t.Errorf("%s: the app is asked to upgrade to %q", tt.why, up)
		}
	}
}

func TestRequestIsPassedOn(t *testing.T) {
	st := newSite(t, echo)
	got := st.signedIn("ada").do("GET", "/a%2Fb//c?x=1;y&%zz&a=b+c", http.Header{
		"Cookie":            {"theme=dark; __Host-coatcheck-console=x; q=\"a b\""},
		"X-Forwarded-For":   {"6.6.6.6"},
		"X-Forwarded-Proto": {"https"},
		"X-Forwarded-Port":  {"443"},
		"X_Forwarded_For":   {"6.6.6.6"},
		"x-real-ip":         {"6.6.6.6"},
		"Forwarded":         {"for=6.6.6.6"},
		"Authorization":     {"Bearer its-own"},
		"Accept-Encoding":   {"br"},
	}).seen(t)
	if got.URI != "/a%2Fb//c?x=1;y&%zz&a=b+c" {
		t.Errorf("URI is %q", got.URI)
	}
	if want := strings.TrimPrefix(st.url, "http://"); got.Host != want || got.Header.Get("X-Forwarded-Host") != want {
		t.Errorf("Host is %q, X-Forwarded-Host %q, want %q", got.Host, got.Header.Get("X-Forwarded-Host"), want)
	}
	for name, want := range map[string]string{
		"Cookie": `theme=dark; q="a b"`, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http",
		"Authorization": "Bearer its-own", "Accept-Encoding": "br",
	} {
		if values := got.Header[name]; len(values) != 1 || values[0] != want {
			t.Errorf("%s is %q, want %q", name, values, want)
		}
	}
	for name := range got.Header {
		if plain := strings.ReplaceAll(strings.ToLower(name), "_", "-"); plain == "x-real-ip" ||
			plain == "forwarded" || plain == "x-forwarded-port" || name == "X_Forwarded_For" {
			t.Errorf("%s reached the app", name)
		}
	}
}

func TestCrossSite(t *testing.T) {
	called := false
	app := func(http.ResponseWriter, *http.Request) { called = true }
	st := newSite(t, app, func(s *setup) { s.gate.TrustedOrigins = []string{"https://pay.example"} })
	for _, tt := range []struct {
		method string
		header http.Header
		want   int
	}{
		{"POST", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"POST", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{"DELETE", http.Header{"Origin": {"https://evil.example"}}, 403},
		{"POST", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 200},
		{"POST", nil, 200},
		{"GET", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 200},
		{"POST", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://pay.example"}}, 200},
		{"GET", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"}},
			403},
		{"GET", http.Header{"Origin": {"https://evil.example"}, "Connection": {"keep-alive, upgrade"},
			"Upgrade": {"websocket"}}, 403},
	} {
		called = false
		if got := st.visitor().do(tt.method, "/", tt.header); got.StatusCode != tt.want || called != (tt.want == 200) {
			t.Errorf("%s with %v: status %d, app called %v, want %d", tt.method, tt.header, got.StatusCode, called,
				tt.want)
		}
	}
}

// While an operator finds out which origins to trust, nothing is refused, and events tell what would be.
func TestCrossSiteIsReportedOnly(t *testing.T) {
	var refused []bool
	events := event.NewQueue(func(e event.Event) {
		if e.Kind == event.CrossSite {
			refused = append(refused, e.Request.Refused)
		}
	})
	st := newSite(t, echo, func(s *setup) { s.session.Events, s.gate.InsecureReportCrossSite = events, true })
	for _, from := range []string{"cross-site", "same-origin", "same-site"} {
		if got := st.visitor().do("POST", "/cart", http.Header{"Sec-Fetch-Site": {from}}); got.StatusCode != 200 {
			t.Errorf("%s: status %d", from, got.StatusCode)
		}
	}
	events.Flush(t.Context())
	if !slices.Equal(refused, []bool{false, false}) {
		t.Errorf("events of requests that were refused: %v, want two that were not", refused)
	}
}

// A refused request is an event of the sessions', and names the client rather than the proxy.
func TestCrossSiteIsToldToTheSessionsObservers(t *testing.T) {
	var told []event.Event
	events := event.NewQueue(func(e event.Event) {
		if e.Kind != event.CapabilityHidden { // the store of these tests is a wrapper
			told = append(told, e)
		}
	})
	st := newSite(t, echo, func(s *setup) {
		s.session.Events = events
		s.session.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	st.visitor().do("POST", "/cart", http.Header{"Sec-Fetch-Site": {"cross-site"}, "X-Forwarded-For": {"198.51.100.7"}})
	events.Flush(t.Context())
	if len(told) != 1 || told[0].Kind != event.CrossSite || told[0].Address != "198.51.100.7" {
		t.Errorf("told %+v", told)
	}
}

// A stored value that is no JSON must not spoil the header for the app: it is left out and reported, and kept.
func TestDamagedValue(t *testing.T) {
	st := newSite(t, echo)
	v := st.with(withCart)
	id := st.handleOf(v)
	r, err := st.store.Store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	r.Data = r.Data.With(store.Change{Key: "note", Value: store.Value{JSON: `{"x`}})
	if err := st.store.Store.Save(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := v.state(); got != ` {"cart":["tea"]}` {
		t.Errorf("state is %q", got)
	}
	if r, err = st.store.Store.Load(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if v, there := r.Data.Get("note"); !there || v.JSON != `{"x` {
		t.Errorf("stored is %q, %v, want the value as it was", v.JSON, there)
	}
}

// Answers that come at the same time and set different keys do not disturb each other.
func TestParallelAnswers(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Coatcheck-Set", r.URL.Path[1:]+"=1")
	})
	v := st.signedIn("ada")
	var all sync.WaitGroup
	want := map[string]int{}
	for i := range 32 {
		key := fmt.Sprintf("k%d", i)
		want[key] = 1
		all.Go(func() {
			if got := v.get("/" + key); got.StatusCode != 200 {
				t.Errorf("%s: status %d, log %s", key, got.StatusCode, st.log)
			}
		})
	}
	all.Wait()
	got := map[string]int{}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(v.state(), "ada ")), &got); err != nil ||
		!maps.Equal(got, want) {
		t.Errorf("stored %v, %v", got, err)
	}
}

// A payment page sends its visitors back by a form, with which browsers send no cookie. They stay who they are, and
// what the app stores then goes along with its redirect.
func TestReturnFromAPaymentPage(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			w.Header().Set("Coatcheck-Set", "paid=true")
			if to := r.URL.Query().Get("to"); to != "" {
				http.Redirect(w, r, to, http.StatusSeeOther)
			}
			return
		}
		echo(w, r)
	}, func(s *setup) { s.gate.TrustedOrigins = []string{"https://pay.example"} })
	fromPaymentPage := http.Header{
		"Origin": {"https://pay.example"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"},
		"Sec-Fetch-Dest": {"document"},
	}
	ada := st.signedIn("ada")
	for _, tt := range []struct{ to, uri, state string }{
		{"", "", `ada {}`},
		{"https://elsewhere.example/", "", `ada {}`},
		{"/done", "/done", `ada {"paid":true}`},
		{"/done?order=5&x", "/done?order=5&x", `ada {"paid":true}`},
	} {
		back := st.visitor().do("POST", "/back?to="+url.QueryEscape(tt.to), fromPaymentPage)
		if back.StatusCode >= 400 || len(back.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: status %d, cookies %q", tt.to, back.StatusCode, back.Header["Set-Cookie"])
		}
		if to := back.Header.Get("Location"); tt.uri != "" {
			seen := ada.do("GET", to, http.Header{
				"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"},
			}).seen(t)
			if seen.URI != tt.uri {
				t.Errorf("the app sees %s, want %s", seen.URI, tt.uri)
			}
		} else if to != tt.to {
			t.Errorf("%s became %s", tt.to, to)
		}
		if got := ada.state(); got != tt.state {
			t.Errorf("%q: %s, want %s", tt.to, got, tt.state)
		}
	}
}
