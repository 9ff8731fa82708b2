package jar_test

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

var profiles = []jar.Profile{jar.Spec, jar.Chrome, jar.Firefox, jar.Safari}

// verdict is how the exclusions read in tables: "" is kept.
func verdict(p jar.Profile, r *jar.Request, line string) string {
	parsed := cookie.Parse(line)
	_, why := p.Decide(&parsed, r, vectorTime)
	return why.Exclusions().String()
}

func TestDecide(t *testing.T) {
	cross := func(kind jar.Kind, method string) *jar.Request {
		return &jar.Request{URL: mustURL("https://example.com/"), TopLevel: mustURL("https://other.example/"),
			Initiator: mustURL("https://other.example/"), Kind: kind, Method: method}
	}
	const secure, plain = "https://www.example.com/a/b", "http://www.example.com/a/b"
	for _, tt := range []struct {
		why  string
		r    *jar.Request
		line string
		want string
	}{
		{"plain", at(plain), "a=1", ""},
		{"no cookies over ftp", at("ftp://example.com/"), "a=1", "EXCLUDE_NONCOOKIEABLE_SCHEME"},
		{"ws is http", at("ws://example.com/"), "a=1", ""},
		{"wss is https", at("wss://example.com/"), "a=1; Secure", ""},
		{"another site", at(plain), "a=1; Domain=example.org", "EXCLUDE_INVALID_DOMAIN"},
		{"a sibling", at(plain), "a=1; Domain=x.example.com", "EXCLUDE_INVALID_DOMAIN"},
		{"below", at(plain), "a=1; Domain=x.www.example.com", "EXCLUDE_INVALID_DOMAIN"},
		{"a public suffix", at(plain), "a=1; Domain=com", "EXCLUDE_INVALID_DOMAIN"},
		{"a private suffix", at("https://me.github.io/"), "a=1; Domain=github.io", "EXCLUDE_INVALID_DOMAIN"},
		{"the host is a public suffix", at("https://github.io/"), "a=1; Domain=github.io", ""},
		{"a lone dot", at(plain), "a=1; Domain=.", "EXCLUDE_INVALID_DOMAIN"},
		{"beyond ASCII", at("https://bücher.example/"), "a=1; Domain=bücher.example",
			"EXCLUDE_DOMAIN_NON_ASCII EXCLUDE_INVALID_DOMAIN"},
		{"part of an address", at("http://192.0.2.1/"), "a=1; Domain=0.2.1", "EXCLUDE_INVALID_DOMAIN"},
		{"an address in brackets", at("http://[::1]/"), "a=1; Domain=[::1]", ""},
		{"an address without its brackets", at("http://[::1]/"), "a=1; Domain=::1", "EXCLUDE_INVALID_DOMAIN"},
		{"an address with brackets too many", at("http://192.0.2.1/"), "a=1; Domain=[192.0.2.1]",
			"EXCLUDE_INVALID_DOMAIN"},
		{"__Host- of an address in brackets", at("https://[2001:db8::1]/"),
			"__Host-a=1; Secure; Path=/; Domain=[2001:db8::1]", ""},
		{"empty labels", at("http://example.com../"), "a=1", "EXCLUDE_INVALID_DOMAIN"},
		{"Secure over http", at(plain), "a=1; Secure", "EXCLUDE_SECURE_ONLY"},
		{"HttpOnly by a script", script(plain), "a=1; HttpOnly", "EXCLUDE_HTTP_ONLY"},
		{"None without Secure", at(secure), "a=1; SameSite=None", "EXCLUDE_SAMESITE_NONE_INSECURE"},
		{"Partitioned without Secure", at(secure), "a=1; Partitioned; SameSite=Lax", "EXCLUDE_INVALID_PARTITIONED"},
		{"__Host- needs Path", at(secure), "__Host-a=1; Secure", "EXCLUDE_INVALID_PREFIX"},
		{"__Host- needs Path=/", at(secure), "__Host-a=1; Secure; Path=/a", "EXCLUDE_INVALID_PREFIX"},
		{"__Host- allows no Domain", at(secure), "__Host-a=1; Secure; Path=/; Domain=www.example.com",
			"EXCLUDE_INVALID_PREFIX"},
		{"__Host- of an address", at("https://192.0.2.1/"), "__Host-a=1; Secure; Path=/; Domain=192.0.2.1", ""},
		{"__Host-", at(secure), "__Host-a=1; Secure; Path=/", ""},
		{"__Secure- over http", at(plain), "__Secure-a=1; Secure", "EXCLUDE_INVALID_PREFIX EXCLUDE_SECURE_ONLY"},
		{"a hidden prefix", at(secure), "=__Secure-a; Secure", "EXCLUDE_INVALID_PREFIX"},
		{"subresource of another site", cross(jar.Subresource, ""), "a=1; SameSite=Strict", "EXCLUDE_SAMESITE_STRICT"},
		{"the same, Lax", cross(jar.Subresource, ""), "a=1; SameSite=Lax", "EXCLUDE_SAMESITE_LAX"},
		{"the same, None", cross(jar.Subresource, ""), "a=1; SameSite=None; Secure", ""},
		{"frame of another site", cross(jar.FrameNavigation, ""), "a=1; SameSite=Lax", "EXCLUDE_SAMESITE_LAX"},
		{"navigation from another site", cross(jar.Navigation, ""), "a=1; SameSite=Strict", ""},
		{"navigation by POST", cross(jar.Navigation, "POST"), "a=1; SameSite=Strict", ""},
		{"two faults, in order", at(plain), "__Host-a=1; Domain=com; Secure",
			"EXCLUDE_INVALID_DOMAIN EXCLUDE_INVALID_PREFIX EXCLUDE_SECURE_ONLY"},
		{"what the parser found", at(plain), "a=\x01", "EXCLUDE_DISALLOWED_CHARACTER"},
	} {
		for _, p := range profiles {
			want := tt.want
			if p == jar.Firefox && tt.why == "a hidden prefix" {
				want = "EXCLUDE_DISALLOWED_CHARACTER" // it takes no line that begins with '='
			}
			if got := verdict(p, tt.r, tt.line); got != want {
				t.Errorf("%v: %s: %s, want %s", p, tt.why, got, want)
			}
		}
	}
}

