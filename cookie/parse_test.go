package cookie_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
)

// now is the time at which lines are received in these tests.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const long = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" // 32 bytes

func TestParsePair(t *testing.T) {
	for _, tt := range []struct{ line, name, value string }{
		{"a=1", "a", "1"},
		{" \ta = 1\t ", "a", "1"},
		{"a=1;b=2", "a", "1"},
		{"a=b=c", "a", "b=c"},
		{"a", "", "a"},
		{"=a", "", "a"},
		{"=a=b", "", "a=b"},
		{"a=", "a", ""},
		{`a="1; 2"`, "a", `"1`},
		{"a=%20\xff é\t\"x\"", "a", "%20\xff é\t\"x\""},
		{"ä(b) c=1", "ä(b) c", "1"},
	} {
		if p := cookie.Parse(tt.line); p.Name != tt.name || p.Value != tt.value || p.Reasons != 0 || p.Raw != tt.line {
			t.Errorf("%q: %q, %q, %v", tt.line, p.Name, p.Value, p.Reasons)
		}
	}
}

func TestParseReasons(t *testing.T) {
	for _, tt := range []struct{ line, reasons string }{
		{"", "EXCLUDE_NO_COOKIE_CONTENT"},
		{" = ; Secure", "EXCLUDE_NO_COOKIE_CONTENT"},
		{"a=\x00", "EXCLUDE_DISALLOWED_CHARACTER"},
		{"a=1; x\x7f", "EXCLUDE_DISALLOWED_CHARACTER"},
		{"a=12345678901234567890\r", "EXCLUDE_DISALLOWED_CHARACTER"},
		{"a=1; Path=/\n; Path=/", "EXCLUDE_DISALLOWED_CHARACTER"},
		{"a=\t1\t2\t", ""},
		{"a=" + strings.Repeat("x", 4095), ""},
		{"a=" + strings.Repeat("x", 4096), "EXCLUDE_NAME_VALUE_PAIR_EXCEEDS_MAX_SIZE"},
		{"a = " + strings.Repeat("x", 4095) + " ", ""},
		{"a=1; Path=/" + strings.Repeat(long, 32), "WARN_ATTRIBUTE_VALUE_EXCEEDS_MAX_SIZE"},
		{"a=1; x=/" + strings.Repeat(long, 32), ""},
		{"a=1; Domain=ä.example", "EXCLUDE_DOMAIN_NON_ASCII"},
		{"a=1; Domain=ä.example; Domain=example.com", ""},
		{strings.Repeat("x", cookie.MaxLine+1), "EXCLUDE_FAILURE_TO_STORE"},
		{"\x01", "EXCLUDE_DISALLOWED_CHARACTER"},
		{"\x01=" + strings.Repeat("x", 4096), "EXCLUDE_DISALLOWED_CHARACTER EXCLUDE_NAME_VALUE_PAIR_EXCEEDS_MAX_SIZE"},
	} {
		if p := cookie.Parse(tt.line); p.Reasons.String() != tt.reasons {
			t.Errorf("%.40q: %v, want %v", tt.line, p.Reasons, tt.reasons)
		}
	}
}

func TestParseAttributes(t *testing.T) {
	type P = cookie.Parsed
	for _, tt := range []struct {
		attributes string
		want       P
	}{
		{"Secure; HttpOnly; Partitioned", P{Secure: true, HttpOnly: true, Partitioned: true}},
		{"SECURE=no;httponly =x; partitioned=", P{Secure: true, HttpOnly: true, Partitioned: true}},
		{"xSecure; Secur; HttpOnlyy", P{}},
		{"SameSite=lax", P{SameSite: cookie.SameSiteLax}},
		{"SameSite = STRICT ", P{SameSite: cookie.SameSiteStrict}},
		{"SameSite=None", P{SameSite: cookie.SameSiteNone}},
		{"SameSite=Strict; SameSite=bogus", P{}},
		{"SameSite=Strict; SameSite", P{}},
		{"Path=/x", P{Path: "/x"}},
		{"Path= /x ; path=/Y", P{Path: "/Y"}},
		{"Path=/x; Path=y", P{}},
		{"Path=/x; Path=", P{}},
		{`Path="/x"`, P{}},
		{"Path=/x; Path=/" + strings.Repeat(long, 32), P{Path: "/x"}},
		{"Domain=Example.COM", P{Domain: "example.com", HasDomain: true}},
		{"Domain=.example.com", P{Domain: "example.com", HasDomain: true}},
		{"Domain=..example.com", P{Domain: ".example.com", HasDomain: true}},
		{"Domain=example.com; Domain=", P{}},
		{"Domain=.", P{HasDomain: true}},
		{"Priority=high", P{Priority: cookie.PriorityHigh}},
		{"Priority=high; Priority=x", P{}},
	} {
		p := cookie.Parse("a=1; " + tt.attributes)
		if p.Secure != tt.want.Secure || p.HttpOnly != tt.want.HttpOnly || p.Partitioned != tt.want.Partitioned ||
			p.SameSite != tt.want.SameSite || p.Path != tt.want.Path || p.Priority != tt.want.Priority ||
			p.Domain != tt.want.Domain || p.HasDomain != tt.want.HasDomain {
			t.Errorf("%q: %+v", tt.attributes, p)
		}
	}
}

