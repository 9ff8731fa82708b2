package check_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/check"
)

// planted are the defects of a local web: each has a site of its own, so that nothing else can be found there. A page
// is its URL and the cookies that it sets.
var planted = []struct {
	rule  string
	pages [][]string
}{
	{"tab", [][]string{{"https://www.s01.example/", "a=x\ty; Path=/"}}},
	{"too-large", [][]string{{"https://www.s02.example/", "a=" + strings.Repeat("x", 4096) + "; Path=/"}}},
	{"domain-foreign", [][]string{{"https://www.s03.example/", "a=1; Domain=bank.example; Path=/"}}},
	{"domain-public-suffix", [][]string{{"https://www.s04.co.uk/", "a=1; Domain=co.uk; Path=/"}}},
	{"prefix-broken", [][]string{{"https://www.s05.example/", "__Host-a=1; Secure; Path=/; Domain=s05.example"}}},
	{"prefix-case", [][]string{{"https://www.s06.example/", "__HOST-a=1; Secure; Path=/"}}},
	{"partitioned-insecure", [][]string{{"https://www.s07.example/", "a=1; Path=/; Partitioned"}}},
	{"partitioned-samesite", [][]string{{"https://www.s08.example/",
		"a=1; Path=/; Secure; SameSite=Lax; Partitioned"}}},
	{"secure-over-http", [][]string{{"http://www.s09.example/", "a=1; Path=/; Secure"}}},
	{"overwrite-secure", [][]string{{"https://www.s10.example/", "a=1; Path=/; Secure"},
		{"http://www.s10.example/", "a=2; Path=/"}}},
	{"samesite-none-insecure", [][]string{{"https://www.s11.example/", "a=1; Path=/; SameSite=None"}}},
	{"samesite-none-unneeded", [][]string{{"https://www.s12.example/", "a=1; Path=/; Secure; SameSite=None"}}},
	{"samesite-unknown", [][]string{{"https://www.s13.example/", "a=1; Path=/; SameSite=Relaxed"}}},
	{"path-non-ascii", [][]string{{"https://www.s14.example/", "a=1; Path=/größe"}}},
	{"path-relative", [][]string{{"https://www.s15.example/app/", "a=1; Path=app"}}},
	{"attribute-unknown", [][]string{{"https://www.s16.example/", "a=1; Path=/; Same-Site=Lax"}}},
	{"attribute-repeated", [][]string{{"https://www.s17.example/", "a=1; Path=/; Max-Age=60; Max-Age=3600"}}},
	{"attribute-too-long", [][]string{{"https://www.s18.example/", "a=1; Path=/" + strings.Repeat("x", 2000)}}},
	{"flag-value", [][]string{{"https://www.s19.example/", "a=1; Path=/; Secure=false"}}},
	{"expires-unread", [][]string{{"https://www.s20.example/", "a=1; Path=/; Expires=-1"}}},
	{"expires-format", [][]string{{"https://www.s21.example/",
		"a=; Path=/; Expires=Thursday, 1-Jan-1970 0:00:00 GMT"}}},
	{"maxage-unread", [][]string{{"https://www.s22.example/", "a=1; Path=/; Max-Age=1h"}}},
	{"lifetime-conflict", [][]string{{"https://www.s23.example/",
		"a=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}}},
	{"lifetime-capped", [][]string{{"https://www.s24.example/", "a=1; Path=/; Max-Age=315360000"}}},
	{"name-token", [][]string{{"https://www.s25.example/", "a{b}=1; Path=/"}}},
	{"value-grammar", [][]string{{"https://www.s26.example/", `a={"b":1,"c":2}; Path=/`}}},
	{"nameless", [][]string{{"https://www.s27.example/", "abc; Path=/"}}},
	{"comma-folded", [][]string{{"https://www.s28.example/", "a=1; Path=/; Secure, b=2; Path=/"}}},
	{"session-httponly", [][]string{{"https://www.s29.example/", "__Host-PHPSESSID=1; Path=/; Secure; SameSite=Lax"}}},
	{"session-secure", [][]string{{"https://www.s30.example/", "JSESSIONID=1; Path=/; HttpOnly; SameSite=Lax"}}},
	{"session-prefix", [][]string{{"https://www.s31.example/",
		"connect.sid=1; Path=/; Secure; HttpOnly; SameSite=Lax"}}},
	{"session-domain", [][]string{{"https://www.s32.example/",
		"session_id=1; Domain=s32.example; Path=/; Secure; HttpOnly; SameSite=Strict"}}},
	{"session-samesite", [][]string{{"https://www.s33.example/", "__Host-auth=1; Path=/; Secure; HttpOnly"}}},
	{"deletion-refused", [][]string{{"https://www.s34.example/", "__Secure-a=; Path=/; Max-Age=0"}}},
	{"deletion-misses", [][]string{{"https://www.s35.example/", "a=1; Domain=s35.example; Path=/"},
		{"https://www.s35.example/logout", "a=; Path=/; Max-Age=0"}}},
	{"deletion-empty", [][]string{{"https://www.s36.example/", "a=1; Path=/"},
		{"https://www.s36.example/logout", "a=; Path=/"}}},
	{"set-twice", [][]string{{"https://www.s37.example/", "a=1; Path=/", "a=2; Path=/"}}},
	{"tossed", [][]string{{"https://www.s38.example/", "a=1; Path=/"},
		{"https://blog.s38.example/", "a=2; Domain=s38.example; Path=/"}}},
	{"shadowed", [][]string{{"https://www.s39.example/", "a=1; Path=/", "a=2; Domain=www.s39.example; Path=/"}}},
	{"duplicate-path", [][]string{{"https://www.s40.example/", "a=1; Path=/"},
		{"https://www.s40.example/app/", "a=2; Path=/app"}}},
	{"header-size", [][]string{append([]string{"https://www.s41.example/"}, many(5, strings.Repeat("x", 2000))...)}},
	{"count-high", [][]string{append([]string{"https://www.s42.example/"}, many(160, "1")...)}},
	{"partition-size", [][]string{{"https://www.s43.example/",
		"a=" + strings.Repeat("x", 4000) + "; Secure; SameSite=None; Partitioned; Path=/",
		"b=" + strings.Repeat("x", 4000) + "; Secure; SameSite=None; Partitioned; Path=/"}}},
	{"control-character", [][]string{{"https://www.s48.example/", "a=x\x01y; Path=/"}}},
	{"empty", [][]string{{"https://www.s49.example/", "=; Path=/"}}},
	{"domain-non-ascii", [][]string{{"https://www.s50.example/", "a=1; Domain=s50.exämple; Path=/"}}},
	{"domain-dot", [][]string{{"https://www.s51.example/", "a=1; Domain=.s51.example; Path=/"}}},
	{"domain-empty", [][]string{{"https://www.s52.example/", "a=1; Domain=; Path=/"}}},
	// Nothing is wrong with these.
	{"", [][]string{{"https://www.s44.example/", "__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=86400"},
		{"https://www.s44.example/logout",
			"__Host-sid=; Path=/; Secure; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}}},
	{"", [][]string{{"https://www.s45.example/", "theme=dark; Path=/; Max-Age=34560000",
		"lang=en; Domain=s45.example; Path=/; SameSite=Lax"}}},
	{"", [][]string{{"https://www.s46.example/", "__Host-chat=1; Path=/; Secure; SameSite=None; Partitioned"}}},
	{"", [][]string{{"https://a.s47.example/", "a=1; Path=/"}, {"https://b.s47.example/", "a=2; Path=/"},
		{"http://www.s47.example/", `b="1"; Path=/`}}},
}

func many(n int, value string) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("a%d=%s; Path=/", i, value))
	}
	return lines
}

// web serves every host from this machine, over http and https. Pages without cookies redirect to /end and a hop later
// end.
func web(t *testing.T, pages map[string][]string) *check.Fetcher {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path}
		if r.TLS != nil {
			u.Scheme = "https"
		}
		for _, line := range pages[u.String()] {
			if target, ok := strings.CutPrefix(line, "Location: "); ok {
				w.Header().Set("Location", target)
				defer w.WriteHeader(http.StatusFound)
				continue
			}
			w.Header().Add("Set-Cookie", line)
		}
		w.Header().Set("X-Cookie", r.Header.Get("Cookie"))
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	dialer := &net.Dialer{}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // no certificate has all these names
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			server := plain
			if strings.HasSuffix(address, ":443") {
				server = secure
			}
			return dialer.DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		plain.Close()
		secure.Close()
	})
	return check.NewFetcher(transport)
}

