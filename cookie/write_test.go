package cookie_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cookie"
)

var full = cookie.Cookie{
	Name: "__Host-a", Value: "1", Path: "/", MaxAge: time.Hour, Secure: true, HttpOnly: true,
	SameSite: cookie.SameSiteNone, Partitioned: true, Priority: cookie.PriorityHigh,
}

func with(edit func(*cookie.Cookie)) cookie.Cookie {
	c := cookie.Cookie{Name: "a", Value: "1"}
	edit(&c)
	return c
}

func TestAppend(t *testing.T) {
	soon := time.Now().Add(time.Hour).In(time.FixedZone("", 3600))
	for _, tt := range []struct {
		why  string
		c    cookie.Cookie
		want string
	}{
		{"zero values write nothing", cookie.Cookie{Name: "a", Value: "1"}, "a=1"},
		{"every flag", full,
			"__Host-a=1; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=None; Partitioned; Priority=High"},
		{"Path and Domain", with(func(c *cookie.Cookie) { c.Path, c.Domain = "/x y", "Example.com" }),
			"a=1; Path=/x y; Domain=Example.com"},
		{"a date is in GMT", with(func(c *cookie.Cookie) { c.Expires = soon }),
			"a=1; Expires=" + soon.UTC().Format(http.TimeFormat)},
		{"both lifetimes", with(func(c *cookie.Cookie) { c.Expires, c.MaxAge = soon, time.Minute }),
			"a=1; Expires=" + soon.UTC().Format(http.TimeFormat) + "; Max-Age=60"},
		{"parts of a second are cut off", with(func(c *cookie.Cookie) { c.MaxAge = 1999 * time.Millisecond }),
			"a=1; Max-Age=1"},
		{"400 days", with(func(c *cookie.Cookie) { c.MaxAge = cookie.MaxLifetime }), "a=1; Max-Age=34560000"},
		{"empty value", cookie.Cookie{Name: "a"}, "a="},
		{"no name", cookie.Cookie{Value: "a"}, "a"},
		{"bytes are not encoded", cookie.Cookie{Name: "ä(b)", Value: "\"x, y\"\t\\\xff"}, "ä(b)=\"x, y\"\t\\\xff"},
		{"a value may have =", cookie.Cookie{Name: "a", Value: "b=c"}, "a=b=c"},
		{"largest pair", cookie.Cookie{Name: "a", Value: strings.Repeat("x", 4095)}, "a=" + strings.Repeat("x", 4095)},
		{"largest path", with(func(c *cookie.Cookie) { c.Path = "/" + strings.Repeat("x", 1023) }),
			"a=1; Path=/" + strings.Repeat("x", 1023)},
		{"Lax", with(func(c *cookie.Cookie) { c.SameSite = cookie.SameSiteLax }), "a=1; SameSite=Lax"},
		{"Strict", with(func(c *cookie.Cookie) { c.SameSite = cookie.SameSiteStrict }), "a=1; SameSite=Strict"},
		{"Low", with(func(c *cookie.Cookie) { c.Priority = cookie.PriorityLow }), "a=1; Priority=Low"},
		{"Medium", with(func(c *cookie.Cookie) { c.Priority = cookie.PriorityMedium }), "a=1; Priority=Medium"},
		{"a deletion", *full.Deletion(),
			"__Host-a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; SameSite=None; " +
				"Partitioned; Priority=High"},
		{"not quite a prefix", cookie.Cookie{Name: "__Host", Value: "1"}, "__Host=1"},
	} {
		got, err := tt.c.Append([]byte("> "))
		if err != nil || string(got) != "> "+tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.why, got, err, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	type C = cookie.Cookie
	hostHTTP := C{Name: "__host-HTTP-a", Secure: true, HttpOnly: true, Path: "/"}
	edit := func(c C, f func(*C)) C { f(&c); return c }
	for _, tt := range []struct {
		c    C
		code cookie.Code
		says string // part of the message
	}{
		{C{}, cookie.BadName, "no name and no value"},
		{C{Name: "a=b"}, cookie.BadName, "0x3d at 1"},
		{C{Name: "a;b"}, cookie.BadName, "0x3b at 1"},
		{C{Name: "a\nb"}, cookie.BadName, "0x0a at 1"},
		{C{Name: " a"}, cookie.BadName, "space or tab"},
		{C{Name: "a\t"}, cookie.BadName, "space or tab"},
		{C{Name: "a", Value: "x\r\nSet-Cookie: b=1"}, cookie.BadValue, "0x0d at 1"},
		{C{Name: "a", Value: "x\x00"}, cookie.BadValue, "0x00 at 1"},
		{C{Name: "a", Value: "x\x7f"}, cookie.BadValue, "0x7f at 1"},
		{C{Name: "a", Value: "x; Domain=example.com"}, cookie.BadValue, "0x3b at 1"},
		{C{Name: "a", Value: " x"}, cookie.BadValue, "space or tab"},
		{C{Name: "a", Value: "x\t"}, cookie.BadValue, "space or tab"},
		{C{Name: "ab", Value: strings.Repeat("x", 4095)}, cookie.TooLarge, "4097 bytes"},
		{C{Value: "b=c"}, cookie.BadValue, "come back as a name"},
		{C{Value: "__SECURE-x"}, cookie.BadValue, "prefixed name"},
		{C{Value: "__Http-"}, cookie.BadValue, "prefixed name"},
		{C{Name: "a", Path: "x"}, cookie.BadPath, "does not begin with '/'"},
		{C{Name: "a", Path: "/x;y"}, cookie.BadPath, "0x3b at 2"},
		{C{Name: "a", Path: "/x\n"}, cookie.BadPath, "0x0a at 2"},
		{C{Name: "a", Path: "/ä"}, cookie.BadPath, "0xc3 at 1"},
		{C{Name: "a", Path: "/x "}, cookie.BadPath, "space or tab"},
		{C{Name: "a", Path: "/" + strings.Repeat("x", 1024)}, cookie.TooLarge, "1025 bytes"},
		{C{Name: "a", Domain: ".example.com"}, cookie.BadDomain, "begins with a dot"},
		{C{Name: "a", Domain: "."}, cookie.BadDomain, "begins with a dot"},
		{C{Name: "a", Domain: "example.com."}, cookie.BadDomain, "label of 0 bytes"},
		{C{Name: "a", Domain: "example.com:80"}, cookie.BadDomain, "0x3a at 11"},
		{C{Name: "a", Domain: "example.com\n"}, cookie.BadDomain, "0x0a at 11"},
		{C{Name: "a", Domain: "bücher.example"}, cookie.BadDomain, "0xc3 at 1"},
		{C{Name: "a", Domain: strings.Repeat("x", 64) + ".com"}, cookie.BadDomain, "label of 64 bytes"},
		{C{Name: "a", Domain: strings.Repeat("xx.", 84) + "com"}, cookie.BadDomain, "255 bytes"},
		{C{Name: "a", SameSite: 9}, cookie.BadSameSite, "SameSite is "},
		{C{Name: "a", Priority: 9}, cookie.BadPriority, "Priority is "},
		{C{Name: "a", SameSite: cookie.SameSiteNone}, cookie.NeedsSecure, "SameSite=None without Secure"},
		{C{Name: "a", Partitioned: true}, cookie.NeedsSecure, "Partitioned without Secure"},
		{C{Name: "__Secure-a"}, cookie.BadPrefix, "needs Secure"},
		{C{Name: "__sECURE-a"}, cookie.BadPrefix, "needs Secure"},
		{C{Name: "__Host-a", Path: "/"}, cookie.BadPrefix, "needs Secure"},
		{C{Name: "__Host-a", Path: "/", Secure: true, Domain: "example.com"}, cookie.BadPrefix, "no Domain"},
		{C{Name: "__Host-a", Secure: true}, cookie.BadPrefix, "needs Path=/"},
		{C{Name: "__Host-a", Path: "/x", Secure: true}, cookie.BadPrefix, "needs Path=/"},
		{C{Name: "__Http-a", HttpOnly: true}, cookie.BadPrefix, "needs Secure"},
		{C{Name: "__Http-a", Secure: true}, cookie.BadPrefix, "needs HttpOnly"},
		{edit(hostHTTP, func(c *C) { c.HttpOnly = false }), cookie.BadPrefix, "__Host-Http- needs HttpOnly"},
		{edit(hostHTTP, func(c *C) { c.Secure = false }), cookie.BadPrefix, "needs Secure"},
		{edit(hostHTTP, func(c *C) { c.Path = "" }), cookie.BadPrefix, "needs Path=/"},
		{edit(hostHTTP, func(c *C) { c.Domain = "example.com" }), cookie.BadPrefix, "no Domain"},
		{C{Name: "a", MaxAge: -1}, cookie.BadLifetime, "would delete"},
		{C{Name: "a", MaxAge: time.Second - 1}, cookie.BadLifetime, "would delete"},
		{C{Name: "a", MaxAge: cookie.MaxLifetime + 1}, cookie.BadLifetime, "400 days"},
		{C{Name: "a", Expires: time.Now().Add(-time.Second)}, cookie.BadLifetime, "in the past"},
		{C{Name: "a", Expires: time.Now().Add(cookie.MaxLifetime + time.Hour)}, cookie.BadLifetime,
			"further away than the 400 days"},
		{C{Name: "a", Delete: true, Value: "x"}, cookie.BadLifetime, "Cookie.Deletion"},
		{C{Name: "a", Delete: true, MaxAge: time.Hour}, cookie.BadLifetime, "Cookie.Deletion"},
		{C{Name: "__Host-a", Delete: true}, cookie.BadPrefix, "needs Secure"},
	} {
		b, err := tt.c.Append([]byte("before"))
		var e *cookie.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Cookie != tt.c.Name ||
			!strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want %s and %q", tt.c, err, tt.code, tt.says)
		}
		if string(b) != "before" {
			t.Errorf("%+v: wrote %q", tt.c, b)
		}
	}
	if err := hostHTTP.Check(); err != nil {
		t.Error(err)
	}
}