func TestExpiry(t *testing.T) {
	const past, future = "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 23 Nov 2026 12:00:00 GMT"
	const later = "Tue, 24 Nov 2026 12:00:00 GMT"
	day, none := 24*time.Hour, time.Duration(-1)
	for _, tt := range []struct {
		attributes     string
		want, chromium time.Duration // from now; none is a session cookie, 0 and less are deletions
	}{
		{"", none, none},
		{"Max-Age=60", time.Minute, time.Minute},
		{"Max-Age=0", 0, 0},
		{"Max-Age=-1", 0, 0},
		{"Max-Age=000000000060", time.Minute, time.Minute},
		{"Max-Age=34560001", cookie.MaxLifetime, cookie.MaxLifetime},
		{"Max-Age=99999999999999999999999999999", cookie.MaxLifetime, cookie.MaxLifetime},
		{"Max-Age=" + strings.Repeat("9", 1024), cookie.MaxLifetime, cookie.MaxLifetime},
		{"Max-Age=" + strings.Repeat("9", 1025), none, none},
		{"Max-Age=-" + strings.Repeat("9", 1000), 0, 0},
		{"Max-Age=+60", none, time.Minute},
		{"Max-Age=+-60", none, none},
		{"Max-Age=-+60", none, none},
		{"Max-Age=--60", none, none},
		{"Max-Age=+", none, none},
		{"Max-Age=9223372036854775807x", none, none},
		{"Max-Age=9223372036854775808x", none, cookie.MaxLifetime},
		{"Max-Age=-9223372036854775809x", none, 0},
		{"Max-Age=60s", none, none},
		{"Max-Age=", none, none},
		{"Max-Age=-", none, none},
		{"Max-Age=60; Max-Age=120", 2 * time.Minute, 2 * time.Minute},
		{"Max-Age=60; Max-Age=x", time.Minute, none},
		{"Expires=" + future, day, day},
		{"Expires=" + past + "; Max-Age=60", time.Minute, time.Minute},
		{"Max-Age=60; Expires=" + past, time.Minute, time.Minute},
		{"Max-Age=x; Expires=" + future, day, day},
		{"Expires=" + future + "; Expires=" + later, 2 * day, 2 * day},
		{"Expires=" + future + "; Expires=" + later + "; Expires=x; Expires=y", 2 * day, none},
		{"Expires=Fri, 01 Jan 2100 00:00:00 GMT", cookie.MaxLifetime, cookie.MaxLifetime},
		{"Expires=Fri, 01 Jan 20260 00:00:00 GMT", none, cookie.MaxLifetime},
		{"Expires=tomorrow", none, none},
	} {
		p := cookie.Parse("a=1; " + tt.attributes)
		at, persistent := p.Expiry(now)
		if persistent != (tt.want != none) || persistent && at.Sub(now) != tt.want {
			t.Errorf("%.60q: %v, %v, want %v", tt.attributes, at.Sub(now), persistent, tt.want)
		}
		at, persistent = p.ExpiryChromium(now)
		if persistent != (tt.chromium != none) || persistent && at.Sub(now) != tt.chromium {
			t.Errorf("%.60q: Chromium: %v, %v, want %v", tt.attributes, at.Sub(now), persistent, tt.chromium)
		}
	}
}

func TestAttributeFates(t *testing.T) {
	line := "a=1; Path=/x; path = y; ; foo=bar; Expires=soon; Expires=Fri, 01 Jan 2100 00:00:00 GMT; Max-Age=60; " +
		"max-age=x; Secure; " +
		"Secure; SameSite=bogus; Priority=x; Domain=" + strings.Repeat(long, 33)
	type A = cookie.Attribute
	want := []A{
		{"Path", "/x", cookie.Overridden}, {"path", "y", cookie.Applied}, {"foo", "bar", cookie.Unknown},
		{"Expires", "soon", cookie.Unparsable}, {"Expires", "Fri, 01 Jan 2100 00:00:00 GMT", cookie.Outranked},
		{"Max-Age", "60", cookie.Applied}, {"max-age", "x", cookie.Unparsable},
		{"Secure", "", cookie.Overridden}, {"Secure", "", cookie.Applied}, {"SameSite", "bogus", cookie.Applied},
		{"Priority", "x", cookie.Applied}, {"Domain", strings.Repeat(long, 33), cookie.TooLong},
	}
	p := cookie.Parse(line)
	if got := slices.Collect(p.Attributes()); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for range p.Attributes() {
		break
	}
	p = cookie.Parse(strings.Repeat("; Secure", cookie.MaxLine/8+1))
	if got := slices.Collect(p.Attributes()); got != nil {
		t.Errorf("%d attributes of a line that is too long", len(got))
	}
}