type outcome struct {
	Cookies []struct {
		URL, Name string
		Findings  []struct{ Rule string }
	}
}

func run(t *testing.T, o check.Options) (outcome, error) {
	t.Helper()
	o.Format = "json"
	var out bytes.Buffer
	err := check.Run(t.Context(), o, &out)
	var got outcome
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
	}
	return got, err
}

// All planted defects are found, by the rules that they are planted for, and nothing else is.
func TestPlanted(t *testing.T) {
	pages := map[string][]string{}
	var visits, want []string
	for _, p := range planted {
		for i, page := range p.pages {
			pages[page[0]] = page[1:]
			visits = append(visits, page[0])
			if i == len(p.pages)-1 && p.rule != "" {
				u, err := url.Parse(page[0])
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, p.rule+" at "+u.Hostname())
			}
		}
	}
	if len(want) < 30 {
		t.Fatalf("only %d defects are planted", len(want))
	}
	got, err := run(t, check.Options{Pages: visits, FailOn: "note", Fetcher: web(t, pages)})
	if says := fmt.Sprintf("%d findings at or above", len(want)); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%v, want %q", err, says)
	}
	var found []string
	for _, c := range got.Cookies {
		for _, f := range c.Findings {
			u, _ := url.Parse(c.URL)
			found = append(found, f.Rule+" at "+u.Hostname())
		}
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

// Cookies of every hop count, and what one response sets the next request carries.
func TestRedirects(t *testing.T) {
	fetcher := web(t, map[string][]string{
		"http://www.a.example/":     {"a=1; Path=/", "Location: https://www.a.example/"},
		"https://www.a.example/":    {"b=1; Path=x", "Location: /app"},
		"https://www.a.example/app": {"c=1; Path=/", "Location: myapp://open"},
		"https://www.b.example/":    {"Location: /"},
		"https://www.c.example/":    {"Location: https://"},
	})
	got, err := run(t, check.Options{Pages: []string{"http://www.a.example/"}, FailOn: "warning", Fetcher: fetcher})
	if err == nil || len(got.Cookies) != 3 || len(got.Cookies[1].Findings) != 1 ||
		got.Cookies[1].Findings[0].Rule != "path-relative" {
		t.Errorf("%v, %+v", err, got)
	}
	for page, says := range map[string]string{
		"https://www.b.example/": "more than 20 redirects",
		"https://www.c.example/": "redirect to",
		"www.a.example":          "not a URL",
		"ftp://www.a.example/":   "not a URL",
	} {
		if _, err := run(t, check.Options{Pages: []string{page}, FailOn: "never", Fetcher: fetcher}); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", page, err, says)
		}
	}
}

