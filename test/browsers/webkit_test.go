package browsers

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/test/internal/webkit"
)

// gtk is a WebKitGTK. It tells only the cookies that the page has, and forgets only those of the page's host.
type gtk struct {
	*webkit.Browser
	site   *site
	used   map[string]bool // hosts that may have cookies
	posted *bool           // a form has led to the page
}

// posted marks the URL of a page to which a form has led.
const posted = "posted"

// clear visits all hosts that may have cookies.
func (g gtk) clear(steps []step) {
	for _, host := range slices.Sorted(maps.Keys(g.used)) {
		g.Navigate(g.site.agree("http://"+host+"/", "clear", answer{}))
		g.site.take("clear")
		g.ClearCookies()
	}
	clear(g.used)
	for _, s := range steps {
		for _, u := range append([]string{s.url, s.top, s.middle}, s.redirects...) {
			if u == "" {
				continue
			}
			host := mustParse(u).Host
			g.used[host] = true
			for _, parent := range []string{"site.example", "www.site.example", "shop.co.uk", "www.shop.co.uk"} {
				if strings.HasSuffix(host, "."+parent) {
					g.used[parent] = true // a Domain may reach it
				}
			}
		}
	}
}

func (g gtk) reloadsRepeatInitiator() bool { return false }
func (g gtk) refresh()                     {}

func (g gtk) navigate(url string) {
	*g.posted = false
	g.Navigate(url)
}

func (g gtk) leave(script string) {
	*g.posted = strings.Contains(script, ".submit()")
	g.Leave(script)
}

// hides reports whether the driver may hide a cookie of the page: Strict ones when another site has led there, and Lax
// ones when that was by a form.
func hides(sameSite string, posted bool) bool {
	return sameSite == cookie.SameSiteStrict.String() || sameSite == cookie.SameSiteLax.String() && posted
}

func (g gtk) fetch(url string) {
	g.Eval("window.got = ''; fetch(" + url + ", {mode: 'no-cors', credentials: 'include'}).finally(() => got = 'yes')")
	for g.Eval("return got") != "yes" {
		time.Sleep(2 * time.Millisecond)
	}
}

func (g gtk) stored() (list []string, url string) {
	for _, c := range g.Cookies() {
		if hides(c.SameSite, *g.posted) {
			continue
		}
		expires := time.Time{}
		if c.Expiry != nil {
			seconds := *c.Expiry
			if seconds < 0 {
				seconds += 1 << 32 // the driver has 32 bits for it
			}
			expires = time.Unix(seconds, 0)
		}
		// libsoup shows the Domain as it was written, and compares it without case.
		domain := strings.ToLower(c.Domain)
		list = append(list, describe(c.Name, c.Value, domain, c.Path, expires, c.Secure, c.HTTPOnly, c.SameSite, ""))
	}
	if *g.posted {
		return list, g.URL() + "#" + posted
	}
	return list, g.URL()
}

func (g gtk) ofJar(j *jar.Jar, page string) []string {
	u, err := url.Parse(page)
	if err != nil {
		panic(err) // the browser has it from here
	}
	cookies := j.Get(&jar.Request{URL: u, Kind: jar.Navigation})
	cookies = slices.DeleteFunc(cookies, func(c jar.Cookie) bool {
		return hides(c.SameSite.String(), u.Fragment == posted)
	})
	for i := range cookies {
		if cookies[i].SameSite == cookie.SameSiteUnset {
			cookies[i].SameSite = cookie.SameSiteNone
		}
	}
	return describeAll(cookies, func(*jar.Cookie) any { return "" })
}

func webkitTrial(t *testing.T) *match {
	s := newSite(t)
	b := webkit.Start(t, s.proxy)
	t.Logf("WebKitGTK %s", b.Version)
	g := gtk{b, s, map[string]bool{}, new(bool)}
	// Its driver cannot delete the cookies of an address of IPv6.
	hosts := strings.NewReplacer("[::1]", "127.0.0.2")
	// It sends a DEL back, and net/http answers that with status 400 before the site sees it.
	lines := strings.NewReplacer("\x7f", "\x1f")
	return &match{g, s, jar.WebKitGTK, webkitKnown, hosts, lines, []jar.Profile{jar.Chrome, jar.Firefox}}
}

func TestWebKitGTK(t *testing.T) {
	first, n := seeds(t, 30)
	tr := webkitTrial(t)
	tr.run(t, first, n)
	tr.stillKnown(t)
}
