package browsers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/test/internal/firefox"
)

// gecko is a Firefox with its default settings for cookies.
type gecko struct{ *firefox.Browser }

func (f gecko) clear([]step)                 { f.ClearCookies() }
func (f gecko) reloadsRepeatInitiator() bool { return true }
func (f gecko) refresh()                     {}
func (f gecko) navigate(url string)          { f.Navigate(url) }
func (f gecko) leave(script string)          { f.Leave(script) }
func (f gecko) fetch(url string) {
	f.Eval("fetch(" + url + ", {mode: 'no-cors', credentials: 'include'}).then(() => 'ok')")
}

// sameSites are the policies by Firefox's numbers.
var sameSites = map[int]cookie.SameSite{0: cookie.SameSiteNone, 1: cookie.SameSiteLax, 2: cookie.SameSiteStrict,
	256: cookie.SameSiteUnset}

func (f gecko) stored() (list []string, url string) {
	for _, c := range f.Cookies() {
		expires := time.Time{}
		if !c.Session {
			expires = time.UnixMilli(int64(c.Expires))
			if !expires.After(time.Now()) {
				continue // it lists what has expired, too: one with Max-Age=0, if a millisecond passes as it is read
			}
		}
		list = append(list, describe(c.Name, c.Value, c.Host, c.Path, expires, c.Secure, c.HTTPOnly,
			sameSites[c.SameSite], c.PartitionKey))
	}
	return list, ""
}

func (f gecko) ofJar(j *jar.Jar, _ string) []string {
	return describeAll(j.All(), func(c *jar.Cookie) any {
		if c.Partition == (jar.Partition{}) {
			return ""
		}
		u := mustParse(c.Partition.TopLevelSite)
		foreign := "" // an ancestor is of another site, and the cookie itself of the page's
		own := mustParse(u.Scheme + "://" + strings.TrimPrefix(writtenDomain(c), "."))
		if c.Partition.CrossSiteAncestor && jar.SameSite(u, own) {
			foreign = ",f"
		}
		return fmt.Sprintf("(%s,%s%s)", u.Scheme, u.Host, foreign)
	})
}

func firefoxTrial(t *testing.T) *match {
	s := newSite(t)
	b := firefox.Start(t, s.proxy)
	t.Logf("Firefox %s", b.Version)
	return &match{gecko{b}, s, jar.Firefox, firefoxKnown, nil, nil, []jar.Profile{jar.Chrome, jar.Safari}}
}

func TestFirefox(t *testing.T) {
	t.Parallel()
	first, n := seeds(t, 100)
	tr := firefoxTrial(t)
	tr.run(t, first, n)
	tr.stillKnown(t)
}
