package format

import (
	"bufio"
	"strings"

	"coatcheck.dev/jar"
)

// CookieHeader is the value of a Cookie header, or of document.cookie: "a=1; b=2". [Options.URL] is where it was sent,
// which is all that is known: the cookies count as those of that host, for all paths, until the session ends.
var CookieHeader = Format{
	name: "cookie-header", about: `a Cookie header such as "a=1; b=2", only read; needs --url`,
	sign:  "a line of name=value pairs with ; between, or Cookie: in front",
	sniff: sniffCookieHeader, read: readCookieHeader,
}

func sniffCookieHeader(head []byte) bool {
	text := strings.TrimSpace(string(head))
	if _, ok := cutPrefixFold(text, "Cookie:"); ok {
		for line := range strings.Lines(text) { // several ones, as HTTP/2 sends them
			if _, ok := cutPrefixFold(strings.TrimSpace(line), "Cookie:"); !ok && strings.TrimSpace(line) != "" {
				return false
			}
		}
		return true
	}
	name, _, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	return ok && name != "" && !strings.ContainsAny(name, " \t\"<>{}[]():;,#") && !strings.ContainsAny(text, "\n\t<")
}

func readCookieHeader(in *bufio.Reader, o *Options, s *sink) error {
	if o.URL == nil {
		return errNoURL
	}
	return eachLine(in, func(n int, raw []byte, _, long bool) {
		line, _ := cutPrefixFold(strings.TrimSpace(string(raw)), "Cookie:")
		if long {
			s.leaveOut(place{unit: "line", n: n}, nil, "it is too long for a header")
			return
		}
		readSentPairs(place{unit: "line", n: n}, line, o, s)
	})
}

// readSentPairs reads the value of a Cookie header.
func readSentPairs(at place, header string, o *Options, s *sink) {
	k := 0
	for pair := range strings.SplitSeq(header, ";") {
		if pair = strings.Trim(pair, " \t\r\n"); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			name, value = "", name
		}
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		k++
		if o.URL == nil {
			s.leaveOut(at.in("cookie", k), &jar.Cookie{Name: name}, errNoURL.Error())
			continue
		}
		c := sentTo(name, value, o.URL)
		s.add(at.in("cookie", k), &c, guessed)
	}
}
