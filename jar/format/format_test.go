package format_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// sample has a cookie of every kind that formats treat in their own way.
func sample() []jar.Cookie {
	day := today.Add(24 * time.Hour)
	created := today.Add(-time.Hour)
	base := jar.Cookie{Domain: "example.com", HostOnly: true, Path: "/", Created: created, LastAccess: created}
	edit := func(name, value string, f func(*jar.Cookie)) jar.Cookie {
		c := base
		c.Name, c.Value = name, value
		f(&c)
		return c
	}
	return []jar.Cookie{
		edit("session", "1", func(*jar.Cookie) {}),
		edit("full", "a b\"=c", func(c *jar.Cookie) {
			c.HostOnly, c.Path, c.Expires, c.Secure, c.HttpOnly = false, "/x", day, true, true
			c.SameSite, c.Priority, c.LastAccess = cookie.SameSiteStrict, cookie.PriorityHigh, today.Add(-time.Minute)
		}),
		edit("lax", "", func(c *jar.Cookie) { c.SameSite = cookie.SameSiteLax }),
		edit("", "nameless", func(c *jar.Cookie) { c.Domain = "192.0.2.1" }),
		edit("ü", "é", func(c *jar.Cookie) { c.Domain = "2001:db8::1" }),
		edit("tab", "a\tb", func(*jar.Cookie) {}),
		edit("bytes", "\xff", func(*jar.Cookie) {}),
		edit("path", "1", func(c *jar.Cookie) { c.Path = "/\xff;x" }),
		edit("part", "1", func(c *jar.Cookie) {
			c.Secure, c.SameSite, c.Partition = true, cookie.SameSiteNone,
				jar.Partition{TopLevelSite: "https://top.example", CrossSiteAncestor: true}
		}),
	}
}

