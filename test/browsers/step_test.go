package browsers

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/jar"
)

// A step is one thing that a visitor or a page does.
type step struct {
	how       string   // one of ways
	top       string   // the page in the address bar when it begins; "" for what a visitor does
	middle    string   // for frames and images: the frame of top that url is in; "" is top itself
	url       string   // what is requested
	lines     []string // what url answers, or what its script assigns to document.cookie
	redirects []string // where url redirects to, and so on

	clearSiteData string        // the header of url's answer; "" is none
	ahead         time.Duration // by so much the clock of the server is ahead that answers for url
}

func (s step) String() string {
	text := strings.Join(append([]string{s.how + " " + s.url}, s.redirects...), " -> ")
	for _, part := range []struct{ before, url string }{{" in ", s.middle}, {" from ", s.top}} {
		if part.url != "" {
			text += part.before + part.url
		}
	}
	if s.clearSiteData != "" {
		text += "\n        Clear-Site-Data: " + s.clearSiteData
	}
	if s.ahead != 0 {
		text += fmt.Sprint("\n        the server is ahead by ", s.ahead)
	}
	for _, l := range s.lines {
		text += fmt.Sprintf("\n        %s", shorten(l))
	}
	return text
}

// shorten makes lines of thousands of bytes readable, and says how long they are.
func shorten(line string) string {
	if len(line) > 300 {
		return fmt.Sprintf("%.100q… (%d bytes) …%q", line, len(line), line[len(line)-100:])
	}
	return fmt.Sprintf("%q", line)
}

const (
	navigate    = "navigate to"
	link        = "follow a link to"
	form        = "post a form to"
	reload      = "follow, and then reload, a link to"
	fetch       = "fetch"
	image       = "show the image"
	frame       = "frame"
	script      = "script of"
	frameScript = "script of the frame"
)

var ways = []string{navigate, navigate, link, reload, form, fetch, image, frame, frame, script, frameScript}

// Hosts of one group share sites, or look as if they did; a sequence stays in one group, so that its cookies meet.
var groups = [][]string{
	{"site.example", "www.site.example", "a.www.site.example", "other.example"},
	{"co.uk", "shop.co.uk", "www.shop.co.uk", "github.io", "me.github.io"},
	{"localhost", "sub.localhost", "127.0.0.1", "[::1]", "single"},
}

var paths = []string{"/", "/a", "/a/", "/a/b", "/a/b/c", "/a/b/c", "/ab", "/a%20b/c", "/A/b"}

// sequence draws what happens in one life of a browser.
func sequence(seed uint64) []step {
	rng := rand.New(rand.NewPCG(seed, 7))
	hosts := pick(rng, groups)
	home := pick(rng, hosts)
	hosts = append([]string{home, home, home}, hosts...) // most of it is at home, so that cookies are sent
	steps := make([]step, 4)
	for i := range steps {
		steps[i] = draw(rng, hosts)
	}
	return steps
}

