package jar_test

import (
	"fmt"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// clock is a clock that tests set.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

func newJar(p jar.Profile) (*jar.Jar, *clock) {
	c := &clock{vectorTime}
	return jar.New(jar.Options{Profile: p, Now: c.now}), c
}

func at(u string) *jar.Request     { return &jar.Request{URL: mustURL(u)} }
func script(u string) *jar.Request { return &jar.Request{URL: mustURL(u), Script: true} }

func set(t *testing.T, j *jar.Jar, r *jar.Request, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if why := j.Set(r, line); why.Excluded() {
			t.Errorf("set %.60q: %v", line, why)
		}
	}
}

func expect(t *testing.T, j *jar.Jar, r *jar.Request, want string) {
	t.Helper()
	if got := j.Header(r); got != want {
		t.Errorf("%s: %q, want %q", r.URL, got, want)
	}
}

func TestHosts(t *testing.T) {
	j, _ := newJar(jar.Spec)
	set(t, j, at("https://a.example.com/"), "host=1", "wide=1; Domain=example.com", "same=1; Domain=A.Example.com")
	expect(t, j, at("https://a.example.com/"), "host=1; wide=1; same=1")
	expect(t, j, at("https://A.EXAMPLE.com:8443/"), "host=1; wide=1; same=1")
	expect(t, j, at("https://b.a.example.com/"), "wide=1; same=1")
	expect(t, j, at("https://example.com/"), "wide=1")
	expect(t, j, at("https://xa.example.com/"), "wide=1")
	expect(t, j, at("https://xample.com/"), "")
	expect(t, j, at("https://a.example.com./"), "")

	set(t, j, at("https://bücher.example/"), "idn=1; Domain=xn--bcher-kva.example")
	expect(t, j, at("https://www.XN--bcher-kva.example/"), "idn=1")

	set(t, j, at("http://192.0.2.1:8080/"), "ip=1", "own=1; Domain=192.0.2.1")
	expect(t, j, at("http://192.0.2.1/"), "ip=1; own=1")
	expect(t, j, at("http://1.192.0.2.1/"), "")
	set(t, j, at("http://[2001:db8::1]:8080/"), "six=1")
	expect(t, j, at("http://[2001:db8::1]/"), "six=1")
}

func TestIdentityAndOrder(t *testing.T) {
	j, clock := newJar(jar.Spec)
	u := at("https://a.example.com/x/y")
	set(t, j, u, "a=1; Path=/")
	clock.advance(time.Second)
	set(t, j, u, "b=1; Path=/", "long=1; Path=/x/y", "a=2; Domain=a.example.com; Path=/", "a=3; Path=/x")
	expect(t, j, u, "long=1; a=3; a=1; b=1; a=2")
	clock.advance(time.Second)
	set(t, j, u, "a=new; Path=/")
	expect(t, j, u, "long=1; a=3; a=new; b=1; a=2")
	if n := len(j.All()); n != 5 {
		t.Errorf("%d cookies, want 5", n)
	}
}

func TestCreationTime(t *testing.T) {
	for _, tt := range []struct {
		profile     jar.Profile
		same, other string // what is sent after b was set and a set again, with the same and with another value
	}{
		{jar.Spec, "a=1; b=1", "a=2; b=1"},
		{jar.Chrome, "a=1; b=1", "b=1; a=2"},
	} {
		j, clock := newJar(tt.profile)
		u := at("https://example.com/")
		for _, line := range []string{"a=1", "b=1", "a=1"} {
			set(t, j, u, line)
			clock.advance(time.Second)
		}
		expect(t, j, u, tt.same)
		set(t, j, u, "a=2")
		expect(t, j, u, tt.other)
	}
}

func TestScriptsAndHTTPOnly(t *testing.T) {
	j, _ := newJar(jar.Spec)
	const u = "https://example.com/"
	set(t, j, at(u), "secret=1; HttpOnly", "open=1")
	expect(t, j, script(u), "open=1")
	for line, want := range map[string]cookie.Reason{
		"x=1; HttpOnly": cookie.ExcludeHTTPOnly, "secret=2": cookie.ExcludeOverwriteHTTPOnly,
		"secret=; Max-Age=0": cookie.ExcludeOverwriteHTTPOnly,
	} {
		if why := j.Set(script(u), line); why.Exclusions() != reasons(want) {
			t.Errorf("%q: %v, want %v", line, why, want)
		}
	}
	set(t, j, script(u), "open=2")
	expect(t, j, at(u), "secret=1; open=2")
}

