package jar_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// roundTrip is a server for any host: it answers by the host and path of a URL and keeps the Cookie headers that it
// got.
type roundTrip struct {
	answers map[string]http.Header // by host and path; Location makes it a redirect
	got     []string
}

func (rt *roundTrip) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.URL.Host, "down.") {
		return nil, errors.New("down")
	}
	rt.got = append(rt.got, req.URL.Host+req.URL.Path+" "+strings.Join(req.Header["Cookie"], "|"))
	w := httptest.NewRecorder()
	for k, v := range rt.answers[req.URL.Host+req.URL.Path] {
		w.Header()[k] = v
	}
	if w.Header().Get("Location") != "" {
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

func TestTransport(t *testing.T) {
	j, _ := newJar(jar.Spec)
	rt := &roundTrip{answers: map[string]http.Header{
		"a.example/set": {"Set-Cookie": {"s=1; SameSite=Strict; Path=/", "l=1; SameSite=Lax; Path=/",
			"n=1; SameSite=None; Secure; Path=/", "bare", "bad=\x01"}},
		"a.example/hop":  {"Location": {"https://b.example/hop"}, "Set-Cookie": {"hop=1; Path=/"}},
		"b.example/hop":  {"Location": {"https://a.example/end"}},
		"a.example/self": {"Location": {"/end"}},
	}}
	var refused []string
	client := &http.Client{Transport: &jar.Transport{Jar: j, Base: rt,
		OnSet: func(r *jar.Request, line string, why cookie.Reasons) {
			if why.Excluded() {
				refused = append(refused, r.URL.Path+" "+why.String())
			}
		}}}
	get := func(u string, r jar.Request) {
		t.Helper()
		req, err := http.NewRequestWithContext(jar.WithRequest(t.Context(), r), "GET", u, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", "own=1")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := req.Header.Get("Cookie"); got != "own=1" {
			t.Errorf("the request was changed: %q", got)
		}
	}
	get("https://a.example/set", jar.Request{})
	get("https://a.example/self", jar.Request{})
	get("https://a.example/hop", jar.Request{Kind: jar.Navigation})
	get("https://a.example/end", jar.Request{TopLevel: mustURL("https://c.example/")})
	want := []string{
		"a.example/set own=1",
		"a.example/self own=1; s=1; l=1; n=1; bare",
		"a.example/end own=1; s=1; l=1; n=1; bare",
		"a.example/hop own=1; s=1; l=1; n=1; bare",
		"b.example/hop ",
		// the chain led through another site, and net/http withholds the own header there
		"a.example/end l=1; n=1; bare; hop=1",
		"a.example/end own=1; n=1",
	}
	for i := range want {
		want[i] = strings.TrimSuffix(want[i], " ")
	}
	for i := range rt.got {
		rt.got[i] = strings.TrimSuffix(rt.got[i], " ")
	}
	if !slices.Equal(rt.got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(rt.got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(refused, []string{"/set EXCLUDE_DISALLOWED_CHARACTER"}) {
		t.Errorf("refused %q", refused)
	}
	if _, err := client.Get("https://down.example/"); err == nil {
		t.Error("no error")
	}
}

func TestTransportWithRealServer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; Secure; HttpOnly")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(r.Header.Get("Cookie")))
	}))
	defer srv.Close()
	j := jar.New(jar.Options{})
	client := &http.Client{Transport: &jar.Transport{Jar: j}}
	for range 2 {
		resp, err := client.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	expect(t, j, at(srv.URL), "a=1")
}

func TestCookieJar(t *testing.T) {
	j, _ := newJar(jar.Spec)
	u := mustURL("https://www.example.com/x/y")
	parsed := (&http.Response{Header: http.Header{"Set-Cookie": {`q="1 2"; Path=/`,
		"wide=1; Domain=example.com; Max-Age=60"}}}).Cookies()
	j.SetCookies(u, parsed)
	j.SetCookies(u, []*http.Cookie{
		{Name: "hand", Value: "ü", Path: "/x", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode},
		{Name: "quoted", Value: "1", Quoted: true},
		{Name: "gone", Value: "1", MaxAge: -1},
		{Name: "bad\n", Value: "1"},
		{Name: "changed", Value: "new", Raw: "changed=old"},
	})
	expect(t, j, &jar.Request{URL: u}, `wide=1; hand=ü; quoted="1"; changed=new; q="1 2"`)

	cookies := j.Cookies(u)
	if len(cookies) != 5 || cookies[1].Name != "hand" || cookies[1].Value != "ü" || cookies[1].Secure {
		t.Errorf("cookies %v", cookies)
	}
	cookies[1].MaxAge, cookies[1].Value = -1, "spoiled"
	if again := j.Cookies(u); again[1].Value != "ü" || again[1].MaxAge != 0 || again[2] != cookies[2] {
		t.Errorf("a change to what was handed out shows: %v", again[1])
	}
	if none := j.Cookies(mustURL("https://example.org/")); none != nil {
		t.Errorf("%v for another site", none)
	}
}