func TestInnerTab(t *testing.T) {
	for line, want := range map[string]bool{
		"a=1": false, "\ta\t=\t1\t;\tSecure\t;\tPath\t=\t/\t": false,
		"a=1\t2": true, "a\tb=1": true, "a=1; Path=/\tx": true, "a=1; foo\tbar": true,
	} {
		if p := cookie.Parse(line); p.InnerTab() != want || p.Reasons != 0 {
			t.Errorf("%q: %v, %v", line, p.InnerTab(), p.Reasons)
		}
	}
}

func TestParsedCookie(t *testing.T) {
	for _, tt := range []struct{ line, written string }{
		{"a=1", "a=1"},
		{" a = 1 ;foo;DOMAIN=.Example.com;path=/x;max-age=0060;secure",
			"a=1; Path=/x; Domain=example.com; Max-Age=60; Secure"},
		{"a=1; Max-Age=-5; Path=/", "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"},
		{"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"},
		{"a=1; Max-Age=99999999999; Partitioned; Secure; SameSite=none; HttpOnly; priority=LOW",
			"a=1; Max-Age=34560000; Secure; HttpOnly; SameSite=None; Partitioned; Priority=Low"},
	} {
		p := cookie.Parse(tt.line)
		c := p.Cookie(time.Now())
		if b, err := c.Append(nil); err != nil || string(b) != tt.written {
			t.Errorf("%q: %q, %v, want %q", tt.line, b, err, tt.written)
		}
	}
}

func TestReasonNames(t *testing.T) {
	seen := map[string]bool{}
	var all cookie.Reasons
	exclusions := 0
	for r := cookie.Reason(0); r.String() != "invalid"; r++ {
		all.Add(r)
		name := r.String()
		if seen[name] || r.Excludes() != strings.HasPrefix(name, "EXCLUDE_") ||
			r.Excludes() == strings.HasPrefix(name, "WARN_") {
			t.Errorf("%d is %q", r, name)
		}
		seen[name] = true
		if r.Excludes() {
			exclusions++
		}
	}
	if exclusions != 27 || len(seen) != 27+17 {
		t.Errorf("%d exclusions of %d reasons, Chromium has 27 of 44", exclusions, len(seen))
	}
	if n := len(slices.Collect(all.All())); n != 44 {
		t.Errorf("All yields %d", n)
	}
	for range all.All() {
		break
	}
	var warned cookie.Reasons
	warned.Add(cookie.WarnThirdPartyPhaseout)
	if warned.Excluded() || !all.Excluded() || all.Exclusions().Has(cookie.WarnPortMismatch) ||
		!all.Exclusions().Has(cookie.ExcludeUnknownError) {
		t.Error("exclusions and warnings are mixed up")
	}
}

// FuzzParse checks that what is parsed can be written, and that what is written is parsed as the same cookie.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a=1", "=a", "a", ";",
		"a=1; Path=/; Domain=.Example.com; Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned; Priority=High",
		"a=1; Expires=Fri, 01 Jan 2027 00:00:00 GMT; Expires=x", "a=\x00; Path", "\tä = \"x\" ; max-age = -1;;",
		"__Host-a=1; Path=/; Secure",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p := cookie.Parse(line)
		n := 0
		for a := range p.Attributes() {
			n++
			if strings.Contains(a.Name+a.Value, ";") || a.Fate > cookie.Outranked {
				t.Errorf("%q: attribute %+v", line, a)
			}
		}
		if strings.Count(line, ";") < n {
			t.Errorf("%q: %d attributes", line, n)
		}
		now := time.Now().Truncate(time.Second)
		c := p.Cookie(now)
		b, err := c.Append(nil)
		if err != nil {
			return
		}
		again := cookie.Parse(string(b))
		d := again.Cookie(now)
		if d.Expires.Equal(c.Expires) {
			d.Expires = c.Expires // which may be in other zones
		}
		if d != c {
			t.Errorf("%q: parsed %+v, wrote %q, parsed %+v", line, c, b, d)
		}
		if again.Reasons.Excluded() {
			t.Errorf("%q: wrote %q, which is %v", line, b, again.Reasons)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	const line = "__Host-session=1.AbCdEfGhIjKlMnOpQrStUv.0123456789abcdefghijkl; Path=/; Domain=www.example.com; " +
		"Expires=Wed, 25 Nov 2026 21:02:13 GMT; Max-Age=3600; Secure; HttpOnly; SameSite=Lax; Partitioned"
	b.Run("coatcheck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cookie.Parse(line)
		}
	})
	b.Run("coatcheck-and-expiry", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p := cookie.Parse(line)
			p.Expiry(now)
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = http.ParseSetCookie(line)
		}
	})
}