func reasons(list ...cookie.Reason) (s cookie.Reasons) {
	for _, r := range list {
		s.Add(r)
	}
	return s
}

func TestExpiredCookieDoesNotProtect(t *testing.T) {
	j, clock := newJar(jar.Spec)
	set(t, j, at("https://example.com/"), "a=1; Secure; HttpOnly; Max-Age=10")
	if why := j.Set(at("http://example.com/"), "a=2"); !why.Has(cookie.ExcludeOverwriteSecure) {
		t.Errorf("overlay: %v", why)
	}
	clock.advance(10 * time.Second)
	set(t, j, &jar.Request{URL: mustURL("http://example.com/"), Script: true}, "a=2")
	expect(t, j, at("http://example.com/"), "a=2")
}

// TestOverlayByHosts: in the standard a cookie of a host overlays a Secure one of any host below, and above. Firefox
// asks whether one of them is for the host of the other (seen with Firefox 153).
func TestOverlayByHosts(t *testing.T) {
	const host, domain = "", "; Domain=example.com"
	for _, tt := range []struct {
		secureAt, secure, thenAt, then string
		firefoxKeeps                   bool
	}{
		{"a.example.com", host, "example.com", host, true},
		{"example.com", host, "a.example.com", host, true},
		{"a.example.com", host, "example.com", domain, false},
		{"example.com", domain, "a.example.com", host, false},
		{"example.com", host, "example.com", domain, false},
		{"example.com", domain, "example.com", host, false},
	} {
		for profile, want := range map[jar.Profile]bool{jar.Chrome: false, jar.Firefox: tt.firefoxKeeps} {
			j, _ := newJar(profile)
			set(t, j, at("https://"+tt.secureAt+"/"), "a=1; Secure"+tt.secure)
			why := j.Set(at("http://"+tt.thenAt+"/"), "a=2"+tt.then)
			if got := !why.Has(cookie.ExcludeOverwriteSecure); got != want {
				t.Errorf("%v: %s%s after %s%s: kept is %t", profile, tt.thenAt, tt.then, tt.secureAt, tt.secure, got)
			}
		}
	}
}

// TestWebKitGTKSetsAcrossSites: libsoup looks at SameSite where it sends cookies, and not where it sets them (seen
// with WebKitGTK 2.50).
func TestWebKitGTKSetsAcrossSites(t *testing.T) {
	j, _ := newJar(jar.WebKitGTK)
	frame := &jar.Request{URL: mustURL("https://example.com/"), Kind: jar.FrameNavigation,
		TopLevel: mustURL("https://other.example/")}
	set(t, j, frame, "strict=1; SameSite=Strict", "lax=1; SameSite=Lax", "unset=1")
	expect(t, j, frame, "unset=1")
	expect(t, j, at("https://example.com/"), "strict=1; lax=1; unset=1")
	frame.Script = true
	set(t, j, frame, "lax=2; SameSite=Lax")
	expect(t, j, at("https://example.com/"), "strict=1; lax=2; unset=1")
}

// TestWebKitGTKSites: a host below that of a page is of its site, even if the page's host is a public suffix, and not
// the other way round; http and https are one site, but a navigation that was redirected from one to the other is from
// elsewhere (seen with WebKitGTK 2.50).
func TestWebKitGTKSites(t *testing.T) {
	j, _ := newJar(jar.WebKitGTK)
	for _, host := range []string{"https://me.github.io/", "https://localhost/", "https://sub.localhost/"} {
		set(t, j, at(host), "strict=1; SameSite=Strict")
	}
	in := func(page, frame string) *jar.Request {
		return &jar.Request{URL: mustURL(frame), Kind: jar.FrameNavigation, TopLevel: mustURL(page),
			Initiator: mustURL(page)}
	}
	expect(t, j, in("https://github.io/", "https://me.github.io/"), "strict=1")
	expect(t, j, in("http://localhost/", "https://sub.localhost/"), "strict=1")
	expect(t, j, in("https://sub.localhost/", "https://localhost/"), "")
	expect(t, j, in("http://localhost/", "https://localhost/"), "strict=1")
	expect(t, j, &jar.Request{URL: mustURL("https://localhost/"), Kind: jar.Navigation,
		Redirects: []*url.URL{mustURL("http://localhost/")}}, "")
}

