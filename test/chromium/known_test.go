package chromium

import (
	"regexp"
	"testing"

	"coatcheck.dev/jar"
)

// A known difference is between Chromium and the standard, which the jar follows.
type known struct {
	what string
	why  string         // the sentence that Chromium does not follow
	line string         // one that shows it
	all  *regexp.Regexp // lines that may show it
}

// differences are all that are known. A sequence that has such a line may differ.
var differences = []known{{
	what: "a date with letters behind the day, such as 22nd",
	why: "RFC 6265bis, section 5.1.1: day-of-month = 1*2DIGIT [ non-digit *OCTET ]. Chromium takes no token of " +
		"more than two characters for a day (cookie_util::ParseCookieExpirationTime in net/cookies/cookie_util.cc).",
	line: "a=1; Expires=Mon, 1st Dec 2098 00:00:00 GMT",
	all:  regexp.MustCompile(`(?i)expires=[^;]*\d(st|nd|rd|th)\b`),
}}

// explained says which known difference one in these steps may be.
func explained(steps []step) *known {
	for i, k := range differences {
		for _, s := range steps {
			for _, line := range s.lines {
				if k.all.MatchString(line) {
					return &differences[i]
				}
			}
		}
	}
	return nil
}

// What is on the list is still so in this Chromium, and each entry is found by its own line.
func TestKnownDifferences(t *testing.T) {
	if len(differences) > 10 {
		t.Errorf("the list has %d entries, 10 are the most that are to be explained", len(differences))
	}
	chromium := newPlayer(t)
	for _, k := range differences {
		t.Run(k.what, func(t *testing.T) {
			chromium.ClearCookies()
			steps := []step{{how: navigate, url: "https://site.example/", lines: []string{k.line}}}
			if explained(steps) == nil {
				t.Error("its line is not matched")
			}
			if _, d := compare(jar.Chrome, steps, []seen{chromium.play(steps[0], "known")}); d == "" {
				t.Errorf("Chromium and the jar agree about %q: take it off the list", k.line)
			}
		})
	}
}