func sampleJar(t testing.TB) *jar.Jar {
	t.Helper()
	j := newJar(jar.Spec)
	if err := j.Add(sample()...); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestRoundTrip exports the sample and imports it again: what is missing or changed is what was reported as lost.
func TestRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		format format.Format
		lost   []string // by the export
		want   func([]jar.Cookie) []jar.Cookie
	}{
		{format.Native, nil, func(c []jar.Cookie) []jar.Cookie { return c }},
		{format.Netscape, []string{
			`changed: "full" of example.com: SameSite=Strict is lost`,
			`changed: "full" of example.com: Priority=High is lost`,
			`changed: "lax" of example.com: SameSite=Lax is lost`,
			`left out: "tab" of example.com: it has a tab inside`,
			`left out: "part" of example.com: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c = slices.Delete(c, 8, 9)
			c = slices.Delete(c, 5, 6)
			for i := range c {
				c[i].SameSite, c[i].Priority = cookie.SameSiteUnset, cookie.PriorityUnset
			}
			return now(c)
		}},
		{format.Playwright, playwrightLosses, playwrightKeeps},
		{format.PlaywrightCookies, playwrightLosses, playwrightKeeps},
		{format.CDP, []string{
			`left out: "bytes" of example.com: its name, value or path is not UTF-8`,
			`left out: "path" of example.com: its name, value or path is not UTF-8`,
		}, func(c []jar.Cookie) []jar.Cookie { return now(slices.Delete(c, 6, 8)) }},
		{format.Puppeteer, []string{
			`left out: "bytes" of example.com: its name, value or path is not UTF-8`,
			`left out: "path" of example.com: its name, value or path is not UTF-8`,
		}, func(c []jar.Cookie) []jar.Cookie { return now(slices.Delete(c, 6, 8)) }},
		{format.Extension, []string{
			`changed: "full" of example.com: Priority=High is lost`,
			`left out: "bytes" of example.com: its name, value or path is not UTF-8`,
			`left out: "path" of example.com: its name, value or path is not UTF-8`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c[1].Priority = cookie.PriorityUnset
			return now(slices.Delete(c, 6, 8))
		}},
		{format.Selenium, []string{
			`changed: "full" of example.com: Priority=High is lost`,
			`left out: "bytes" of example.com: its name, value or path is not UTF-8`,
			`left out: "path" of example.com: its name, value or path is not UTF-8`,
			`left out: "part" of example.com: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c[1].Priority = cookie.PriorityUnset
			return now(c[:6])
		}},
		{format.ToughCookie, []string{
			`changed: "full" of example.com: Priority=High is lost`,
			`left out: "path" of example.com: its name, value or path is not UTF-8`,
			`left out: "part" of example.com: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c[1].Priority = cookie.PriorityUnset
			return c[:7]
		}},
		{format.HTTPie, []string{
			`changed: "full" of example.com: HttpOnly is lost`,
			`changed: "full" of example.com: SameSite=Strict is lost`,
			`changed: "full" of example.com: Priority=High is lost`,
			`changed: "lax" of example.com: SameSite=Lax is lost`,
			`left out: "" of 192.0.2.1: it has no name`,
			`left out: "path" of example.com: its name, value or path is not UTF-8`,
			`left out: "part" of example.com: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			for i := range c[:7] {
				c[i].SameSite, c[i].Priority, c[i].HttpOnly = cookie.SameSiteUnset, cookie.PriorityUnset, false
			}
			return now(slices.Delete(c[:7], 3, 4))
		}},
		{format.Safari, []string{
			`changed: "full" of example.com: SameSite=Strict is lost`,
			`changed: "full" of example.com: Priority=High is lost`,
			`changed: "lax" of example.com: SameSite=Lax is lost`,
			`left out: "part" of example.com: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			for i := range c[:8] {
				c[i].SameSite, c[i].Priority, c[i].LastAccess = cookie.SameSiteUnset, cookie.PriorityUnset, today
			}
			return c[:8]
		}},
		{format.HAR, []string{
			`changed: "full" of example.com: Priority=High is lost`,
			`left out: "bytes" of example.com: its name, value or path is not UTF-8`,
			`left out: "path" of example.com: its name, value or path is not UTF-8`,
			`left out: "part" of example.com: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c[1].Priority = cookie.PriorityUnset
			return now(c[:6])
		}},
	} {
		t.Run(tt.format.String(), func(t *testing.T) {
			var b bytes.Buffer
			report, err := tt.format.Export(sampleJar(t), &b)
			if err != nil {
				t.Fatal(err)
			}
			if got := texts(report.Losses); !slices.Equal(got, tt.lost) {
				t.Errorf("lost %q\nwant %q", got, tt.lost)
			}
			golden(t, tt.format.String()+".golden", b.Bytes())
			again := newJar(jar.Spec)
			if report, err := tt.format.Import(again, &b); err != nil || len(report.Losses) > 0 {
				t.Fatalf("import: %v, %v", report, err)
			}
			got, want := again.All(), tt.want(sample())
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || !same(got[i], want[i]) {
					t.Fatalf("cookie %d:\ngot  %+v\nwant %+v", i, got, want)
				}
			}
		})
	}
}

var playwrightLosses = []string{
	`changed: "session" of example.com: that SameSite is not set is lost: it is written as Lax`,
	`changed: "full" of example.com: Priority=High is lost`,
	`changed: "" of 192.0.2.1: that SameSite is not set is lost: it is written as Lax`,
	`changed: "ü" of 2001:db8::1: that SameSite is not set is lost: it is written as Lax`,
	`changed: "tab" of example.com: that SameSite is not set is lost: it is written as Lax`,
	`left out: "bytes" of example.com: its name, value or path is not UTF-8`,
	`left out: "path" of example.com: its name, value or path is not UTF-8`,
}

func playwrightKeeps(c []jar.Cookie) []jar.Cookie {
	c = slices.Delete(c, 6, 8)
	for i := range c {
		c[i].Priority = cookie.PriorityUnset
		if c[i].SameSite == cookie.SameSiteUnset {
			c[i].SameSite = cookie.SameSiteLax
		}
	}
	return now(c)
}

// now is for formats that lose when a cookie was created and used: it becomes the time of the import.
func now(c []jar.Cookie) []jar.Cookie {
	for i := range c {
		c[i].Created, c[i].LastAccess = today, today
	}
	return c
}