func TestErrorsNameNoValue(t *testing.T) {
	c := cookie.Cookie{Name: "a", Value: "s3cret\n"}
	if err := c.Check(); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error is %v", err)
	}
}

func TestLifetimeIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cookie.Cookie{Name: "a", Expires: time.Now().Add(cookie.MaxLifetime)}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
		time.Sleep(cookie.MaxLifetime)
		if err := c.Check(); err == nil {
			t.Error("expired at this moment, and accepted")
		}
	})
}

func TestSet(t *testing.T) {
	old := []string{"a=0; path=/; DOMAIN=.Example.com", "b=1", "a=2; Path=/x", "a=3; Path=/", "broken",
		"a=4; Path=/; Domain=example.com; Partitioned; Secure"}
	h := http.Header{"Set-Cookie": slices.Clone(old)}
	c := cookie.Cookie{Name: "a", Value: "new", Path: "/", Domain: "example.COM"}
	if err := cookie.Set(h, &c); err != nil {
		t.Fatal(err)
	}
	if got, want := h["Set-Cookie"], append(old[1:6:6], "a=new; Path=/; Domain=example.COM"); !slices.Equal(got, want) {
		t.Errorf("header is %q, want %q", got, want)
	}
	c.Value = "\n"
	before := slices.Clone(h["Set-Cookie"])
	if err := cookie.Set(h, &c); err == nil || !slices.Equal(h["Set-Cookie"], before) {
		t.Errorf("refused cookie: error %v, header %q", err, h["Set-Cookie"])
	}
}

