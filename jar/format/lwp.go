package format

import (
	"bufio"
	"bytes"
	"errors"
	"strings"

	"coatcheck.dev/jar"
)

// LWP is a file of Perl's HTTP::Cookies and of Python's LWPCookieJar: lines that begin with Set-Cookie3.
var LWP = Format{
	name: "lwp", about: "Set-Cookie3 lines of Perl's LWP and Python's LWPCookieJar, only read",
	sign: "#LWP-Cookies, or lines that begin with Set-Cookie3:",
	sniff: func(head []byte) bool {
		return bytes.HasPrefix(head, []byte("#LWP-Cookies-")) || bytes.HasPrefix(head, []byte("Set-Cookie3:"))
	},
	read: readLWP,
}

func readLWP(in *bufio.Reader, _ *Options, s *sink) error {
	return eachLine(in, func(n int, raw []byte, whole, long bool) {
		line := string(raw)
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			return
		}
		at := place{unit: "line", n: n}
		text, ok := cutPrefixFold(line, "Set-Cookie3:")
		switch {
		case long:
			s.leaveOut(at, nil, "it is too long for a cookie")
			return
		case !ok:
			s.leaveOut(at, nil, "it does not begin with Set-Cookie3:")
			return
		}
		c, changes, err := readLWPLine(text)
		if err != nil {
			s.leaveOut(at, &c, err.Error())
			return
		}
		if !whole {
			changes = append(changes, "perhaps its end is missing: the file ends in its line")
		}
		s.add(at, &c, changes...)
	})
}

func readLWPLine(text string) (c jar.Cookie, changes []string, err error) {
	c.HostOnly = true
	for i := 0; text != ""; i++ {
		var name, value string
		if name, value, text, err = cutLWPPair(text); err != nil {
			return c, nil, err
		}
		if i == 0 {
			c.Name, c.Value = name, value
			continue
		}
		switch strings.ToLower(name) {
		case "path":
			c.Path = value
		case "domain":
			readDomain(&c, pythonHost(value))
		case "secure":
			c.Secure = true
		case "httponly":
			c.HttpOnly = true
		case "samesite": // Python has attributes that it does not know as they came
			if c.SameSite, err = readSameSite(value); err != nil {
				changes = append(changes, err.Error()+", which means nothing; taken as not set")
			}
		case "port":
			if value != "" {
				changes = append(changes, "its port is lost: cookies are for all ports of a host")
			}
		case "expires":
			t, ok := readDate(value)
			if !ok {
				return c, nil, errors.New("expires is not a time")
			}
			c.Expires = t
		case "max-age": // neither Perl nor Python writes it
			changes = append(changes, "its Max-Age counts for nothing, because the file does not say when it was set")
		}
	}
	if c.Domain == "" {
		return c, nil, errors.New("it has no domain")
	}
	return c, changes, nil
}

// cutLWPPair takes the first pair from a line: name=value or name="value", where a backslash stands before a quote.
func cutLWPPair(text string) (name, value, rest string, err error) {
	text = strings.TrimLeft(text, " \t")
	end := strings.IndexAny(text, "=;")
	if end < 0 {
		return strings.TrimSpace(text), "", "", nil
	}
	name, rest = strings.TrimSpace(text[:end]), text[end+1:]
	if text[end] == ';' {
		return name, "", rest, nil
	}
	if !strings.HasPrefix(rest, `"`) {
		value, rest, _ = strings.Cut(rest, ";")
		return name, strings.TrimSpace(value), rest, nil
	}
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			if i++; i < len(rest) {
				b.WriteByte(rest[i])
			}
		case '"':
			_, rest, _ = strings.Cut(rest[i+1:], ";")
			return name, b.String(), rest, nil
		default:
			b.WriteByte(rest[i])
		}
	}
	return name, "", "", errors.New("a quote has no end")
}
