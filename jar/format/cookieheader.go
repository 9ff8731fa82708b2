package format

import (
	"bufio"
	"net/url"
	"strings"

	"coatcheck.dev/cookie"
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
		at := place{unit: "line", n: n}
		if hasAttributes(line) {
			s.setCookie(at, line, o.URL, "it has the attributes of a Set-Cookie line, and is taken as one")
			return
		}
		readSentPairs(at, line, o, s)
	})
}

// hasAttributes reports whether a line is that of one cookie with its attributes, as Selenium for Java prints it.
func hasAttributes(line string) bool {
	_, rest, _ := strings.Cut(line, ";")
	for pair := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
		switch strings.ToLower(name) {
		case "path":
			if strings.HasPrefix(value, "/") {
				return true
			}
		case "expires", "max-age", "httponly", "samesite":
			return true
		}
	}
	return false
}

// setCookie takes a Set-Cookie line of the response for a URL.
func (s *sink) setCookie(at place, line string, u *url.URL, changes ...string) {
	p := cookie.Parse(line)
	c, why := jar.Spec.Decide(&p, &jar.Request{URL: u}, s.now)
	if why.Excluded() {
		s.leaveOut(at, &c, "a browser refuses it: "+why.Exclusions().String())
		return
	}
	s.add(at, &c, changes...)
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