// TestWebKitGTKDomainCase: a Domain is compared with case from hosts below it, and from the host itself without (seen
// with WebKitGTK 2.50).
func TestWebKitGTKDomainCase(t *testing.T) {
	j, _ := newJar(jar.WebKitGTK)
	set(t, j, at("https://example.com/"), "own=1; Domain=Example.com")
	if why := j.Set(at("https://www.example.com/"), "below=1; Domain=Example.com"); !why.Excluded() {
		t.Errorf("from a host below: %v", why)
	}
	set(t, j, at("https://www.example.com/"), "low=1; Domain=example.com")
	expect(t, j, at("https://www.example.com/"), "own=1; low=1")
}

// TestWebKitGTKRedirects: what has been at another site on the way is from there. But parts of a page get the cookies
// that are for its host, and so a frame of another site in between does not count (seen with WebKitGTK 2.50).
func TestWebKitGTKRedirects(t *testing.T) {
	j, _ := newJar(jar.WebKitGTK)
	set(t, j, at("https://example.com/"), "strict=1; SameSite=Strict", "lax=1; SameSite=Lax", "unset=1")
	page := mustURL("https://example.com/page")
	away := []*url.URL{mustURL("https://example.com/a"), mustURL("https://other.example/b")}
	for _, tt := range []struct {
		r    jar.Request
		want string
	}{
		{jar.Request{Kind: jar.Navigation, Initiator: page}, "lax=1; unset=1"},
		{jar.Request{Kind: jar.Navigation}, "lax=1; unset=1"}, // the visitor typed it in
		{jar.Request{Kind: jar.Navigation, Initiator: page, Method: "POST"}, "unset=1"},
		{jar.Request{Kind: jar.Subresource, Initiator: page, TopLevel: page}, "strict=1; lax=1; unset=1"},
		{jar.Request{Kind: jar.FrameNavigation, Initiator: page, TopLevel: page}, "strict=1; lax=1; unset=1"},
	} {
		tt.r.URL, tt.r.Redirects = mustURL("https://example.com/"), away
		expect(t, j, &tt.r, tt.want)
	}
	below := mustURL("https://www.example.com/")
	expect(t, j, &jar.Request{URL: page, TopLevel: below, Initiator: below, Redirects: away}, "unset=1")
	between := mustURL("https://other.example/")
	expect(t, j, &jar.Request{URL: page, TopLevel: page, Ancestors: []*url.URL{between}, Initiator: between},
		"strict=1; lax=1; unset=1")
}