func same(a, b jar.Cookie) bool {
	times := a.Created.Equal(b.Created) && a.LastAccess.Equal(b.LastAccess) && a.Expires.Equal(b.Expires)
	a.Created, a.LastAccess, a.Expires = b.Created, b.LastAccess, b.Expires
	return times && a == b
}

func texts(losses []format.Loss) (list []string) {
	for _, l := range losses {
		list = append(list, l.String())
	}
	return list
}

// golden compares with testdata/NAME.golden; with UPDATE_GOLDEN=1 it is written.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs (%v):\n%s", file, err, got)
	}
}

// TestImportErrors: a file is refused as a whole if nothing in it makes sense, and the jar stays as it was.
func TestImportErrors(t *testing.T) {
	for _, tt := range []struct {
		format   format.Format
		in, says string
	}{
		{format.Native, "", "line 1: the file ends too early"},
		{format.Native, "{\n\"version\": 1,\n\"cookies\": [\n{\"name\": \"a\"", "line 4: the file ends too early"},
		{format.Native, "{\n\"version\": 1,\n\"cookies\": [\nx]}", "line 4, entry 1: it is no JSON"},
		{format.Native, "{\"version\": 1,\n\"cookies\": [{\"name\": 7}]}", "line 2, entry 1: name is number"},
		{format.Native, `{"cookies": []}`, "no version"},
		{format.Native, `{"version": 2, "cookies": []}`, "version 2 is newer than 1"},
		{format.Native, `{"cookies": [{"name": "a", "domain": "example.com", "path": "/"}], "version": 2}`,
			"version 2 is newer than 1"},
		{format.Netscape, "example.com\tFALSE\t/\tFALSE\t0\n", "line 1: 5 fields"},
		{format.Netscape, "# comment\r\nexample.com\tyes\t/\tFALSE\t0\ta\t1\n",
			`line 2: include-subdomains is not TRUE or FALSE`},
		{format.Netscape, "a\nb\n", "nothing in it could be read, 2 entries were left out; the first was line 1"},
		{format.Playwright, "{}", "no cookies"},
		{format.Playwright, "<html>", "a word where an array of cookies should be"},
		{format.Playwright, `{"cookies": [{"name": "a", "expires": "x"}]}`, "expires is not a time"},
		{format.Playwright, `[7]`, "it is number, where an object should be"},
		{format.CDP, "{}", "no cookies"},
		{format.CDP, "[", "line 1: the file ends too early"},
		{format.CDP, "}", "a word where"},
		{format.CDP, `{"cookies": {}}`, "there are no cookies in it"},
		{format.HAR, "{}", "no log"},
		{format.HAR, `{"log":{}}`, "no response in the archive sets a cookie"},
		{format.HAR, `{"log":{"entries":[{"request":{"url":"%"},"response":{"cookies":[]}}]}}`, "entry 1"},
	} {
		j := newJar(jar.Spec)
		_, err := tt.format.Import(j, strings.NewReader(tt.in))
		if err == nil || !strings.Contains(err.Error(), tt.says) ||
			!strings.HasPrefix(err.Error(), "import "+tt.format.String()+" cookies: ") {
			t.Errorf("%v %.60q: %v, want %q", tt.format, tt.in, err, tt.says)
		}
		if n := len(j.All()); n != 0 {
			t.Errorf("%v %.60q: %d cookies imported", tt.format, tt.in, n)
		}
	}
}

