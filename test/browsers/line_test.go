package browsers

import (
	"math/rand/v2"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// line draws a Set-Cookie line for a response of a host. A third is odd in name or value; all draw from few names, so
// that cookies replace, shadow and delete each other.
func line(rng *rand.Rand, host string) string {
	name, value := pick(rng, oddNames), pick(rng, oddValues)
	if rng.IntN(3) > 0 {
		name, value = pick(rng, plainNames), pick(rng, plainValues)
	}
	text := name + "=" + value
	if name == "" && rng.IntN(2) == 0 {
		text = value
	}
	separator := pick(rng, []string{"; ", ";", " ;\t"})
	if cookie.PrefixOf(name) != cookie.NoPrefix && rng.IntN(3) > 0 {
		text += pick(rng, []string{"; Secure; Path=/", "; Secure; Path=/; HttpOnly"}) // or few of them would be kept
	}
	for range rng.IntN(4) {
		text += separator + attribute(rng, host)
	}
	return text
}

var (
	plainNames  = []string{"a", "a", "b", "c"}
	plainValues = []string{"1", "2", "3", ""}
	oddNames    = []string{"a", "b", "__Host-h", "__host-H", "__Secure-s", "__Http-x", "__hTTp-z", "__Host-Http-y", "",
		"ä",
		"x y", `"q`, "t\tt", strings.Repeat("n", 4000)}
	oddValues = []string{"1", "v=w", `"quoted"`, "sp ace", "é", "__Host-v", "a,b", "t\tt", "\x7f", "\x01",
		strings.Repeat("x", 4090), strings.Repeat("x", 4097)}
)

func attribute(rng *rand.Rand, host string) string {
	kind := pick(rng,
		[]string{"Path=", "Domain=", "Secure", "Secure", "HttpOnly", "SameSite=", "Max-Age=", "Expires=", "Partitioned",
			"Priority=", ""})
	switch kind {
	case "Domain=":
		if rng.IntN(2) == 0 {
			return kind + pick(rng, []string{host, "." + host})
		}
		return kind + pick(rng, domains)
	case "Expires=":
		soon := time.Now().UTC().AddDate(0, 0, 30)
		if rng.IntN(2) == 0 {
			return kind + soon.Format(pick(rng, layouts))
		}
		return kind + pick(rng, values[kind])
	case "Path=", "SameSite=", "Max-Age=", "Priority=", "":
		return kind + pick(rng, values[kind])
	}
	return kind
}

var domains = []string{"site.example", "SITE.example", "site.example.", "..site.example", "www.site.example",
	"other.example",
	"example", "co.uk", "uk", "shop.co.uk", "github.io", "localhost", "single", "127.0.0.1", "0.0.1", "[::1]", "::1",
	"", ".",
	"ä.example", "s%69te.example", strings.Repeat("d", 1025)}

// The forms of a date, sound and not.
var layouts = []string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", "Mon Jan _2 15:04:05 2006",
	"2 Jan 06 15:4:5",
	"15:04:05 January 2nd 2006", "2006 02 Jan 15:04:05", "Jan 2 2006 15:04:05 GMT-0700 (PDT)", "2-Jan-2006 15:04",
	"02/01/2006 15:04:05"}

// Lifetimes differ by minutes or not at all, because expiry is compared to the minute.
var values = map[string][]string{
	"Path=": {"/", "/", "/a", "/a/", "/a/b", "", "a", "/ä", `"/"`, "/a%20b", "/a b", "/A",
		"/" + strings.Repeat("p", 1023), "/" + strings.Repeat("p", 1024)},
	"SameSite=": {"Lax", "Strict", "None", "none", "bogus", ""},
	"Max-Age=": {"3600", "007200", "0", "-1", "x", "+5000", "1.5", "", "34560000", "34560001", "99999999999",
		"9223372036854775808"},
	"Expires=": {"Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "x", "1 jan 99 1:2:3",
		"01-Jan-2060 00:00:00",
		"Jan 5 2060 00:00:00 GMT-0700 (PDT)", "1 jan 20270 0:0:0", "31 feb 2060 0:0:0", "1 jan 1500 0:0:0", ""},
	"Priority=": {"High", "Low", "Medium", "x"},
	"":          {"foo=bar", "", "Path", "Domain", "SameSite", "Expires", "Max-Age", "secure =x"},
}