// FuzzAppend reads back what is written: one line, and the same name and value.
func FuzzAppend(f *testing.F) {
	f.Add("a", "1", "/", "example.com", uint8(1))
	f.Add("", "v", "", "", uint8(0))
	f.Add("__Host-a", "x=y", "/", "", uint8(255))
	f.Fuzz(func(t *testing.T, name, value, path, domain string, flags uint8) {
		c := cookie.Cookie{
			Name: name, Value: value, Path: path, Domain: domain,
			Secure: flags&1 != 0, HttpOnly: flags&2 != 0, Partitioned: flags&4 != 0,
			SameSite: cookie.SameSite(flags >> 3 & 3),
		}
		b, err := c.Append(nil)
		if err != nil {
			return
		}
		if strings.ContainsAny(string(b), "\r\n\x00") {
			t.Errorf("%+v: wrote %q", c, b)
		}
		line, _, _ := strings.Cut(string(b), ";")
		if got := all(line); !equal(got, []pair{{name, value}}) {
			t.Errorf("%+v: wrote %q, read %q", c, b, got)
		}
	})
}

func BenchmarkSet(b *testing.B) {
	b.Run("coatcheck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h := http.Header{}
			if err := cookie.Set(h, &full); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		c := http.Cookie{Name: full.Name, Value: full.Value, Path: "/", MaxAge: 3600, Secure: true, HttpOnly: true,
			SameSite: http.SameSiteNoneMode, Partitioned: true}
		for b.Loop() {
			h := http.Header{}
			h.Add("Set-Cookie", c.String())
		}
	})
}
