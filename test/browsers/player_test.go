package browsers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// What is seen of a step: the Cookie header of each exchange, or what its script read, and all that is stored
// afterwards.
type seen struct {
	sent   []string
	url    string // of the page in the end
	stored []string
}

// A player is a browser that is made to take steps.
type player interface {
	clear(steps []step) // forgets all cookies, before these steps
	// reloadsRepeatInitiator reports whether location.reload is a request of the page that led here, not of the page.
	reloadsRepeatInitiator() bool
	refresh()                              // begins anew where too many pages make it slow; its cookies may go
	navigate(url string)                   // as if it had been typed in
	leave(script string)                   // runs a script that leads to another page
	fetch(url string)                      // makes a script fetch it, and waits for that
	stored() (list []string, url string)   // all that is stored, by describe, or what the page at the URL has of it
	ofJar(j *jar.Jar, url string) []string // the same of the jar, by what this browser tells
}

// play makes a browser take a step at a site.
func play(p player, at *site, s step, id string) seen {
	exchanges := s.exchanges()
	name := func(i int) string { return fmt.Sprint(id, ".", i) }
	urls := prepare(at, s, exchanges, name)
	switch target := literal(urls[len(urls)-1]); s.how {
	case navigate, image, frame, frameScript:
		p.navigate(urls[0])
	case link:
		p.navigate(urls[0])
		p.leave("location.href = " + target)
	case reload:
		p.navigate(urls[0])
		p.leave("location.href = " + target)
		p.leave("location.reload()")
	case form:
		p.navigate(urls[0])
		p.leave("f = document.createElement('form'); f.method = 'post'; f.action = " + target +
			"; document.body.append(f); f.submit()")
	case fetch:
		p.navigate(urls[0])
		p.fetch(target)
	case script:
		p.navigate(urls[0])
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
		sent, came := at.take(key)
		if !came {
			sent = "nothing was requested"
		}
		saw.sent = append(saw.sent, sent)
	}
	saw.stored, saw.url = p.stored()
	slices.Sort(saw.stored)
	return saw
}

// prepare lays the answers of a step ready and returns the URLs to begin with: the page, unless there is none before,
// and the target.
func prepare(at *site, s step, exchanges []exchange, name func(int) string) (urls []string) {
	last := len(exchanges) - 1
	if s.how == reload {
		last--
	}
	var a answer
	for _, to := range slices.Backward(s.redirects) {
		a = answer{redirect: at.agree(to, name(last), a)}
		last--
	}
	if exchanges[last].request.Script {
		a.script = s.lines
		last--
	} else {
		a.setCookie, a.clearSiteData, a.ahead = s.lines, s.clearSiteData, s.ahead
	}
	url := at.agree(s.url, name(last), a)
	urls = []string{url}
	for i := last - 1; i >= 0; i-- {
		page := answer{}
		switch {
		case s.how == image && i == last-1:
			page.image = url
		case s.how == image, s.how == frame, s.how == frameScript:
			page.frame = url
		}
		url = at.agree(exchanges[i].request.URL.String(), name(i), page)
		urls = slices.Insert(urls, 0, url)
	}
	return urls
}

// imitate makes a jar take a step.
func imitate(p player, j *jar.Jar, s step, url string) (saw seen) {
	all := s.exchanges()
	if n := len(all); s.how == reload && p.reloadsRepeatInitiator() {
		all[n-1].request.Initiator = all[n-2].request.Initiator
	}
	for _, x := range all {
		if x.request.Script {
			for _, line := range x.lines {
				j.Set(&x.request, line)
			}
			saw.sent = append(saw.sent, j.Header(&x.request))
			continue
		}
		saw.sent = append(saw.sent, j.Header(&x.request))
		j.Receive(&x.request, x.header())
	}
	saw.stored = p.ofJar(j, url)
	slices.Sort(saw.stored)
	return saw
}

// describe writes a cookie with all its attributes. Lifetimes are counted from now in steps of ten minutes: the
// browser's and the jar's clock are one, but they look at it one after the other.
func describe(name, value, domain, path string, expires time.Time, secure, httpOnly bool, sameSite, more any) string {
	lifetime := "session"
	if !expires.IsZero() {
		lifetime = time.Until(expires).Round(10 * time.Minute).String()
	}
	return fmt.Sprintf("%s=%s domain=%s path=%s lifetime=%s secure=%t httponly=%t samesite=%v %v",
		shorten(name), shorten(value), domain, shorten(path), lifetime, secure, httpOnly, sameSite, more)
}