func draw(rng *rand.Rand, hosts []string) step {
	place := func(more ...string) string {
		return pick(rng, []string{"http://", "https://"}) + pick(rng, slices.Concat(hosts, more))
	}
	s := step{how: pick(rng, ways), url: place() + pick(rng, paths)}
	switch s.how {
	case link, reload, form, fetch:
		s.top = place("stranger.example") + "/"
	case image, frame, frameScript:
		s.top = place("stranger.example") + "/"
		if rng.IntN(3) == 0 {
			s.middle = place("stranger.example") + "/"
		}
	}
	for s.how != script && s.how != frameScript && len(s.redirects) < 3 && rng.IntN(3) == 0 {
		s.redirects = append(s.redirects, place()+pick(rng, paths))
	}
	// From pages by https, Chromium loads nothing by http into the page, and asks before it posts there.
	if s.how != link && s.how != reload {
		if strings.HasPrefix(s.top, "https:") {
			s.middle = encrypted(s.middle)
		}
		if strings.HasPrefix(s.top, "https:") || strings.HasPrefix(s.middle, "https:") {
			s.url = encrypted(s.url)
			for i, u := range s.redirects {
				s.redirects[i] = encrypted(u)
			}
		}
	}
	host := mustParse(s.url).Host
	for range 1 + rng.IntN(3) {
		s.lines = append(s.lines, line(rng, host))
	}
	if rng.IntN(12) == 0 && s.how != script && s.how != frameScript {
		s.clearSiteData = pick(rng, []string{`"cookies"`, `"*"`, `"cache", "cookies"`, `cookies`})
	}
	if rng.IntN(6) == 0 && s.how != script && s.how != frameScript {
		s.ahead = pick(rng, []time.Duration{-2 * time.Hour, 2 * time.Hour, 60 * 24 * time.Hour, -900 * 24 * time.Hour})
	}
	// Without these, few cookies of other sites would be kept at all.
	if s.top != "" && s.how != link && s.how != reload && s.how != form {
		for i := range s.lines {
			s.lines[i] += pick(rng, []string{"", "; SameSite=None; Secure", "; SameSite=None; Secure; Partitioned"})
		}
	}
	return s
}

func encrypted(u string) string { return strings.Replace(u, "http:", "https:", 1) }

// An exchange is a request that carries cookies and the lines that come back; or a script that assigns lines to
// document.cookie and then reads it.
type exchange struct {
	request       jar.Request
	lines         []string
	clearSiteData string
	ahead         time.Duration
}

// header is what of the answer concerns cookies.
func (x *exchange) header() http.Header {
	h := http.Header{"Set-Cookie": x.lines, "Date": {time.Now().Add(x.ahead).UTC().Format(http.TimeFormat)}}
	if x.clearSiteData != "" {
		h.Set("Clear-Site-Data", x.clearSiteData)
	}
	return h
}

// exchanges are those of a step in order, with what the standard calls their context.
func (s step) exchanges() (all []exchange) {
	add := func(lines []string, r jar.Request) { all = append(all, exchange{request: r, lines: lines}) }
	target := jar.Request{URL: mustParse(s.url)}
	if s.top != "" {
		top := mustParse(s.top)
		add(nil, jar.Request{URL: top, Kind: jar.Navigation})
		target.Initiator = top
		if s.how != link && s.how != reload && s.how != form {
			target.TopLevel = top
		}
		if s.middle != "" {
			middle := mustParse(s.middle)
			add(nil, jar.Request{URL: middle, Kind: jar.FrameNavigation, TopLevel: top, Initiator: top})
			target.Initiator, target.Ancestors = middle, []*url.URL{middle}
		}
	}
	switch s.how {
	case navigate, link, reload:
		target.Kind = jar.Navigation
	case form:
		target.Kind, target.Method = jar.Navigation, "POST"
	case frame:
		target.Kind = jar.FrameNavigation
	case script, frameScript:
		document := target
		document.Kind = jar.Navigation
		if s.how == frameScript {
			document.Kind = jar.FrameNavigation
		}
		add(nil, document)
		target.Script, target.Initiator = true, nil
	}
	lines := s.lines
	add(lines, target)
	if !target.Script {
		all[len(all)-1].clearSiteData, all[len(all)-1].ahead = s.clearSiteData, s.ahead
	}
	for _, next := range s.redirects {
		lines = nil
		target.Redirects = append(slices.Clone(target.Redirects), target.URL)
		target.URL = mustParse(next)
		add(lines, target)
	}
	if s.how == reload {
		first := all[len(all)-1]
		add(lines, jar.Request{URL: target.URL, Kind: jar.Navigation, Initiator: target.URL})
		all[len(all)-1].clearSiteData, all[len(all)-1].ahead = first.clearSiteData, first.ahead
	}
	return all
}

func mustParse(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err) // all of them are written in this file
	}
	return u
}
