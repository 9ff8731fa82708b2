package jar_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// sample has a cookie of every kind that formats treat in their own way.
func sample() []jar.Cookie {
	day := vectorTime.Add(24 * time.Hour)
	created := vectorTime.Add(-time.Hour)
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
			c.SameSite, c.Priority, c.LastAccess = cookie.SameSiteStrict, cookie.PriorityHigh, vectorTime.Add(-time.Minute)
		}),
		edit("lax", "", func(c *jar.Cookie) { c.SameSite = cookie.SameSiteLax }),
		edit("", "nameless", func(c *jar.Cookie) { c.Domain = "192.0.2.1" }),
		edit("ü", "é", func(c *jar.Cookie) { c.Domain = "2001:db8::1" }),
		edit("tab", "a\tb", func(*jar.Cookie) {}),
		edit("bytes", "\xff", func(*jar.Cookie) {}),
		edit("path", "1", func(c *jar.Cookie) { c.Path = "/\xff;x" }),
		edit("part", "1", func(c *jar.Cookie) {
			c.Secure, c.SameSite, c.Partition = true, cookie.SameSiteNone, jar.Partition{TopLevelSite: "https://top.example", CrossSiteAncestor: true}
		}),
	}
}

func sampleJar(t testing.TB) *jar.Jar {
	t.Helper()
	j, _ := newJar(jar.Spec)
	if err := j.Add(sample()...); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestRoundTrip exports the sample and imports it again: what is missing or changed is what was reported as lost.
func TestRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		format jar.Format
		lost   []string // by the export
		want   func([]jar.Cookie) []jar.Cookie
	}{
		{jar.Native, nil, func(c []jar.Cookie) []jar.Cookie { return c }},
		{jar.Netscape, []string{
			`"full" of example.com: SameSite=Strict`, `"full" of example.com: Priority=High`, `"lax" of example.com: SameSite=Lax`,
			`"tab" of example.com: the cookie: it has a tab inside`, `"part" of example.com: the cookie: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c = slices.Delete(c, 8, 9)
			c = slices.Delete(c, 5, 6)
			for i := range c {
				c[i].SameSite, c[i].Priority = cookie.SameSiteUnset, cookie.PriorityUnset
			}
			return now(c)
		}},
		{jar.Playwright, []string{
			`"session" of example.com: that SameSite is not set; it is written as Lax`, `"full" of example.com: Priority=High`,
			`"" of 192.0.2.1: that SameSite is not set; it is written as Lax`, `"ü" of 2001:db8::1: that SameSite is not set; it is written as Lax`,
			`"tab" of example.com: that SameSite is not set; it is written as Lax`,
			`"bytes" of example.com: the cookie: its name, value or path is not UTF-8`,
			`"path" of example.com: the cookie: its name, value or path is not UTF-8`, `"part" of example.com: the cross-site bit of its partition`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c = slices.Delete(c, 6, 8)
			for i := range c {
				c[i].Priority, c[i].Partition.CrossSiteAncestor = cookie.PriorityUnset, false
				if c[i].SameSite == cookie.SameSiteUnset {
					c[i].SameSite = cookie.SameSiteLax
				}
			}
			return now(c)
		}},
		{jar.CDP, []string{
			`"bytes" of example.com: the cookie: its name, value or path is not UTF-8`, `"path" of example.com: the cookie: its name, value or path is not UTF-8`,
		}, func(c []jar.Cookie) []jar.Cookie { return now(slices.Delete(c, 6, 8)) }},
		{jar.HAR, []string{
			`"full" of example.com: Priority=High`, `"bytes" of example.com: the cookie: its name, value or path is not UTF-8`,
			`"path" of example.com: the cookie: its name, value or path is not UTF-8`, `"part" of example.com: the cookie: it is partitioned`,
		}, func(c []jar.Cookie) []jar.Cookie {
			c = c[:6]
			c[1].Priority = cookie.PriorityUnset
			return now(c)
		}},
	} {
		t.Run(tt.format.String(), func(t *testing.T) {
			var b bytes.Buffer
			losses, err := sampleJar(t).Export(tt.format, &b)
			if err != nil {
				t.Fatal(err)
			}
			if got := texts(losses); !slices.Equal(got, tt.lost) {
				t.Errorf("lost %q\nwant %q", got, tt.lost)
			}
			golden(t, tt.format.String(), b.Bytes())
			again, _ := newJar(jar.Spec)
			if losses, err := again.Import(tt.format, &b); err != nil || len(losses) > 0 {
				t.Fatalf("import: %v, %v", losses, err)
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

// now is for formats that lose when a cookie was created and used: it becomes the time of the import.
func now(c []jar.Cookie) []jar.Cookie {
	for i := range c {
		c[i].Created, c[i].LastAccess = vectorTime, vectorTime
	}
	return c
}

func same(a, b jar.Cookie) bool {
	times := a.Created.Equal(b.Created) && a.LastAccess.Equal(b.LastAccess) && a.Expires.Equal(b.Expires)
	a.Created, a.LastAccess, a.Expires = b.Created, b.LastAccess, b.Expires
	return times && a == b
}

func texts(losses []jar.Loss) (list []string) {
	for _, l := range losses {
		list = append(list, l.String())
	}
	return list
}

// golden compares with testdata/NAME.golden; with UPDATE_GOLDEN=1 it is written.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
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

func TestImportErrors(t *testing.T) {
	const good = "example.com\tFALSE\t/\tFALSE\t0\ta\t1\n"
	for _, tt := range []struct {
		format   jar.Format
		in, says string
	}{
		{jar.Native, "", "line 1: the file ends too early"},
		{jar.Native, "{\n\"version\": 1,\n\"cookies\": [\n{\"name\": \"a\"", "line 4: the file ends too early"},
		{jar.Native, "{\n\"version\": 1,\n\"cookies\": [\nx]}", "line 4: invalid character"},
		{jar.Native, "{\"version\": 1,\n\"cookies\": [{\"name\": 7}]}", "line 2: cookies.name has the type number, where a string is needed"},
		{jar.Native, `{"cookies": []}`, "no version"},
		{jar.Native, `{"version": 2, "cookies": []}`, "version 2 is newer than 1"},
		{jar.Native, "{\"version\": 1}\n{}", "goes on after its end"},
		{jar.Native, `{"version": 1, "cookies": [{"name": "a", "domain": "example.com", "path": "/"}, {"name": "b"}]}`, "add cookie 2: "},
		{jar.Native, `{"version": 1, "cookies": [{"name": "a", "domain": "example.com", "path": "/", "sameSite": "x"}]}`, "cookie 1: sameSite"},
		{jar.Native, `{"version": 1, "cookies": [{"name": "a", "domain": "example.com", "path": "/", "priority": "x"}]}`, "cookie 1: priority"},
		{jar.Netscape, good + "example.com\tFALSE\t/\tFALSE\t0\n", "line 2: 5 fields"},
		{jar.Netscape, good + "example.com\tFALSE\t/\tFALSE\t0\tna", "line 2: the file ends too early"},
		{jar.Netscape, "# comment\r\n" + good + "example.com\tyes\t/\tFALSE\t0\ta\t1\n", `line 3: include-subdomains is "yes"`},
		{jar.Netscape, "example.com\tFALSE\t/\t1\t0\ta\t1\n", `line 1: secure is "1"`},
		{jar.Netscape, "example.com\tFALSE\t/\tFALSE\tsoon\ta\t1\n", `line 1: expires is "soon"`},
		{jar.Playwright, "{}", "no cookies"},
		{jar.Playwright, `{"cookies": [{"name":"a","value":"1","domain":"example.com","path":"/","sameSite":"x"}]}`, "cookie 1: sameSite"},
		{jar.Playwright, `{"cookies": [{"expires": "x"}]}`, "line 1: cookies.expires has the type string, where a number is needed"},
		{jar.CDP, "{}", "no cookies"},
		{jar.CDP, "[", "line 1: the file ends too early"},
		{jar.CDP, `[{"name":"a","priority":"x"}]`, "cookie 1: priority"},
		{jar.CDP, `{"cookies": {}}`, "line 1: cookies has the type object, where an array is needed"},
		{jar.Playwright, `[7]`, "line 1: the file has the type array, where an object is needed"},
		{jar.Playwright, "{\"cookies\": [\n{\"secure\": 1}]}", "line 2: cookies.secure has the type number, where true or false is needed"},
		{jar.HAR, "{}", "no log"},
		{jar.HAR, `{"log":{"entries":[{"request":{"url":"%"},"response":{"cookies":[]}}]}}`, "entry 1"},
		{jar.HAR, `{"log":{"entries":[{"request":{"url":"https://example.com"},"response":{"cookies":[{"name":"a","expires":"x"}]}}]}}`, "entry 1: listed cookie 1: expires"},
	} {
		j, _ := newJar(jar.Spec)
		_, err := j.Import(tt.format, strings.NewReader(tt.in))
		if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.HasPrefix(err.Error(), "import "+tt.format.String()+" cookies: ") {
			t.Errorf("%v %.60q: %v, want %q", tt.format, tt.in, err, tt.says)
		}
		if n := len(j.All()); n != 0 {
			t.Errorf("%v %.60q: %d cookies imported", tt.format, tt.in, n)
		}
	}
}

// TestImportLeavesOut: cookies that no browser would keep are not imported, and reported; the others are, and what is lost of them
// is reported, too.
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
		"#HttpOnly_.Example.com\tTRUE\t/\tTRUE\t99999999999999\thttp\t1",
	}, "\n")
	j, _ := newJar(jar.Spec)
	losses, err := j.Import(jar.Netscape, strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, l := range losses {
		lost = append(lost, l.Cookie)
	}
	if want := []string{"http", "suffix", "path", "nowhere", "__Host-a", "a;b", "http"}; !slices.Equal(lost, want) {
		t.Errorf("lost %q, want %q: %v", lost, want, losses)
	}
	expect(t, j, at("https://example.com/"), "good=1; empty=; http=1")
	for _, c := range j.All() {
		if c.Name == "http" && (!c.HttpOnly || c.HostOnly || !c.Secure || c.Expires.Sub(vectorTime) != cookie.MaxLifetime) {
			t.Errorf("%+v", c)
		}
	}
}

func TestImportReadsVariants(t *testing.T) {
	for _, tt := range []struct {
		format jar.Format
		in     string
		losses int
		want   string
	}{
		{jar.CDP, `[{"name":"a","value":"1","domain":"example.com","path":"/","expires":-1,"priority":"Medium"}]`, 0, "a=1"},
		{jar.CDP, `[{"name":"a","value":"1","domain":"example.com","path":"/","partitionKeyOpaque":true}]`, 1, ""},
		{jar.HAR, `{"log":{"entries":[{"request":{"url":"https://example.com/"},"response":{"cookies":[{"name":"a","value":"1"},{"name":"a","value":"2"}]}}]}}`, 0, "a=2"},
		{jar.HAR, `{"log":{}}`, 0, ""},
		{jar.Netscape, "", 0, ""},
	} {
		j, _ := newJar(jar.Spec)
		losses, err := j.Import(tt.format, strings.NewReader(tt.in))
		if err != nil || len(losses) != tt.losses {
			t.Errorf("%v %q: %v, %v", tt.format, tt.in, losses, err)
		}
		expect(t, j, at("https://example.com/"), tt.want)
	}
}

func TestImportIsBounded(t *testing.T) {
	j, _ := newJar(jar.Spec)
	if _, err := j.Import(jar.Netscape, zeros{}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
	if _, err := j.Import(jar.Netscape, broken{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	if _, err := sampleJar(t).Export(jar.Netscape, broken{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Read([]byte) (int, error)  { return 0, errBroken }
func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestFormatByName(t *testing.T) {
	for _, f := range jar.Formats() {
		if got, ok := jar.FormatByName(strings.ToUpper(f.String())); !ok || got.String() != f.String() {
			t.Errorf("%v is not found by its name", f)
		}
	}
	if _, ok := jar.FormatByName("x"); ok {
		t.Error("found x")
	}
}

func TestSaveAndLoad(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cookies.json")
	j := sampleJar(t)
	for range 2 { // the second time over the first
		if err := j.SaveFile(name); err != nil {
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
	again, _ := newJar(jar.Spec)
	if err := again.LoadFile(name); err != nil {
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
		empty, _ := newJar(jar.Spec)
		if err := empty.LoadFile(name); err == nil || len(empty.All()) != 0 {
			t.Errorf("cut at %d: %v, %d cookies", cut, err, len(empty.All()))
		}
	}
	if err := again.LoadFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := j.SaveFile(filepath.Join(t.TempDir(), "none", "file")); err == nil {
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
	if err := small.SaveFile(name); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for range 20 {
			for _, j := range []*jar.Jar{large, small} {
				if err := j.SaveFile(name); err != nil {
					done <- err
					return
				}
			}
		}
		close(done)
	}()
	for {
		j, _ := newJar(jar.Spec)
		if err := j.LoadFile(name); err != nil {
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

func TestAddAllOrNothing(t *testing.T) {
	j, _ := newJar(jar.Spec)
	set(t, j, at("https://example.com/"), "old=1")
	good := jar.Cookie{Name: "a", Value: "1", Domain: "example.com", HostOnly: true, Path: "/"}
	for what, spoil := range map[string]func(*jar.Cookie){
		"control":     func(c *jar.Cookie) { c.Value = "s3cret\n" },
		"semicolon":   func(c *jar.Cookie) { c.Value = "a;b" },
		"space":       func(c *jar.Cookie) { c.Value = " a" },
		"name":        func(c *jar.Cookie) { c.Name = "a=b" },
		"no content":  func(c *jar.Cookie) { c.Name, c.Value = "", "" },
		"size":        func(c *jar.Cookie) { c.Value = strings.Repeat("x", 4096) },
		"path":        func(c *jar.Cookie) { c.Path = "/\x01" },
		"long path":   func(c *jar.Cookie) { c.Path = "/" + strings.Repeat("x", cookie.MaxLine) },
		"domain":      func(c *jar.Cookie) { c.Domain = "Example.com" },
		"dot":         func(c *jar.Cookie) { c.Domain = ".example.com" },
		"port":        func(c *jar.Cookie) { c.Domain = "example.com/x" },
		"suffix":      func(c *jar.Cookie) { c.Domain, c.HostOnly = "co.uk", false },
		"address":     func(c *jar.Cookie) { c.Domain, c.HostOnly = "192.0.2.1", false },
		"same-site":   func(c *jar.Cookie) { c.SameSite = 9 },
		"priority":    func(c *jar.Cookie) { c.Priority = 9 },
		"none":        func(c *jar.Cookie) { c.SameSite = cookie.SameSiteNone },
		"prefix":      func(c *jar.Cookie) { c.Name = "__Http-a" },
		"hidden":      func(c *jar.Cookie) { c.Name, c.Value = "", "__Host-a" },
		"partition":   func(c *jar.Cookie) { c.Partition.TopLevelSite = "https://example.com" },
		"no site":     func(c *jar.Cookie) { c.Secure, c.Partition.TopLevelSite = true, "example.com" },
		"not a site":  func(c *jar.Cookie) { c.Secure, c.Partition.TopLevelSite = true, "https://www.example.com" },
		"only a bit":  func(c *jar.Cookie) { c.Secure, c.Partition.CrossSiteAncestor = true, true },
		"site's path": func(c *jar.Cookie) { c.Secure, c.Partition.TopLevelSite = true, "https://example.com/" },
	} {
		bad := good
		spoil(&bad)
		err := j.Add(good, bad)
		if err == nil || !strings.HasPrefix(err.Error(), "add cookie 2: ") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", what, err)
		}
		expect(t, j, at("https://example.com/"), "old=1")
	}
	gone := jar.Cookie{Name: "old", Domain: "example.com", HostOnly: true, Path: "/", Expires: vectorTime}
	if err := j.Add(gone, good); err != nil {
		t.Fatal(err)
	}
	expect(t, j, at("https://example.com/"), "a=1")
}

// FuzzSet: whatever servers and scripts can store can be saved and loaded, by every profile.
func FuzzSet(f *testing.F) {
	for i, line := range []string{
		"a=1", "=v", "a\t=\xff; Path=/\xff; Secure", "__HOST-a=1", "__Http-a=1; Secure", "a=1; Domain=example.com; Max-Age=9", "a=1; Partitioned; Secure; SameSite=None",
	} {
		f.Add(uint8(i), "https://www.example.com/a;b/c", "https://[::1]:8443/", line)
	}
	f.Add(uint8(1), "http://a%20b/", "", "a=1")
	f.Add(uint8(0), "http://.example/\xff/", "https://top.example", "a=1")
	f.Fuzz(func(t *testing.T, which uint8, at, top, line string) {
		u, err := url.Parse(at)
		if err != nil {
			t.Skip()
		}
		r := &jar.Request{URL: u, Script: which&4 != 0}
		if r.TopLevel, err = url.Parse(top); err != nil || top == "" {
			r.TopLevel = nil
		}
		j, _ := newJar(profiles[int(which)%len(profiles)])
		j.Set(r, line)
		j.Header(r)
		if err := j.CheckIndex(); err != nil {
			t.Error(err)
		}
		var b bytes.Buffer
		if _, err := j.Export(jar.Native, &b); err != nil {
			t.Fatal(err)
		}
		again, _ := newJar(j.Profile())
		if _, err := again.Import(jar.Native, &b); err != nil {
			t.Fatalf("%s %q: %v", u, line, err)
		}
		if got, want := fmt.Sprint(again.All()), fmt.Sprint(j.All()); got != want {
			t.Errorf("%s %q: saved %s, loaded %s", u, line, want, got)
		}
	})
}

// FuzzImport: an importer takes any file without harm, and what it took can be exported and imported again.
func FuzzImport(f *testing.F) {
	for i, format := range jar.Formats() {
		var b bytes.Buffer
		if _, err := sampleJar(f).Export(format, &b); err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), b.Bytes())
		f.Add(uint8(i), b.Bytes()[:b.Len()/2])
	}
	f.Add(uint8(1), []byte("#HttpOnly_.a.b\tTRUE\t/\tFALSE\t-1\tn\tv\n\r\n#x\n"))
	f.Add(uint8(3), []byte(`[{"name":"a","value":"1","domain":"[::1]","path":"/","expires":1e300}]`))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		formats := jar.Formats()
		format := formats[int(which)%len(formats)]
		j, _ := newJar(jar.Spec)
		losses, err := j.Import(format, bytes.NewReader(data))
		if err != nil {
			if len(j.All()) > 0 {
				t.Errorf("%v: half imported: %v", format, err)
			}
			return
		}
		for _, l := range losses {
			_ = l.String()
		}
		var b bytes.Buffer
		if _, err := j.Export(jar.Native, &b); err != nil {
			t.Fatal(err)
		}
		again, _ := newJar(jar.Spec)
		if _, err := again.Import(jar.Native, bytes.NewReader(b.Bytes())); err != nil {
			t.Fatalf("%v: imported %q, exported %s: %v", format, data, b.Bytes(), err)
		}
		if got, want := fmt.Sprint(again.All()), fmt.Sprint(j.All()); got != want {
			t.Errorf("%v: imported %q as\n%s\nand then as\n%s", format, data, want, got)
		}
	})
}