// A control character in a header is what net/http takes for the end of the world, and browsers for a cookie to drop.
func TestControlCharacters(t *testing.T) {
	served := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		switch r.URL.Path {
		case "/":
			fmt.Fprint(conn, "HTTP/1.1 302 Found\r\nLocation: /next\r\nset-cookie: a=\x01; Path=/\r\n"+
				"Set-Cookie: b=2; Path=/\r\nContent-Length: 0\r\n\r\n")
		case "/next":
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nSet-Cookie: c=\x7f%s; Path=/\r\n\r\n", r.Header.Get("Cookie"))
		default:
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nSet-Cookie: c=\x01", strings.Repeat("x", 2<<20))
		}
	})
	plain, secure := httptest.NewServer(served), httptest.NewTLSServer(served)
	defer plain.Close()
	defer secure.Close()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		MaxResponseHeaderBytes: 1 << 20}
	defer transport.CloseIdleConnections()
	for _, site := range []string{plain.URL, secure.URL} {
		got, err := run(t, check.Options{Pages: []string{site}, FailOn: "never", Fetcher: check.NewFetcher(transport)})
		if err != nil || len(got.Cookies) != 3 || got.Cookies[1].Name != "b" {
			t.Fatalf("%v, %+v", err, got)
		}
		for _, i := range []int{0, 2} {
			if c := got.Cookies[i]; len(c.Findings) != 1 || c.Findings[0].Rule != "control-character" {
				t.Errorf("%+v", c)
			}
		}
		if got, err := run(t, check.Options{Pages: []string{site + "/endless"}, FailOn: "never",
			Fetcher: check.NewFetcher(transport)}); err == nil {
			t.Errorf("a header without end: %+v", got)
		}
	}
}

func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	if _, err := run(t, check.Options{Pages: []string{server.URL}, FailOn: "never"}); err == nil ||
		!strings.Contains(err.Error(), "fetch "+server.URL) {
		t.Errorf("%v", err)
	}
}

// TestSeenBeforeUnreachable: cookies are judged that came from other pages, or on the way to one that cannot be
// fetched.
func TestSeenBeforeUnreachable(t *testing.T) {
	down := httptest.NewServer(nil)
	down.Close()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		if r.URL.Path == "/away" {
			http.Redirect(w, r, down.URL, http.StatusFound)
		}
	}))
	defer up.Close()
	for _, pages := range [][]string{{up.URL + "/away"}, {down.URL, up.URL, down.URL + "/second"}} {
		var losses strings.Builder
		got, err := run(t, check.Options{Pages: pages, FailOn: "never", Losses: &losses})
		var e *check.Error
		if !errors.As(err, &e) || e.Status != check.Unreachable || len(got.Cookies) != 1 {
			t.Errorf("%s: %v, %+v", pages, err, got)
		}
		if len(pages) > 1 && !strings.Contains(losses.String(), "/second") {
			t.Errorf("lost %q", &losses)
		}
	}
}