// TestImportLeavesOut: cookies that no browser would keep are not imported, and reported; the others are, and what is
// lost of them is reported, too.
func TestImportLeavesOut(t *testing.T) {
	in := strings.Join([]string{
		"example.com\tFALSE\t/\tFALSE\t0\tgood\t1",
		"example.com\tFALSE\t/\tFALSE\t0\tempty",
		"com\tTRUE\t/\tFALSE\t0\tsuffix\t1",
		"example.com\tFALSE\tx\tFALSE\t0\tpath\t1",
		"\tFALSE\t/\tFALSE\t0\tnowhere\t1",
		"example.com\tFALSE\t/\tFALSE\t0\t__Host-a\t1",
		"example.com\tFALSE\t/\tFALSE\t0\ta;b\t1",
		"example.com\tFALSE\t/\tFALSE\t1\told\t1",
		"#HttpOnly_.Example.com\tTRUE\t/\tTRUE\t99999999999\thttp\t1",
	}, "\n")
	j := newJar(jar.Spec)
	report, err := format.Netscape.Import(j, strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, l := range report.Losses {
		lost = append(lost, l.Cookie)
	}
	if want := []string{"suffix", "path", "nowhere", "__Host-a", "a;b", "http", "http"}; !slices.Equal(lost, want) {
		t.Errorf("lost %q, want %q: %v", lost, want, report.Losses)
	}
	if want := (format.Counts{Read: 3, Changed: 1, LeftOut: 5, Expired: 1}); report.Counts != want {
		t.Errorf("counted %+v, want %+v", report.Counts, want)
	}
	expect(t, j, at("https://example.com/"), "good=1; empty=; http=1")
	for _, c := range j.All() {
		if c.Name == "http" && (!c.HttpOnly || c.HostOnly || !c.Secure || c.Expires.Sub(today) != cookie.MaxLifetime) {
			t.Errorf("%+v", c)
		}
	}
}

func TestImportReadsVariants(t *testing.T) {
	for _, tt := range []struct {
		format format.Format
		in     string
		losses int
		want   string
	}{
		{format.CDP, `[{"name":"a","value":"1","domain":"example.com","path":"/","expires":-1,"priority":"Medium"}]`,
			0, "a=1"},
		{format.CDP, `[{"name":"a","value":"1","domain":"example.com"},{"name":"b","partitionKeyOpaque":true}]`, 1,
			"a=1"},
		{format.HAR,
			`{"log":{"entries":[{"request":{"url":"https://example.com/"},
				"response":{"cookies":[{"name":"a","value":"1"},{"name":"a","value":"2"}]}}]}}`, 0, "a=2"},
		{format.Netscape, "", 0, ""},
	} {
		j := newJar(jar.Spec)
		report, err := tt.format.Import(j, strings.NewReader(tt.in))
		if err != nil || len(report.Losses) != tt.losses {
			t.Errorf("%v %q: %v, %v", tt.format, tt.in, report, err)
		}
		expect(t, j, at("https://example.com/"), tt.want)
	}
}

// TestImportIsBounded: no line and no entry takes more memory than a cookie could have, and the rest is read.
func TestImportIsBounded(t *testing.T) {
	const good = "example.com\tFALSE\t/\tFALSE\t0\ta\t1\n"
	long := io.MultiReader(strings.NewReader(good), io.LimitReader(zeros{}, 20<<20), strings.NewReader("\n"+good))
	report, err := format.Netscape.Import(newJar(jar.Spec), long)
	if err != nil || report.Read != 2 || report.LeftOut != 1 || !strings.Contains(report.Losses[0].What, "more than") {
		t.Errorf("a long line: %+v, %v", report, err)
	}
	long = io.MultiReader(strings.NewReader(`[{"name":"a","domain":"example.com"},{"name":["`),
		io.LimitReader(&cycle{text: `x","`}, 20<<20), strings.NewReader(`"]},{"name":"b","domain":"example.com"}]`))
	report, err = format.CDP.Import(newJar(jar.Spec), long)
	if err != nil || report.Read != 2 || report.LeftOut != 1 || !strings.Contains(report.Losses[0].What, "more than") {
		t.Errorf("a long entry: %+v, %v", report.Counts, err)
	}
	j := newJar(jar.Spec)
	if _, err := format.Netscape.Import(j, broken{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	if _, err := format.Netscape.Export(sampleJar(t), broken{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A cycle reads the same text again and again.
type cycle struct {
	text string
	at   int
}

func (c *cycle) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = c.text[c.at]
		c.at = (c.at + 1) % len(c.text)
	}
	return len(b), nil
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Read([]byte) (int, error)  { return 0, errBroken }
func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestByName(t *testing.T) {
	for _, f := range format.All() {
		if got, ok := format.ByName(strings.ToUpper(f.String())); !ok || got.String() != f.String() {
			t.Errorf("%v is not found by its name", f)
		}
	}
	if _, ok := format.ByName("x"); ok {
		t.Error("found x")
	}
}

func TestForFile(t *testing.T) {
	for name, want := range map[string]string{
		"jar.json": "native", "/home/ada/a.JSON": "native", "state.json": "playwright",
		"storageState.json": "playwright",
		"x.playwright.json": "playwright", "mystate.json": "native", "x.cdp.json": "cdp", "cookies.txt": "netscape",
		"x.HAR":           "har",
		"Default/Cookies": "chrome", "Cookies.txt": "netscape", "cookies.sqlite": "firefox", "cookies.dat": "", "-": "",
		"json": "",
	} {
		if f, ok := format.ForFile(name); f.String() != want || ok != (want != "") {
			t.Errorf("%s is %q, want %q", name, f, want)
		}
	}
}

// Each format says in a line what it is, and can be read in one of two ways.
func TestFormatsTellWhatTheyCan(t *testing.T) {
	for _, f := range format.All() {
		if f.About() == "" || strings.Contains(f.About(), "\n") || !f.Readable() || f.Writable() && f.Database() {
			t.Errorf("%v: %q, writable %v, a database %v", f, f.About(), f.Writable(), f.Database())
		}
		if !slices.ContainsFunc(format.Signs(), func(s string) bool { return strings.HasPrefix(s, f.String()+": ") }) {
			t.Errorf("%v does not say how its files are told", f)
		}
		j := newJar(jar.Spec)
		_, err := f.Import(j, strings.NewReader(""))
		if refused := err != nil && strings.Contains(err.Error(), "or ImportDatabase"); refused != f.Database() {
			t.Errorf("%v as a file: %v", f, err)
		}
		if !f.Database() {
			if _, err := f.ImportDatabase(t.Context(), j, nil); err == nil ||
				!strings.Contains(err.Error(), "or Import") {
				t.Errorf("%v as a database: %v", f, err)
			}
		}
		if _, err := f.Export(j, io.Discard); (err == nil) != f.Writable() {
			t.Errorf("%v is written: %v", f, err)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cookies.json")
	j := sampleJar(t)
	for range 2 { // the second time over the first
		if _, err := format.Native.Save(j, name); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v", info.Mode(), err)
	}
	if files, _ := os.ReadDir(filepath.Dir(name)); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	again := newJar(jar.Spec)
	if _, err := format.Native.Load(again, name); err != nil {
		t.Fatal(err)
	}
	if got, want := again.All(), j.All(); len(got) != len(want) {
		t.Errorf("%d of %d cookies came back", len(got), len(want))
	}
	data, _ := os.ReadFile(name)
	for _, cut := range []int{0, 1, len(data) / 2, len(data) - 3} {
		if err := os.WriteFile(name, data[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		part := newJar(jar.Spec)
		report, err := format.Native.Load(part, name)
		some := cut > 1
		if (err == nil) != some || len(part.All()) != report.Read || some && len(report.Losses) == 0 {
			t.Errorf("cut at %d: %v, %d cookies, %v", cut, err, len(part.All()), report)
		}
	}
	if _, err := format.Native.Load(again, filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := format.Native.Save(j, filepath.Join(t.TempDir(), "none", "file")); err == nil {
		t.Error("saved where there is no folder")
	}
}

// TestSaveIsAtomic: whoever loads the file while it is saved again and again gets all of one jar or all of the other.
func TestSaveIsAtomic(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cookies.json")
	small, large := sampleJar(t), sampleJar(t)
	for i := range 100 {
		set(t, large, at("https://more.example/"), fmt.Sprintf("n%d=%0100d", i, i))
	}
	if _, err := format.Native.Save(small, name); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for range 20 {
			for _, j := range []*jar.Jar{large, small} {
				if _, err := format.Native.Save(j, name); err != nil {
					done <- err
					return
				}
			}
		}
		close(done)
	}()
	for {
		j := newJar(jar.Spec)
		if _, err := format.Native.Load(j, name); err != nil {
			t.Fatal(err)
		}
		if n := len(j.All()); n != len(small.All()) && n != len(large.All()) {
			t.Fatalf("%d cookies, half of a jar", n)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}

// TestCurlNames: curl 7.88 has one cookie where two differ by the case of their names alone, and that is said.
func TestCurlNames(t *testing.T) {
	j := newJar(jar.Spec)
	u := &jar.Request{URL: &url.URL{Scheme: "https", Host: "example.com", Path: "/"}}
	for _, line := range []string{"sid=1", "SID=2", "sid=3; Path=/a", "sid=4; Domain=example.com"} {
		j.Set(u, line)
	}
	for to, want := range map[format.Reader]int{format.Curl: 1, format.Wget: 0, format.AnyReader: 0} {
		report, err := format.Netscape.With(format.Options{For: to}).Export(j, io.Discard)
		if err != nil || len(report.Losses) != want || report.Changed != want {
			t.Errorf("for %q: %+v, %v", to, report, err)
		}
	}
}

// TestForLibsoup: SameSite has a field of its own, and what libsoup would drop in silence is named.
func TestForLibsoup(t *testing.T) {
	j := newJar(jar.Spec)
	u := &jar.Request{URL: &url.URL{Scheme: "https", Host: "example.com", Path: "/"}}
	for _, line := range []string{
		"a=1; SameSite=Lax; Max-Age=60", "b=2; HttpOnly; Max-Age=60", "session=3", "4; Max-Age=60",
	} {
		j.Set(u, line)
	}
	j.Set(&jar.Request{URL: &url.URL{Scheme: "https", Host: "example.com.", Path: "/"}}, "dot=5; Max-Age=60")
	var out strings.Builder
	report, err := format.Netscape.With(format.Options{For: format.Libsoup}).Export(j, &out)
	if err != nil || report.LeftOut != 1 || len(report.Losses) != 1 || report.Losses[0].Cookie != "session" {
		t.Errorf("%+v, %v", report, err)
	}
	text := regexp.MustCompile(`\t\d{10}\t`).ReplaceAllString(out.String(), "\tE\t")
	for _, want := range []string{
		"\nexample.com\tFALSE\t/\tFALSE\tE\ta\t1\tLax\n", "\n#HttpOnly_example.com\tFALSE\t/\tFALSE\tE\tb\t2\n",
		"\nexample.com\tFALSE\t/\tFALSE\tE\t\t4\n", "\nexample.com.\tFALSE\t/\tFALSE\tE\tdot\t5\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

// TestRubyLinesAreBounded: a field of very many lines costs what one of the longest costs, and the next cookie is read.
func TestRubyLinesAreBounded(t *testing.T) {
	const object = "- !ruby/object:HTTP::Cookie\n  name: %s\n  domain: example.com\n  path: \"/\"\n  value: x\n"
	in := "---\n" + fmt.Sprintf(object, "long") + strings.Repeat("    x\n", 1<<20) + fmt.Sprintf(object, "next")
	j := newJar(jar.Spec)
	report, err := format.HTTPCookie.Import(j, strings.NewReader(in))
	if err != nil || report.Read != 1 || report.LeftOut != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestBlocksNameOneReason: a block of many lines that are none is left out with one reason.
func TestBlocksNameOneReason(t *testing.T) {
	const end, block = "==========\n", "Host Name : example.com\nName : a\nValue : 1\nPath : /\n"
	j := newJar(jar.Spec)
	report, err := format.Blocks.Import(j, strings.NewReader(end+block+strings.Repeat("x\n", 1000)+end+block+end))
	if err != nil || report.Read != 1 || report.LeftOut != 1 || len(report.Losses[0].What) > 200 {
		t.Errorf("%+v, %v", report, err)
	}
}