// TestClient runs the jar as http.Client's own.
func TestClient(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/in" {
			http.SetCookie(w, &http.Cookie{Name: "id", Value: "7", Path: "/"})
			http.Redirect(w, r, "/out", http.StatusSeeOther)
			return
		}
		_, _ = w.Write([]byte(r.Header.Get("Cookie")))
	}))
	defer srv.Close()
	client := &http.Client{Jar: jar.New(jar.Options{})}
	resp, err := client.Get(srv.URL + "/in")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := make([]byte, 100)
	n, _ := resp.Body.Read(body)
	if string(body[:n]) != "id=7" {
		t.Errorf("sent %q", body[:n])
	}
}

// FuzzAgainstCookieJar compares with net/http/cookiejar on what the rules of both agree about: names that are tokens,
// plain values, https, and attributes written the way that net/http reads them.
func FuzzAgainstCookieJar(f *testing.F) {
	f.Add("a", "1", uint8(0), uint8(0), uint8(0))
	f.Add("b", "2", uint8(3), uint8(5), uint8(9))
	f.Add("c", "", uint8(255), uint8(1), uint8(2))
	hosts := []string{"www.example.com", "example.com", "a.www.example.com", "example.co.uk", "192.0.2.1"}
	paths := []string{"/", "/a", "/a/", "/a/b", "/ab"}
	f.Fuzz(func(t *testing.T, name, value string, where, what, then uint8) {
		for _, s := range []string{name, value} {
			for _, c := range []byte(s) {
				if (c < 'a' || 'z' < c) && (c < '0' || '9' < c) {
					t.Skip()
				}
			}
		}
		if name == "" || len(name)+len(value) > cookie.MaxNameValue {
			t.Skip()
		}
		theirs := newCookieJar(t)
		ours := jar.New(jar.Options{})
		line := name + "=" + value
		if what&1 != 0 {
			line += "; Path=" + paths[int(what>>1)%len(paths)]
		}
		if what&64 != 0 {
			line += "; Domain=" + hosts[int(what>>2)%len(hosts)]
		}
		if what&128 != 0 {
			line += "; Max-Age=" + string('0'+where%10)
		}
		u := &url.URL{Scheme: "https", Host: hosts[int(where)%len(hosts)], Path: paths[int(where>>3)%len(paths)]}
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Skip()
		}
		theirs.SetCookies(u, []*http.Cookie{c})
		ours.SetCookies(u, []*http.Cookie{c})
		for _, host := range hosts {
			v := &url.URL{Scheme: "https", Host: host, Path: paths[int(then)%len(paths)]}
			a, b := theirs.Cookies(v), ours.Cookies(v)
			if len(a) != len(b) || len(a) > 0 && (a[0].Name != b[0].Name || a[0].Value != b[0].Value) {
				t.Errorf("%s sets %q, %s gets %v from net/http, %v from us", u, line, v, a, b)
			}
		}
	})
}

// A cookie of the request itself gives way to what a redirect sets, as with an http.Client that has a Jar: otherwise
// a server that redirects until the cookie is right does so without end.
func TestTransportOwnCookieGivesWay(t *testing.T) {
	visits := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits++
		if value, n := cookie.Lookup(r.Header["Cookie"], "auth"); value != "new" || n != 1 {
			w.Header().Add("Set-Cookie", "auth=new; Path=/")
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(r.Header.Get("Cookie")))
	}))
	defer srv.Close()
	for name, client := range map[string]*http.Client{
		"Transport": {Transport: &jar.Transport{Jar: jar.New(jar.Options{})}},
		"net/http":  {Jar: jar.New(jar.Options{})},
	} {
		visits = 0
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", "kept=1; auth=stale")
		resp, err := client.Do(req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "kept=1; auth=new" || visits != 2 {
			t.Errorf("%s: %d requests, the last one with %q", name, visits, body)
		}
	}
}

// Expires is by the clock of the server, and Max-Age by that of the client.
func TestExpiresCountsFromDate(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return at.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		date, line string
		lasts      time.Duration // 0 means that it is dropped
	}{
		{date(0), "a=1; Expires=" + date(time.Hour), time.Hour},
		{"", "a=1; Expires=" + date(time.Hour), time.Hour},
		{"yesterday", "a=1; Expires=" + date(time.Hour), time.Hour},
		{date(2 * time.Hour), "a=1; Expires=" + date(time.Hour), 0},
		{date(-2 * time.Hour), "a=1; Expires=" + date(-time.Hour), time.Hour},
		{date(2 * time.Hour), "a=1; Max-Age=3600; Expires=" + date(time.Hour), time.Hour},
		{date(-900 * 24 * time.Hour), "a=1; Expires=" + date(0), cookie.MaxLifetime},
	} {
		for _, profile := range []jar.Profile{jar.Chrome, jar.Firefox} {
			j := jar.New(jar.Options{Profile: profile, Now: func() time.Time { return at }})
			client := http.Client{Transport: &jar.Transport{Jar: j, Base: &roundTrip{answers: map[string]http.Header{
				"a.example/": {"Date": {tt.date}, "Set-Cookie": {tt.line}}}}}}
			resp, err := client.Get("https://a.example/")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			lasts := time.Duration(0)
			for _, c := range j.All() {
				lasts = c.Expires.Sub(at)
			}
			if lasts != tt.lasts {
				t.Errorf("%v: Date: %s, %s: lasts %s, want %s", profile, tt.date, tt.line, lasts, tt.lasts)
			}
		}
	}
}
