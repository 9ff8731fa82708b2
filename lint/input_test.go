package lint_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/jar"
	"coatcheck.dev/lint"
)

var shop = &url.URL{Scheme: "https", Host: "shop.example.com", Path: "/"}

func TestReadLines(t *testing.T) {
	for _, tt := range []struct {
		text string
		u    *url.URL
		want string // URL and lines of each response
	}{
		{"", nil, ""},
		{"a=1\n", shop, "https://shop.example.com/ [a=1]"},
		{"# why\n\nhttps://x.example/\nSet-Cookie: a=1; Path=/\r\nset-cookie:b=2\nhttp://y.example/p\n", nil,
			"https://x.example/ [a=1; Path=/][b=2] http://y.example/p "},
		{"HTTP/1.1 302 Found\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nServer: a=b; c\r\nset-cookie: a=1\r\n" +
			"X-A: Set-Cookie: no=1\r\nLocation: /next\r\n\r\n" +
			"HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nbroken\r\n\r\n<p>\nSet-Cookie: no=1\nhttp://no.example/\nx\n",
			shop, "https://shop.example.com/ [a=1] https://shop.example.com/next [b=2]"},
		{"https://x.example/\nHTTP/2 200\nset-cookie: a=1\n\nhttps://y.example/\nHTTP/2 301\nset-cookie: b=1\n", nil,
			"https://x.example/ [a=1] https://y.example/ [b=1]"},
		{"Server: x\nSet-Cookie: a=1\nname: with=colon\na:b=1\n", shop, "https://shop.example.com/ [a=1][a:b=1]"},
		{"a=\x01 \n", shop, "https://shop.example.com/ [a=\x01 ]"},
	} {
		list, err := lint.ReadLines(strings.NewReader(tt.text), tt.u)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
		}
		if got := show(list); got != tt.want {
			t.Errorf("%q: read %q, want %q", tt.text, got, tt.want)
		}
	}
}

// TestReadPrinted: what programs print around headers is no cookie, and tells of which URL they are.
func TestReadPrinted(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"curl -v": {"* Connected to shop.example.com (192.0.2.1) port 443\n> GET / HTTP/1.1\n" +
			"> Host: shop.example.com\n" +
			"> Cookie: sent=1\n>\n< HTTP/1.1 302 Found\n< Location: /next\n< Set-Cookie: a=1; Path=/\n<\n" +
			"{ [5 bytes data]\n" +
			"* Issue another request to this URL: 'https://shop.example.com/next'\n> GET /next HTTP/1.1\n" +
			"> Host: shop.example.com\n>\n< HTTP/1.1 200 OK\n< Set-Cookie: b=2\n<\nbody=1\n",
			"https://shop.example.com/ [a=1; Path=/] https://shop.example.com/next [b=2]"},
		"wget -S": {"--2026-11-30 18:37:30--  http://x.example/\nResolving x.example... 192.0.2.1\n" +
			"HTTP request sent, awaiting response...\n  HTTP/1.1 200 OK\n  Server: y=z\n  Set-Cookie: a=1\nLength: 3\n",
			"http://x.example/ [a=1]"},
		"wget -qS": {"  HTTP/1.1 200 OK\n  Server: y=z\n  Set-Cookie: a=1\n", "https://shop.example.com/ [a=1]"},
		"HTTPie -v": {"GET /p HTTP/1.1\nAccept: */*\nHost: shop.example.com\n\n\n\nHTTP/1.1 200 OK\nServer: y=z\n" +
			"Set-Cookie: a=1\n\n<p>b=2\n", "https://shop.example.com/p [a=1]"},
	} {
		list, err := lint.ReadLines(strings.NewReader(tt.text), shop)
		if got := show(list); err != nil || got != tt.want {
			t.Errorf("%s: read %q, want %q, %v", name, got, tt.want, err)
		}
	}
	list, err := lint.ReadLines(strings.NewReader("> GET / HTTP/1.1\n> Host: a.example\n>\n< HTTP/1.1 200 OK\n"+
		"< Date: Sun, 22 Nov 2026 12:00:00 GMT\n< Clear-Site-Data: \"cookies\"\n< Set-Cookie: a=1\n<\n"), nil)
	if err != nil || len(list) != 1 || len(list[0].ClearSiteData) != 1 || list[0].Date.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
}