// TestProfiles has a line for every documented difference, as what Spec, Chrome, Firefox and Safari make of it.
func TestProfiles(t *testing.T) {
	const kept = ""
	cross := &jar.Request{URL: mustURL("https://example.com/"), TopLevel: mustURL("https://other.example/")}
	for _, tt := range []struct {
		why  string
		r    *jar.Request
		line string
		want [4]string
	}{
		{"Secure on this machine", at("http://localhost:8080/"), "a=1; Secure",
			[4]string{kept, kept, kept, "EXCLUDE_SECURE_ONLY"}},
		{"Secure on 127.0.0.1", at("http://127.0.0.1/"), "a=1; Secure",
			[4]string{kept, kept, kept, "EXCLUDE_SECURE_ONLY"}},
		{"__Host- on this machine", at("http://localhost/"), "__Host-a=1; Secure; Path=/",
			[4]string{kept, kept, kept, "EXCLUDE_INVALID_PREFIX EXCLUDE_SECURE_ONLY"}},
		{"prefixes by case", at("https://example.com/"), "__HOST-a=1",
			[4]string{"EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", kept}},
		{"__Http-", at("https://example.com/"), "__Http-a=1",
			[4]string{"EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", kept}},
		{"__Host-Http- is __Host-", at("https://example.com/"), "__Host-Http-a=1",
			[4]string{"EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX",
				"EXCLUDE_INVALID_PREFIX"}},
		{"__Host-Http- without HttpOnly", at("https://example.com/"), "__Host-Http-a=1; Secure; Path=/",
			[4]string{"EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", kept}},
		{"__Host- of an address with a dot", at("https://192.0.2.1/"), "__Host-a=1; Secure; Path=/; Domain=.192.0.2.1",
			[4]string{"EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", kept, "EXCLUDE_INVALID_PREFIX"}},
		{"__Host- with the default path", at("https://example.com/"), "__Host-a=1; Secure",
			[4]string{"EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", kept, "EXCLUDE_INVALID_PREFIX"}},
		{"__Host- with another path", at("https://example.com/a/b"), "__Host-a=1; Secure",
			[4]string{"EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX", "EXCLUDE_INVALID_PREFIX",
				"EXCLUDE_INVALID_PREFIX"}},
		{"a tab inside", at("https://example.com/"), "a=1\t2",
			[4]string{kept, "EXCLUDE_DISALLOWED_CHARACTER", kept, kept}},
		{"= in a nameless cookie", at("https://example.com/"), "=a=1",
			[4]string{kept, "EXCLUDE_DISALLOWED_CHARACTER", "EXCLUDE_DISALLOWED_CHARACTER", kept}},
		{"a value behind =", at("https://example.com/"), "=a",
			[4]string{kept, kept, "EXCLUDE_DISALLOWED_CHARACTER", kept}},
		{"a path beyond ASCII", at("https://example.com/"), "a=1; Path=/ä",
			[4]string{"EXCLUDE_FAILURE_TO_STORE", kept, kept, "EXCLUDE_FAILURE_TO_STORE"}},
		{"such a path that lost", at("https://example.com/"), "a=1; Path=/ä; Path=/",
			[4]string{kept, kept, kept, kept}},
		{"no SameSite", cross, "a=1", [4]string{"EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX",
			"EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX", kept, "EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX"}},
		{"Partitioned without None", at("https://example.com/"), "a=1; Partitioned; Secure",
			[4]string{kept, kept, kept, "EXCLUDE_INVALID_PARTITIONED"}},
	} {
		for i, p := range profiles {
			if got := verdict(p, tt.r, tt.line); got != tt.want[i] {
				t.Errorf("%s: %v: %q, want %q", tt.why, p, got, tt.want[i])
			}
		}
	}
}