func TestLifetimes(t *testing.T) {
	var changes []string
	c := &clock{vectorTime}
	j := jar.New(jar.Options{Now: c.now, OnChange: func(c jar.Change) {
		changes = append(changes, c.Cause.String()+" "+c.Cookie.Name+"="+c.Cookie.Value)
	}})
	u := at("https://example.com/")
	set(t, j, u, "session=1", "short=1; Max-Age=10", "long=1; Max-Age=999999999", "gone=1")
	set(t, j, u, "gone=2", "gone=3; Max-Age=0", "never=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
	expect(t, j, u, "session=1; short=1; long=1")
	c.advance(10 * time.Second)
	expect(t, j, u, "session=1; long=1")
	if n := j.Sweep(); n != 1 {
		t.Errorf("swept %d", n)
	}
	if n := j.EndSession(); n != 1 {
		t.Errorf("%d session cookies", n)
	}
	all := j.All()
	if len(all) != 1 || all[0].Session() || all[0].Expires != vectorTime.Add(cookie.MaxLifetime) ||
		all[0].Created != vectorTime {
		t.Errorf("left: %+v", all)
	}
	c.t = vectorTime.Add(cookie.MaxLifetime)
	if got := j.Get(u); got != nil {
		t.Errorf("after 400 days: %v", got)
	}
	want := []string{
		"added session=1", "added short=1", "added long=1", "added gone=1", "replaced gone=2", "deleted gone=2",
		"expired short=1", "removed session=1",
	}
	if !slices.Equal(changes, want) {
		t.Errorf("changes %q\nwant    %q", changes, want)
	}
}

func TestRemove(t *testing.T) {
	j, _ := newJar(jar.Spec)
	set(t, j, at("https://a.example/"), "a=1", "b=1")
	set(t, j, at("https://b.example/"), "a=2")
	if n := j.Remove(func(c jar.Cookie) bool { return c.Name == "a" }); n != 2 {
		t.Errorf("removed %d", n)
	}
	expect(t, j, at("https://a.example/"), "b=1")
	expect(t, j, at("https://b.example/"), "")
}

func TestLastAccess(t *testing.T) {
	j, clock := newJar(jar.Spec)
	u := at("https://example.com/")
	set(t, j, u, "a=1; Path=/", "b=1; Path=/other")
	clock.advance(2 * time.Minute)
	j.Get(u)
	for _, c := range j.All() {
		want := vectorTime
		if c.Name == "a" {
			want = clock.t
		}
		if !c.LastAccess.Equal(want) {
			t.Errorf("%s was last used at %v, want %v", c.Name, c.LastAccess, want)
		}
	}
}

func TestPartitions(t *testing.T) {
	j, _ := newJar(jar.Spec)
	embed := func(top string, ancestors ...string) *jar.Request {
		r := &jar.Request{URL: mustURL("https://widget.example/"), TopLevel: mustURL(top)}
		for _, a := range ancestors {
			r.Ancestors = append(r.Ancestors, mustURL(a))
		}
		return r
	}
	inA, inB := embed("https://www.a.example/"), embed("https://b.example/")
	own, nested := embed("https://widget.example/"), embed("https://widget.example/", "https://a.example/")
	for i, r := range []*jar.Request{inA, inB, own, nested} {
		set(t, j, r, fmt.Sprintf("p=%d; Secure; SameSite=None; Partitioned", i))
	}
	set(t, j, inA, "plain=1; Secure; SameSite=None")
	for i, r := range []*jar.Request{embed("https://a.example/x"), inB, own, nested} {
		expect(t, j, r, fmt.Sprintf("p=%d; plain=1", i))
	}
	expect(t, j, embed("http://a.example/"), "plain=1")
	expect(t, j, at("https://widget.example/"), "p=2; plain=1")
	nav := &jar.Request{URL: inA.URL, TopLevel: inA.TopLevel, Initiator: inA.TopLevel, Kind: jar.Navigation}
	expect(t, j, nav, "p=2; plain=1")
	if why := j.Set(inA, "q=1; SameSite=None; Secure"); why.Excluded() {
		t.Error(why)
	}
	if why := j.Set(at("http://widget.example/"),
		"q=1; Partitioned; Secure"); !why.Has(cookie.ExcludeInvalidPartitioned) {
		t.Error(why)
	}
	if n := j.Remove(func(c jar.Cookie) bool { return c.Partition.TopLevelSite == "https://a.example" }); n != 1 {
		t.Errorf("removed %d of one partition", n)
	}
	expect(t, j, inA, "plain=1; q=1")
}

// TestPartitionSlack checks Firefox's way: over the hard limit, down to the soft one.
func TestPartitionSlack(t *testing.T) {
	j, clock := newJar(jar.Firefox)
	r := &jar.Request{URL: mustURL("https://widget.example/"), TopLevel: mustURL("https://a.example/")}
	for i := range 48 {
		clock.advance(time.Second)
		set(t, j, r, fmt.Sprintf("%02d%s=; Secure; SameSite=None; Partitioned", i, strings.Repeat("x", 254)))
	}
	if n := len(j.All()); n != 48 {
		t.Errorf("%d cookies of 256 bytes in 12,288 bytes", n)
	}
	clock.advance(time.Second)
	set(t, j, r, "last="+strings.Repeat("x", 252)+"; Secure; SameSite=None; Partitioned")
	if all := j.All(); len(all) != 40 || all[39].Name != "last" {
		t.Errorf("%d cookies left, want 40", len(all))
	}
}

func TestHostileServers(t *testing.T) {
	j, _ := newJar(jar.Spec)
	limit := j.Limits()
	n := 100_000
	if os.Getenv("COATCHECK_TORTURE") != "" {
		n = 1_000_000
	}
	u := at("https://www.evil.example/")
	for i := range 10 * limit.Site {
		j.Set(u, fmt.Sprintf("a%d=1", i))
	}
	before := heap()
	for i := range n {
		j.Set(u, fmt.Sprintf("n%d=1", i))
	}
	if got := len(j.All()); got > limit.Site {
		t.Errorf("%d cookies of one host", got)
	}
	for i := range n / 10 {
		j.Set(at(fmt.Sprintf("https://h%d.evil.example/", i)), "a=1; Domain=evil.example")
		j.Set(at(fmt.Sprintf("https://h%d.evil.example/", i)), "a=1")
	}
	if got := len(j.All()); got > limit.Site {
		t.Errorf("%d cookies of one site", got)
	}
	for i := range n / 100 {
		r := &jar.Request{URL: mustURL(fmt.Sprintf("https://h%d.evil.example/", i)),
			TopLevel: mustURL("https://top.example/")}
		j.Set(r, "a="+strings.Repeat("x", 100)+"; Partitioned; Secure; SameSite=None")
	}
	if got := len(j.All()); got > limit.Site+limit.PartitionCookies {
		t.Errorf("%d cookies of one site and one partition", got)
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("the jar has grown by %d bytes", grown)
	}
	runtime.KeepAlive(j)
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the second one frees what the first one found
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestBytes(t *testing.T) {
	c := &clock{vectorTime}
	j := jar.New(jar.Options{Now: c.now, Limits: jar.Limits{Bytes: 100_000}})
	line := "a=" + strings.Repeat("x", 4000)
	var first, last *jar.Request
	for i := range 1000 {
		c.advance(time.Second)
		last = at(fmt.Sprintf("https://h%d.example/", i))
		if first == nil {
			first = last
		}
		set(t, j, last, line)
		r := &jar.Request{URL: last.URL, TopLevel: mustURL(fmt.Sprintf("https://t%d.example/", i))}
		set(t, j, r, line+"; Secure; SameSite=None; Partitioned")
	}
	total := 0
	for _, c := range j.All() {
		total += len(c.Name) + len(c.Value)
	}
	if total > 100_000 || total < 50_000 || j.Header(last) == "" || j.Header(first) != "" {
		t.Errorf("%d bytes in the jar", total)
	}
}

func TestLongLinesAreNotRead(t *testing.T) {
	j, _ := newJar(jar.Spec)
	u := at("https://example.com/")
	line := "a=1; " + strings.Repeat("x", 10<<20)
	var why cookie.Reasons
	allocated := testing.AllocsPerRun(1, func() { why = j.Set(u, line) })
	if !why.Has(cookie.ExcludeFailureToStore) || len(j.All()) != 0 || allocated > 2 {
		t.Errorf("%v, %v allocations", why, allocated)
	}
	runtime.KeepAlive(line)
}

func TestLongHostsHaveNoCookies(t *testing.T) {
	j, _ := newJar(jar.Spec)
	u := at("https://" + strings.Repeat("a.", 100_000) + "example.com/")
	if why := j.Set(u, "a=1"); !why.Has(cookie.ExcludeInvalidDomain) {
		t.Error(why)
	}
	set(t, j, at("https://example.com/"), "a=1; Domain=example.com")
	expect(t, j, u, "")
}

func TestConcurrentUse(t *testing.T) {
	c := vectorTime
	j := jar.New(jar.Options{Profile: jar.Chrome, Now: func() time.Time { return c },
		Limits: jar.Limits{Site: 5, SitePurge: 2, Bytes: 20_000}})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				u := at(fmt.Sprintf("https://h%d.example/", (g+i)%5))
				j.Set(u, fmt.Sprintf("n%d=%d; Max-Age=%d", i%10, g, i%3))
				j.Header(u)
				j.Cookies(u.URL)
				switch i % 50 {
				case 0:
					j.All()
				case 1:
					j.Sweep()
				case 2:
					j.Remove(func(c jar.Cookie) bool { return c.Name == "n3" })
				}
			}
		})
	}
	wg.Wait()
	perHost := map[string]int{}
	for _, c := range j.All() {
		perHost[c.Domain]++
	}
	for host, n := range perHost {
		if n > 5 {
			t.Errorf("%s has %d cookies", host, n)
		}
	}
}

