package chromium

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/test/internal/browser"
)

// What is seen of a step: the Cookie header of each exchange, or what its script read, and all that is stored
// afterwards.
type seen struct {
	sent   []string
	stored []string
}

// A player is a Chromium with the sites that it visits.
type player struct {
	*browser.Browser
	site *site
}

func newPlayer(t *testing.T) *player {
	t.Helper()
	s := newSite(t)
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
	return &player{b, s}
}

// play makes the browser take a step.
func (p *player) play(s step, id string) seen {
	exchanges := s.exchanges()
	name := func(i int) string { return fmt.Sprint(id, ".", i) }
	urls := p.prepare(s, exchanges, name)
	switch target := literal(urls[len(urls)-1]); s.how {
	case navigate, image, frame, frameScript:
		p.Navigate(urls[0])
	case link:
		p.Navigate(urls[0])
		p.Leave("location.href = " + target)
	case reload:
		p.Navigate(urls[0])
		p.Leave("location.href = " + target)
		p.Leave("location.reload()")
	case form:
		p.Navigate(urls[0])
		p.Leave("f = document.createElement('form'); f.method = 'post'; f.action = " + target +
			"; document.body.append(f); f.submit()")
	case fetch:
		p.Navigate(urls[0])
		browser.Eval[string](p.Browser, "fetch("+target+", {mode: 'no-cors', credentials: 'include'}).then(() => 'ok')")
	case script:
		p.Navigate(urls[0])
	}
	var saw seen
	for i, x := range exchanges {
		key := name(i)
		switch {
		case x.request.Script:
			key = name(i-1) + "script"
		case s.how == reload && i == len(exchanges)-1:
			key = name(i-1) + "again"
		}
		sent, came := p.site.take(key)
		if !came {
			sent = "nothing was requested"
		}
		saw.sent = append(saw.sent, sent)
	}
	for _, c := range p.Cookies() {
		saw.stored = append(saw.stored, ofChromium(c))
	}
	slices.Sort(saw.stored)
	return saw
}

// prepare lays the answers of a step ready and returns the URLs to begin with: the page, unless there is none before,
// and the target.
func (p *player) prepare(s step, exchanges []exchange, name func(int) string) (urls []string) {
	last := len(exchanges) - 1
	if s.how == reload {
		last--
	}
	var a answer
	for _, to := range slices.Backward(s.redirects) {
		a = answer{redirect: p.site.agree(to, name(last), a)}
		last--
	}
	if exchanges[last].request.Script {
		a.script = s.lines
		last--
	} else {
		a.setCookie = s.lines
	}
	url := p.site.agree(s.url, name(last), a)
	urls = []string{url}
	for i := last - 1; i >= 0; i-- {
		page := answer{}
		switch {
		case s.how == image && i == last-1:
			page.image = url
		case s.how == image, s.how == frame, s.how == frameScript:
			page.frame = url
		}
		url = p.site.agree(exchanges[i].request.URL.String(), name(i), page)
		urls = slices.Insert(urls, 0, url)
	}
	return urls
}

// imitate makes a jar take a step.
func imitate(j *jar.Jar, s step) (saw seen) {
	for _, x := range s.exchanges() {
		if !x.request.Script {
			saw.sent = append(saw.sent, j.Header(&x.request))
		}
		for _, line := range x.lines {
			j.Set(&x.request, line)
		}
		if x.request.Script {
			saw.sent = append(saw.sent, j.Header(&x.request))
		}
	}
	for _, c := range j.All() {
		saw.stored = append(saw.stored, ofJar(&c))
	}
	slices.Sort(saw.stored)
	return saw
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
	return describe(c.Name, c.Value, c.Domain, c.Path, expires, c.Secure, c.HTTPOnly, c.SameSite, c.Priority, partition)
}

func ofJar(c *jar.Cookie) string {
	domain := c.Domain
	if strings.Contains(domain, ":") {
		domain = "[" + domain + "]"
	}
	if !c.HostOnly {
		domain = "." + domain
	}
	priority := c.Priority
	if priority == 0 {
		priority = cookie.PriorityMedium
	}
	partition := ""
	if c.Partition != (jar.Partition{}) {
		partition = fmt.Sprint(c.Partition.TopLevelSite, " ", c.Partition.CrossSiteAncestor)
	}
	return describe(c.Name, c.Value, domain, c.Path, c.Expires, c.Secure, c.HttpOnly, c.SameSite, priority, partition)
}

// describe writes a cookie with all its attributes. Lifetimes are counted from now in steps of ten minutes: Chromium's
// and the jar's clock are one, but they look at it one after the other.
func describe(name, value, domain, path string, expires time.Time, secure, httpOnly bool, sameSite, priority any,
	partition string) string {
	lifetime := "session"
	if !expires.IsZero() {
		lifetime = time.Until(expires).Round(10 * time.Minute).String()
	}
	return fmt.Sprintf("%s=%s domain=%s path=%s lifetime=%s secure=%t httponly=%t samesite=%v priority=%v partition=%q",
		shorten(name), shorten(value), domain, shorten(path), lifetime, secure, httpOnly, sameSite, priority, partition)
}

// difference says where two have seen different things; "" is nowhere.
func difference(chromium, jar seen) string {
	for i := range chromium.sent {
		if chromium.sent[i] != jar.sent[i] {
			return fmt.Sprintf("request %d: Chromium sent %s, the jar %s", i+1, shorten(chromium.sent[i]),
				shorten(jar.sent[i]))
		}
	}
	if !slices.Equal(chromium.stored, jar.stored) {
		return fmt.Sprintf("Chromium stored\n        %s\n    the jar\n        %s",
			strings.Join(chromium.stored, "\n        "), strings.Join(jar.stored, "\n        "))
	}
	return ""
}