func TestRedirectsByProfile(t *testing.T) {
	r := &jar.Request{URL: mustURL("https://example.com/"), Redirects: []*url.URL{mustURL("https://other.example/")}}
	c := jar.Cookie{Name: "a", Domain: "example.com", HostOnly: true, Path: "/", SameSite: cookie.SameSiteStrict,
		Created: vectorTime}
	for i, want := range []bool{true, false, true, true} {
		why := profiles[i].Include(&c, r, vectorTime)
		if why.Has(cookie.ExcludeSameSiteStrict) != want ||
			!why.Has(cookie.WarnCrossSiteRedirectDowngradeChangesInclusion) {
			t.Errorf("%v: %v", profiles[i], why)
		}
	}
}

func TestDecideStores(t *testing.T) {
	p := cookie.Parse("a=1; Domain=.Example.com; Max-Age=60; Secure; HttpOnly; SameSite=Strict; Priority=High; " +
		"Partitioned")
	got, why := jar.Chrome.Decide(&p, &jar.Request{URL: mustURL("https://www.example.com/a/b/c"), Method: "POST"},
		vectorTime)
	want := jar.Cookie{
		Name: "a", Value: "1", Domain: "example.com", Path: "/a/b", Expires: vectorTime.Add(time.Minute), Secure: true,
		HttpOnly: true,
		SameSite: cookie.SameSiteStrict, Priority: cookie.PriorityHigh,
		Partition: jar.Partition{TopLevelSite: "https://example.com"},
		Created:   vectorTime, LastAccess: vectorTime,
	}
	if got != want || why != 0 {
		t.Errorf("got  %+v, %v\nwant %+v", got, why, want)
	}
}

func TestDefaultPath(t *testing.T) {
	for path, want := range map[string]string{"": "/", "/": "/", "/a": "/", "/a/": "/a", "/a/b": "/a",
		"/a%2Fb/c": "/a%2Fb", "/a%20b/c": "/a%20b"} {
		p := cookie.Parse("a=1; Path=x")
		if got, _ := jar.Spec.Decide(&p, at("https://example.com"+path), vectorTime); got.Path != want {
			t.Errorf("%q: %q, want %q", path, got.Path, want)
		}
	}
}