// TestIndex holds what the jar counts to what it has, through many random changes.
func TestIndex(t *testing.T) {
	c := &clock{vectorTime}
	j := jar.New(jar.Options{Profile: jar.Chrome, Now: c.now, Limits: jar.Limits{
		Site: 6, SitePurge: 2, Total: 40, TotalPurge: 10, PartitionCookies: 3, PartitionBytes: 40, Bytes: 40_000,
	}})
	for i := range 20_000 {
		k := i * 7919
		r := &jar.Request{URL: mustURL(fmt.Sprintf("https://h%d.s%d.example/", k%3, k%17))}
		line := fmt.Sprintf("n%d=%d; Path=/%s; Max-Age=%d", k%11, k%13, []string{"", "x", "x/y"}[k%3], k%40-2)
		if k%5 == 0 {
			r.TopLevel = mustURL(fmt.Sprintf("https://t%d.example/", k%4))
			line += "; Secure; SameSite=None; Partitioned"
		}
		j.Set(r, line)
		c.advance(time.Duration(k%3) * time.Second)
		if i%1000 == 0 {
			if err := j.CheckIndex(); err != nil {
				t.Fatalf("after %d: %v", i, err)
			}
		}
	}
	j.Remove(func(jar.Cookie) bool { return true })
	if err := j.CheckIndex(); err != nil || len(j.All()) != 0 {
		t.Errorf("emptied: %v", err)
	}
}
