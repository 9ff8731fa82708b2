package browsers

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"coatcheck.dev/jar"
	"coatcheck.dev/test/internal/browser"
)

// chromium is a Chromium with the sites that it visits.
type chromium struct{ *browser.Browser }

func startChromium(t *testing.T, s *site) chromium {
	t.Helper()
	b := browser.Start(t, browser.Options{
		HostRules: s.rules,
		Flags: map[string]string{
			"ignore-certificate-errors-spki-list": s.key,
			"no-proxy-server":                     "",
			// The first three would keep requests from being made, or make them by https. The others, with the
			// processes of sites, only take time.
			"disable-features": "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LocalNetworkAccessChecks," +
				"IsolateOrigins,site-per-process,BackForwardCache",
			"disable-site-isolation-trials": "",
			"renderer-process-limit":        "1",
		},
		// Without a window, Chromium takes no cookies from third parties unless it is told.
		Preferences: `{"profile": {"cookie_controls_mode": 0}}`,
	})
	return chromium{b}
}

func (c chromium) clear([]step)                 { c.ClearCookies() }
func (c chromium) reloadsRepeatInitiator() bool { return false }
func (c chromium) refresh()                     { c.Restart() }
func (c chromium) navigate(url string)          { c.Navigate(url) }
func (c chromium) leave(script string)          { c.Leave(script) }

func (c chromium) fetch(url string) {
	const options = ", {mode: 'no-cors', credentials: 'include'}).then(() => 'ok')"
	browser.Eval[string](c.Browser, "fetch("+url+options)
}

func (c chromium) stored() (list []string, url string) {
	for _, k := range c.Cookies() {
		list = append(list, ofChromium(k))
	}
	return list, ""
}

func ofChromium(c *network.Cookie) string {
	expires := time.Time{}
	if !c.Session {
		expires = time.UnixMilli(int64(c.Expires * 1000))
	}
	partition := ""
	if key := c.PartitionKey; key != nil {
		partition = fmt.Sprint(key.TopLevelSite, " ", key.HasCrossSiteAncestor)
	}
	return describe(c.Name, c.Value, c.Domain, c.Path, expires, c.Secure, c.HTTPOnly, c.SameSite,
		fmt.Sprint(c.Priority, " ", partition))
}

func (c chromium) ofJar(j *jar.Jar, _ string) []string {
	return describeAll(j.All(), func(c *jar.Cookie) any {
		partition := ""
		if c.Partition != (jar.Partition{}) {
			partition = fmt.Sprint(c.Partition.TopLevelSite, " ", c.Partition.CrossSiteAncestor)
		}
		return fmt.Sprint(priority(c), " ", partition)
	})
}

func chromiumTrial(t *testing.T) *match {
	s := newSite(t)
	return &match{startChromium(t, s), s, jar.Chrome, chromiumKnown, nil, nil, []jar.Profile{jar.Firefox, jar.Safari}}
}

func TestChromium(t *testing.T) {
	t.Parallel()
	first, n := seeds(t, 100)
	tr := chromiumTrial(t)
	tr.run(t, first, n)
	tr.stillKnown(t)
}