func TestInclude(t *testing.T) {
	base := jar.Cookie{Name: "a", Domain: "example.com", Path: "/x", Secure: true, HttpOnly: true, Created: vectorTime}
	top := mustURL("https://top.example/")
	for _, tt := range []struct {
		why  string
		r    jar.Request
		want string
	}{
		{"all matches", jar.Request{URL: mustURL("https://www.example.com/x/y")}, ""},
		{"another host", jar.Request{URL: mustURL("https://example.org/x")}, "EXCLUDE_DOMAIN_MISMATCH"},
		{"another path", jar.Request{URL: mustURL("https://example.com/xy")}, "EXCLUDE_NOT_ON_PATH"},
		{"paths have case", jar.Request{URL: mustURL("https://example.com/X")}, "EXCLUDE_NOT_ON_PATH"},
		{"not secure", jar.Request{URL: mustURL("http://example.com/x")}, "EXCLUDE_SECURE_ONLY"},
		{"by a script", jar.Request{URL: mustURL("https://example.com/x"), Script: true}, "EXCLUDE_HTTP_ONLY"},
		{"embedded", jar.Request{URL: mustURL("https://example.com/x"), TopLevel: top},
			"EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX WARN_SAMESITE_UNSPECIFIED_CROSS_SITE_CONTEXT"},
		{"an ancestor of another site", jar.Request{URL: mustURL("https://example.com/x"),
			TopLevel: mustURL("https://example.com/"), Ancestors: []*url.URL{top}},
			"EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX WARN_SAMESITE_UNSPECIFIED_CROSS_SITE_CONTEXT"},
		{"linked", jar.Request{URL: mustURL("https://example.com/x"), Initiator: top, Kind: jar.Navigation}, ""},
		{"posted", jar.Request{URL: mustURL("https://example.com/x"), Initiator: top, Kind: jar.Navigation,
			Method: "POST"}, "WARN_SAMESITE_UNSPECIFIED_LAX_ALLOW_UNSAFE"},
		{"by another scheme", jar.Request{URL: mustURL("https://example.com/x"),
			TopLevel: mustURL("http://example.com/")},
			"EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX WARN_SAMESITE_UNSPECIFIED_CROSS_SITE_CONTEXT " +
				"WARN_STRICT_CROSS_DOWNGRADE_LAX_SAMESITE"},
		{"no scheme for cookies", jar.Request{URL: mustURL("file://example.com/x")},
			"EXCLUDE_NONCOOKIEABLE_SCHEME EXCLUDE_SECURE_ONLY"},
	} {
		if got := jar.Chrome.Include(&base, &tt.r, vectorTime.Add(time.Minute)).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.why, got, tt.want)
		}
	}
}

// TestLaxAllowUnsafe: a cookie without SameSite goes with a POST from elsewhere for two minutes, in Chrome alone.
func TestLaxAllowUnsafe(t *testing.T) {
	post := &jar.Request{URL: mustURL("https://example.com/"), Initiator: mustURL("https://other.example/"),
		Kind: jar.Navigation, Method: "POST"}
	for i, want := range [][2]string{{"", ""}, {"a=1", ""}, {"a=1", "a=1"}, {"", ""}} {
		j, clock := newJar(profiles[i])
		set(t, j, at("https://example.com/"), "a=1")
		clock.advance(2 * time.Minute)
		expect(t, j, post, want[0])
		clock.advance(time.Second)
		expect(t, j, post, want[1])
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		r    *jar.Request
		line string
		want cookie.Reason
	}{
		{at("http://localhost/"), "a=1; Secure", cookie.WarnSecureAccessGrantedNonCryptographic},
		{at("http://localhost/"), "a=1; Secure", cookie.WarnTentativelyAllowingSecureSourceScheme},
		{at("https://example.com/"), "a=1; SameSite=None", cookie.WarnSameSiteNoneInsecure},
		{&jar.Request{URL: mustURL("https://example.com/"), TopLevel: mustURL("https://b.example/")}, "a=1",
			cookie.WarnSameSiteUnspecifiedCrossSiteContext},
		{&jar.Request{URL: mustURL("https://example.com/"), TopLevel: mustURL("http://example.com/")},
			"a=1; SameSite=Lax", cookie.WarnLaxCrossDowngradeLaxSameSite},
		{&jar.Request{URL: mustURL("https://example.com/"), TopLevel: mustURL("http://example.com/")},
			"a=1; SameSite=Strict", cookie.WarnLaxCrossDowngradeStrictSameSite},
	} {
		p := cookie.Parse(tt.line)
		if _, why := jar.Chrome.Decide(&p, tt.r, vectorTime); !slices.Contains(slices.Collect(why.All()), tt.want) {
			t.Errorf("%s %q: %v, want %v", tt.r.URL, tt.line, why, tt.want)
		}
	}
}

// A page that is no site has no partition for the cookies that others set in it. What were kept under none could not be
// loaded again.
func TestAPageThatIsNoSiteHasNoPartition(t *testing.T) {
	for top, kept := range map[string]bool{
		"https://other.example/": true, "about:blank": false, "data:text/html,x": false, "other.example": false,
	} {
		j, _ := newJar(jar.Firefox)
		why := j.Set(&jar.Request{URL: mustURL("https://example.com/"), TopLevel: mustURL(top)},
			"a=1; Secure; SameSite=None")
		if why.Excluded() == kept || !kept && !why.Has(cookie.ExcludeInvalidPartitioned) {
			t.Errorf("in %s: %v", top, why)
		}
	}
}