// writtenDomain is the Domain of a cookie as browsers show it.
func writtenDomain(c *jar.Cookie) string {
	domain := c.Domain
	if strings.Contains(domain, ":") {
		domain = "[" + domain + "]"
	}
	if !c.HostOnly {
		domain = "." + domain
	}
	return domain
}

// describeAll describes the cookies of a jar.
func describeAll(cookies []jar.Cookie, more func(*jar.Cookie) any) (list []string) {
	for i := range cookies {
		c := &cookies[i]
		list = append(list, describe(c.Name, c.Value, writtenDomain(c), c.Path, c.Expires, c.Secure, c.HttpOnly,
			c.SameSite, more(c)))
	}
	return list
}

func priority(c *jar.Cookie) cookie.Priority {
	if c.Priority == cookie.PriorityUnset {
		return cookie.PriorityMedium
	}
	return c.Priority
}

// difference says where two have seen different things; "" is nowhere.
func difference(browser, jar seen) string {
	for i := range browser.sent {
		if browser.sent[i] != jar.sent[i] {
			return fmt.Sprintf("request %d: the browser sent %s, the jar %s", i+1, shorten(browser.sent[i]),
				shorten(jar.sent[i]))
		}
	}
	if !slices.Equal(browser.stored, jar.stored) {
		return fmt.Sprintf("the browser stored\n        %s\n    the jar\n        %s",
			strings.Join(browser.stored, "\n        "), strings.Join(jar.stored, "\n        "))
	}
	return ""
}

// compare plays to a jar what a browser has been played, and tells the first difference, and in which step it is, from
// 1.
func compare(p player, profile jar.Profile, steps []step, saw []seen) (step int, what string) {
	j := jar.New(jar.Options{Profile: profile})
	for i, s := range steps {
		if d := difference(saw[i], imitate(p, j, s, saw[i].url)); d != "" {
			return i + 1, d
		}
	}
	return 0, ""
}

func tell(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "    %d. %s\n", i+1, s)
	}
	return b.String()
}

// A match plays the sequences of seeds to a browser and to a jar.
type match struct {
	player
	site    *site
	profile jar.Profile
	known   []known
	hosts   *strings.Replacer // what it can be made to visit in place of others; nil is all
	lines   *strings.Replacer // what it can be sent in place of others; nil is all
	others  []jar.Profile     // which the browser must be seen to differ from
}

func (tr *match) run(t *testing.T, first, n uint64) {
	sent, stored, excused := 0, 0, 0
	others := map[jar.Profile]int{}
	for seed := first; seed < first+n; seed++ {
		steps := sequence(seed)
		if tr.hosts != nil {
			steps = replaceHosts(steps, tr.hosts)
		}
		if tr.lines != nil {
			steps = replaceLines(steps, tr.lines)
		}
		told := tell(steps)
		if played := seed - first; played > 0 && played%100 == 0 {
			tr.refresh()
		}
		tr.clear(steps)
		var saw []seen
		for i, s := range steps {
			saw = append(saw, play(tr.player, tr.site, s, fmt.Sprint(seed, ".", i)))
			stored += len(saw[i].stored)
			for _, header := range saw[i].sent {
				if header != "" {
					sent++
				}
			}
		}
		if n == 1 {
			t.Log(told)
		}
		if step, d := compare(tr.player, tr.profile, steps, saw); d != "" {
			if k := explained(tr.known, steps[:step]); k != nil {
				t.Logf("seed %d: %s", seed, k.what)
				excused++
			} else {
				t.Errorf("seed %d: step %d: %s\n%s", seed, step, d, told)
			}
		}
		for _, profile := range tr.others {
			if _, d := compare(tr.player, profile, steps, saw); d != "" {
				others[profile]++
			}
		}
	}
	t.Logf("%d sequences: cookies were sent %d times, and %d were stored in the end; %d have a known difference",
		n, sent, stored, excused)
	t.Logf("sequences that differ for other profiles, of %d: %v", n, others)
	for _, profile := range tr.others {
		if n >= 100 && others[profile] == 0 {
			t.Errorf("the browser is never unlike %s: this test sees nothing", profile)
		}
	}
}

func replaceHosts(steps []step, hosts *strings.Replacer) []step {
	for i := range steps {
		s := &steps[i]
		s.url, s.top, s.middle = hosts.Replace(s.url), hosts.Replace(s.top), hosts.Replace(s.middle)
		for j := range s.redirects {
			s.redirects[j] = hosts.Replace(s.redirects[j])
		}
	}
	return steps
}

func replaceLines(steps []step, lines *strings.Replacer) []step {
	for i := range steps {
		for j := range steps[i].lines {
			steps[i].lines[j] = lines.Replace(steps[i].lines[j])
		}
	}
	return steps
}
