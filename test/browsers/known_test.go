package browsers

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
)

// A known difference is between a browser and the jar.
type known struct {
	what string
	// why is the sentence of a standard that the browser does not follow, or the reason for the jar not to follow it.
	why     string
	shows   []step            // steps that show it
	applies func(s step) bool // whether a step may show it; nil for none
}

// visit is a step that shows what a line does.
func visit(line string) []step {
	return []step{{how: navigate, url: "https://site.example/", lines: []string{line}}}
}

// lines is for differences that a Set-Cookie line shows.
func lines(pattern string) func(step) bool {
	expression := regexp.MustCompile(pattern)
	return func(s step) bool { return slices.ContainsFunc(s.lines, expression.MatchString) }
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
	shows: []step{{how: script, url: "https://site.example/", lines: []string{"a=1", "b=1", "a=2"}}},
	applies: func(s step) bool {
		return s.how == script && len(s.lines) > 2 || s.how == frameScript && len(s.lines) > 2
	},
}}

// explained says which known difference one in these steps may be.
func explained(list []known, steps []step) *known {
	for i, k := range list {
		for _, s := range steps {
			if k.applies(s) {
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
