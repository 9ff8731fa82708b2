package browsers

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A known difference is between a browser and the jar.
type known struct {
	what string
	// why is the sentence of a standard that the browser does not follow, or the reason for the jar not to follow it.
	why     string
	shows   []step                  // steps that show it
	applies func(steps []step) bool // whether the last of the steps may show it
}

// visit is a step that shows what a line does.
func visit(line string) []step {
	return []step{{how: navigate, url: "https://site.example/", lines: []string{line}}}
}

// alone is for differences that a step shows by itself.
func alone(applies func(step) bool) func([]step) bool {
	return func(steps []step) bool { return applies(steps[len(steps)-1]) }
}

// lines is for differences that a Set-Cookie line shows.
func lines(pattern string) func([]step) bool {
	expression := regexp.MustCompile(pattern)
	return alone(func(s step) bool { return slices.ContainsFunc(s.lines, expression.MatchString) })
}

// setAgain reports whether the last step is a script that sets a cookie which has been set before, by its name.
func setAgain(steps []step) bool {
	times := map[string]int{}
	for _, s := range steps {
		for _, line := range s.lines {
			name, _, _ := strings.Cut(line, "=")
			times[name]++
		}
	}
	last := steps[len(steps)-1]
	return (last.how == script || last.how == frameScript) && slices.ContainsFunc(last.lines, func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return times[name] > 1
	})
}

// chromiumKnown are all that are known of Chromium 156. A sequence that has such a line may differ.
var chromiumKnown = []known{{
	what: "a date with letters behind the day, such as 22nd",
	why: "RFC 6265bis, section 5.1.1: day-of-month = 1*2DIGIT [ non-digit *OCTET ]. Chromium takes no token of " +
		"more than two characters for a day (cookie_util::ParseCookieExpirationTime in net/cookies/cookie_util.cc).",
	shows:   visit("a=1; Expires=Mon, 1st Dec 2098 00:00:00 GMT"),
	applies: lines(`(?i)expires=[^;]*\d(st|nd|rd|th)\b`),
}}

// firefoxKnown are those of Firefox 153.
var firefoxKnown = []known{{
	what: "a cookie that a script sets a second time moves behind the others for that document",
	why: "RFC 6265bis section 5.7, step 23: it keeps its creation-time, by which cookies are sorted. Firefox does so " +
		"for requests, but the copy that document.cookie reads has a new one (CookieServiceChild).",
	shows: []step{
		{how: navigate, url: "https://site.example/", lines: []string{"a=1", "b=1"}},
		{how: script, url: "https://site.example/", lines: []string{"a=2"}},
	},
	applies: setAgain,
}, {
	what: "a script reads a cookie that is refused because of a Secure one of another host",
	why: "RFC 6265bis section 5.7, step 16: it is ignored. Firefox does so, but the copy that document.cookie reads " +
		"has no cookies of other hosts, and takes it (CookieServiceChild).",
	shows: []step{
		{how: navigate, url: "https://a.www.site.example/", lines: []string{"a=2; Secure"}},
		{how: script, url: "http://www.site.example/", lines: []string{"a=1; Domain=www.site.example"}},
	},
	applies: alone(func(s step) bool {
		return (s.how == script || s.how == frameScript) && strings.HasPrefix(s.url, "http:") &&
			slices.ContainsFunc(s.lines, regexp.MustCompile(`(?i)domain=`).MatchString)
	}),
}}

// webkitKnown are those of WebKitGTK 2.50 with libsoup 3.2.
var webkitKnown = []known{{
	what: "Clear-Site-Data of a redirect is not obeyed",
	why: "Clear Site Data, section 4.1: the header of every response is parsed. WebKit looks at the last one, and a " +
		"jar is not told which that is.",
	shows: []step{{how: navigate, url: "https://site.example/", redirects: []string{"https://site.example/a"},
		lines: []string{"a=1"}, clearSiteData: `"cookies"`}},
	applies: alone(func(s step) bool { return s.clearSiteData != "" && len(s.redirects) > 0 }),
}, {
	what: "Domain of an address with a dot before it",
	why: "RFC 6265bis section 5.7, step 8: the dot is dropped. libsoup keeps it, and so the cookie is not that of " +
		"the address alone (soup_cookie_parse).",
	shows:   []step{{how: navigate, url: "https://127.0.0.1/", lines: []string{"a=1; Domain=.127.0.0.1"}}},
	applies: lines(`(?i)domain=\.127\.`),
}, {
	what: "a Domain that is the end of an address",
	why: "RFC 6265bis section 5.1.3: only a host name has hosts above it. libsoup compares the texts " +
		"(soup_host_matches_host).",
	shows:   []step{{how: navigate, url: "https://127.0.0.1/", lines: []string{"a=1; Domain=0.0.1"}}},
	applies: lines(`(?i)domain=0\.0\.1`),
}, {
	what: "a script of a frame of another site, over http or in a page of a public suffix or localhost, sets no cookie",
	why: "RFC 6265bis section 8.4 leaves it to the browser. Responses to such frames set cookies, and scripts of " +
		"frames by https do in other pages, so it is no rule that a jar could follow.",
	shows: []step{{how: frameScript, top: "http://co.uk/", url: "http://www.shop.co.uk/a", lines: []string{"b=1"}}},
	applies: alone(func(s step) bool {
		return s.how == frameScript && (strings.HasPrefix(s.url, "http:") ||
			slices.Contains([]string{"co.uk", "github.io", "localhost", "single"}, mustParse(s.top).Host))
	}),
}}

// explained says which known difference one in these steps may be.
func explained(list []known, steps []step) *known {
	for i, k := range list {
		for n := range steps {
			if k.applies(steps[:n+1]) {
				return &list[i]
			}
		}
	}
	return nil
}

// stillKnown finds that what is on the list is still so in this browser, each entry by its own line.
func (tr *match) stillKnown(t *testing.T) {
	if len(tr.known) > 10 {
		t.Errorf("the list has %d entries, 10 are the most that are to be explained", len(tr.known))
	}
	for _, k := range tr.known {
		t.Run(k.what, func(t *testing.T) {
			tr.clear(k.shows)
			if explained([]known{k}, k.shows) == nil {
				t.Error("its steps are not matched")
			}
			var saw []seen
			for i, s := range k.shows {
				saw = append(saw, play(tr.player, tr.site, s, fmt.Sprint("known.", i)))
			}
			if _, d := compare(tr.player, tr.profile, k.shows, saw); d == "" {
				t.Errorf("browser and jar agree: take it off the list\n%s", tell(k.shows))
			}
		})
	}
}