// The severity decides about the error, not about the report.
func TestFailOn(t *testing.T) {
	for _, tt := range []struct {
		line, failOn string
		fails        bool
	}{
		{"a=1; Max-Age=63072000", "note", true}, {"a=1; Max-Age=63072000", "warning", false},
		{"a=1; Foo", "warning", true}, {"a=1; Foo", "error", false},
		{"a=1; SameSite=None", "error", true}, {"a=1; SameSite=None", "never", false},
		{"a=1", "note", false},
	} {
		got, err := run(t, check.Options{Lines: "-", Stdin: strings.NewReader(tt.line), URL: "https://www.a.example/",
			FailOn: tt.failOn})
		if (err != nil) != tt.fails || len(got.Cookies) != 1 {
			t.Errorf("%q with %s: %v, %+v", tt.line, tt.failOn, err, got)
		}
	}
}

func TestFiles(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	har := file("a.har", `{"log": {"entries": [{"request": {"url": "https://www.a.example/"},
		"response": {"headers": [{"name": "Set-Cookie", "value": "a=1"}]}}]}}`)
	lines := file("lines.txt", "https://www.b.example/\nSet-Cookie: b=1\n")
	got, err := run(t, check.Options{HAR: har, Lines: lines, FailOn: "note"})
	if err != nil || len(got.Cookies) != 2 || got.Cookies[0].Name != "a" ||
		got.Cookies[1].URL != "https://www.b.example/" {
		t.Errorf("%v, %+v", err, got)
	}
	broken := file("broken.har", `{"log": {"entr`)
	for _, tt := range []struct {
		o    check.Options
		says string
	}{
		{check.Options{}, "nothing to check"},
		{check.Options{HAR: broken}, broken},
		{check.Options{HAR: filepath.Join(folder, "none")}, "none"},
		{check.Options{Lines: lines, URL: "x"}, "--url"},
		{check.Options{Lines: "-", Stdin: strings.NewReader("a=1")}, "the URL of the cookie"},
	} {
		tt.o.FailOn = "never"
		if _, err := run(t, tt.o); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want %q", tt.o, err, tt.says)
		}
	}
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{"text": "1 cookie: 0 errors", "json": `"version": 1`,
		"sarif": `"version": "2.1.0"`} {
		var out bytes.Buffer
		o := check.Options{Lines: "-", Stdin: strings.NewReader("a=1"), URL: "https://www.a.example/", Format: format,
			FailOn: "note"}
		if err := check.Run(t.Context(), o, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v\n%s", format, err, &out)
		}
	}
}

// The exit status tells a bad site from a bad command, and from one that was not seen. Where there is nothing to judge,
// there is a hint.
func TestStatus(t *testing.T) {
	folder := t.TempDir()
	stripped := filepath.Join(folder, "a.har")
	if err := os.WriteFile(stripped,
		[]byte(`{"log": {"entries": [{"request": {"url": "https://www.a.example/"}, "response": {"headers": []}}]}}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	down := httptest.NewServer(nil)
	down.Close()
	up := httptest.NewServer(http.NotFoundHandler())
	defer up.Close()
	for _, tt := range []struct {
		o      check.Options
		status check.Status
		says   string
	}{
		{check.Options{Lines: "-", Stdin: strings.NewReader("a=1")}, 0, ""},
		{check.Options{Lines: "-", Stdin: strings.NewReader("a=1; SameSite=None")}, check.Findings, "1 finding"},
		{check.Options{Lines: "-", Stdin: strings.NewReader("a=1"), FailOn: "hints"}, check.Usage, "hints"},
		{check.Options{HAR: filepath.Join(folder, "none")}, check.Usage, "none"},
		{check.Options{}, check.Usage, "--har"},
		{check.Options{HAR: stripped}, check.Nothing, "sensitive data"},
		{check.Options{Lines: "-", Stdin: strings.NewReader("HTTP/2 200\nServer: x=y\n")}, check.Nothing, "Set-Cookie"},
		{check.Options{Pages: []string{up.URL}}, check.Nothing, "sign in"},
		{check.Options{Pages: []string{up.URL}, FailOn: "never"}, check.Nothing, "nothing to judge"},
		{check.Options{Pages: []string{down.URL}}, check.Unreachable, down.URL},
	} {
		tt.o.URL, tt.o.FailOn = "https://www.a.example/", cmp.Or(tt.o.FailOn, "note")
		err := check.Run(t.Context(), tt.o, io.Discard)
		var status check.Status
		var e *check.Error
		if errors.As(err, &e) {
			status = e.Status
		}
		if status != tt.status || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: status %d, want %d: %v", tt.o, status, tt.status, err)
		}
	}
}

func TestTerminal(t *testing.T) {
	if check.Terminal(&bytes.Buffer{}) {
		t.Error("a buffer is a terminal")
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if check.Terminal(f) {
		t.Error("a file is a terminal")
	}
}