func show(list []lint.Response) string {
	var out []string
	for _, r := range list {
		s := r.URL.String() + " "
		for _, line := range r.SetCookie {
			s += "[" + line + "]"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestReadLinesRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"a=1\n":                                  "line 1: the URL of the cookie is not known",
		"https://x.example/\nhttp://":            "line 2",
		"https://":                               "no http or https URL",
		"https://a.example/ in b":                `line 1: "b" is no http or https URL`,
		"http://a b/":                            "no http or https URL",
		"\n<!doctype html>\na=1":                 "it is a page or JSON",
		`{"set-cookie": ["a=1"]}`:                "it is a page or JSON",
		"  HTTP/1.1 200 OK\n  Set-Cookie: a=1\n": "say the URL",
	} {
		if _, err := lint.ReadLines(strings.NewReader(text), nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	if _, err := lint.ReadLines(endless{}, shop); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("without end: %v", err)
	}
}

// endless is a comment that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}

const archive = `{"log": {"version": "1.2", "entries": [
	{"startedDateTime": "2020-01-01T00:00:00.000Z", "request": {"url": "https://shop.example.com/"},
	 "response": {"headers": [{"name": "set-cookie", "value": "a=1; Expires=Thu, 02 Jan 2020 00:00:00 GMT\nb=2"},
		{"name": "x", "value": "y"}]}},
	{"request": {"url": "data:text/plain,"}, "response": {"headers": [{"name": "Set-Cookie", "value": "c=3"}]}}]}}`

func TestReadHAR(t *testing.T) {
	list, left, err := lint.ReadHAR(strings.NewReader(archive))
	if err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	if got, want := show(list),
		"https://shop.example.com/ [a=1; Expires=Thu, 02 Jan 2020 00:00:00 GMT][b=2]"; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
	if want := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); !list[0].At.Equal(want) {
		t.Errorf("received at %v", list[0].At)
	}
	report := lint.Check(list, now)
	if o := report.Cookies[0].Outcomes[0]; o.Deletes || !o.Kept() {
		t.Error("what was alive at the time of the recording counts as expired")
	}
}

// TestReadHARClears: a response that clears a site's cookies drops its own, in an archive as well.
func TestReadHARClears(t *testing.T) {
	list, _, err := lint.ReadHAR(strings.NewReader(`{"log": {"entries": [{"request": {"url": "https://shop.example.com/"},
		"response": {"headers": [{"name": "Clear-Site-Data", "value": "\"cookies\""},
			{"name": "Set-Cookie", "value": "a=1"}]}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range lint.Check(list, now).Cookies[0].Outcomes[:2] {
		if o.Kept() {
			t.Errorf("%v keeps it", o.Browser)
		}
	}
}

// embedding has a page that embeds a frame of another site, which sets cookies directly and after a redirect.
const embedding = `{"log": {"version": "1.2", "entries": [
	{"pageref": "p", "request": {"url": "https://shop.example.com/",
		"headers": [{"name": "Sec-Fetch-Dest", "value": "document"}]},
	 "response": {"headers": [{"name": "Set-Cookie", "value": "own=1; SameSite=Lax"}]}},
	{"pageref": "p", "request": {"url": "https://widget.example/go",
		"headers": [{"name": "Sec-Fetch-Dest", "value": "iframe"},
	 {"name": "Sec-Fetch-Site", "value": "cross-site"}, {"name": "Referer", "value": "https://shop.example.com/"}]},
	 "response": {"status": 302, "redirectURL": "/frame",
		"headers": [{"name": "Set-Cookie", "value": "lax=1; SameSite=Lax"}]}},
	{"pageref": "p", "request": {"url": "https://widget.example/frame"}, "response": {"headers": [
	 {"name": "Set-Cookie", "value": "none=1; SameSite=None; Secure\npart=1; SameSite=None; Secure; Partitioned"}]}}]}}`

// The context of a request decides what is kept of its response, and whether SameSite=None is needed.
func TestContext(t *testing.T) {
	recorded, _, err := lint.ReadHAR(strings.NewReader(embedding))
	if err != nil {
		t.Fatal(err)
	}
	text := "https://shop.example.com/\nown=1; SameSite=Lax\nhttps://widget.example/go in https://shop.example.com/\n" +
		"lax=1; SameSite=Lax\nnone=1; SameSite=None; Secure\npart=1; SameSite=None; Secure; Partitioned"
	written, err := lint.ReadLines(strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	for input, list := range map[string][]lint.Response{"archive": recorded, "lines": written} {
		report := lint.Check(list, now)
		var kept []string
		for _, c := range report.Cookies {
			for _, o := range c.Outcomes {
				if o.Kept() {
					kept = append(kept, o.Browser.String()+" "+c.Line.Name)
				}
			}
		}
		want := []string{"Chrome own", "Firefox own", "Safari own", "WebKitGTK own", "WebKitGTK lax",
			"Chrome none", "Firefox none", "Safari none", "WebKitGTK none",
			"Chrome part", "Firefox part", "Safari part", "WebKitGTK part"}
		if !slices.Equal(kept, want) {
			t.Errorf("%s: kept %q, want %q", input, kept, want)
		}
		if ids := found(report); !slices.Equal(ids, []string{"samesite-embedded"}) {
			t.Errorf("%s: found %q", input, ids)
		}
		var text strings.Builder
		if err := report.WriteText(&text, false); err != nil ||
			!strings.Contains(text.String(), "\nlax  https://widget.example/go in https://shop.example.com/\n") ||
			!strings.HasPrefix(text.String(), "own  https://shop.example.com/\n") {
			t.Errorf("%s: %v, written as\n%s", input, err, &text)
		}
		partition := jar.Partition{TopLevelSite: "https://example.com", CrossSiteAncestor: true}
		if p := report.Cookies[3].Outcomes[0].Stored.Partition; p != partition {
			t.Errorf("%s: partition %+v", input, p)
		}
	}
}

func TestReadHARRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"":                              "archive",
		archive[:len(archive)/4]:        "archive",
		`{"log": 1}`:                    "no log",
		"{\"log\": {\n\"entries\": 1}}": "line 2: there is a word where an array",
		`{}`:                            "no log",
		`{"log": {"entries": [{"request": {"url": "https://"}}]}}`: "entry 1",
	} {
		if list, _, err := lint.ReadHAR(strings.NewReader(text)); err == nil || list != nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v, want %q", text, err, says)
		}
	}
}

// An entry that cannot be read is left out and named, and the others are checked.
func TestReadHARLeavesOut(t *testing.T) {
	const text = `{"log": {"entries": [
		{"request": {"url": "https://sh op.example/"}},
		{"startedDateTime": "x", "request": {"url": "https://a.example/50%off"}, "response": {"headers": [
			{"name": "Date", "value": "Sun, 22 Nov 2026 12:00:00 GMT"}, {"name": "Set-Cookie", "value": "a=1"}]}}]}}`
	list, left, err := lint.ReadHAR(strings.NewReader(text))
	if err != nil || show(list) != "https://a.example/50%off [a=1]" || len(left) != 1 ||
		left[0].Place != "line 2, entry 1" {
		t.Errorf("read %q, left out %v, %v", show(list), left, err)
	}
	if want := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC); len(list) > 0 && !list[0].Date.Equal(want) {
		t.Errorf("the server's clock is at %v, want %v", list[0].Date, want)
	}
}

// Whatever is read, the check ends and all outputs can be written.
func FuzzReadLines(f *testing.F) {
	f.Add("https://shop.example.com/\nSet-Cookie: sid=1; Expires=0\nSet-Cookie: a=1, b=2; Path=x; Domain=.com\na=; " +
		"Max-Age=0")
	f.Add("http://localhost/\n__host-a=1; Secure=x; Partitioned; SameSite=\x1b[31m\n=\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := lint.ReadLines(strings.NewReader(text), shop)
		if err == nil {
			outputs(t, lint.Check(list, now))
		}
	})
}

func FuzzReadHAR(f *testing.F) {
	f.Add(archive)
	f.Add(embedding)
	f.Fuzz(func(t *testing.T, text string) {
		if list, _, err := lint.ReadHAR(strings.NewReader(text)); err == nil {
			outputs(t, lint.Check(list, now))
		}
	})
}
