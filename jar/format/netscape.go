package format

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// Netscape is the cookies.txt of curl, wget and many exporters: seven fields in a line, separated by tabs.
//
//	domain  include-subdomains  path  secure  expires  name  value
//
// Expires is in seconds since 1970; 0 is a session cookie. The prefix #HttpOnly_ marks an HttpOnly cookie; other
// lines with a leading # are comments. Six fields are a cookie with an empty value. A file cut in the middle of a
// line is an error, or a loss if only the value may be cut.
//
// SameSite, Priority, and the times of creation and last access are lost. Partitioned cookies are lost, and so are
// cookies with a tab inside.
var Netscape = Format{
	name: "netscape", about: "cookies.txt of curl, wget and many exporters", files: []string{"*.txt"},
	read: readNetscape, write: writeNetscape,
}

const netscapeHTTPOnly = "#HttpOnly_"

func writeNetscape(w io.Writer, cookies []jar.Cookie) ([]Loss, error) {
	lines, losses := convertAll(cookies, toNetscape)
	_, err := io.WriteString(w, "# Netscape HTTP Cookie File\n\n"+strings.Join(lines, ""))
	return losses, err
}

func toNetscape(c *jar.Cookie, lose func(what string)) (line string, ok bool) {
	if c.Partition != (jar.Partition{}) {
		lose("the cookie: it is partitioned")
		return "", false
	}
	if strings.ContainsRune(c.Name+c.Value+c.Path, '\t') {
		lose("the cookie: it has a tab inside")
		return "", false
	}
	if c.SameSite != cookie.SameSiteUnset {
		lose("SameSite=" + c.SameSite.String())
	}
	if c.Priority != cookie.PriorityUnset {
		lose("Priority=" + c.Priority.String())
	}
	if c.HttpOnly {
		line = netscapeHTTPOnly
	}
	expires := int64(0)
	if !c.Session() {
		expires = c.Expires.Unix()
	}
	return line + fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
		writeDomain(c), upperBool(!c.HostOnly), c.Path, upperBool(c.Secure), expires, c.Name, c.Value), true
}

func upperBool(b bool) string { return strings.ToUpper(strconv.FormatBool(b)) }

func readNetscape(data []byte, _ time.Time) (cookies []jar.Cookie, losses []Loss, err error) {
	n := 0
	for raw := range strings.Lines(string(data)) {
		n++
		line := strings.TrimRight(raw, "\r\n")
		text, httpOnly := strings.CutPrefix(line, netscapeHTTPOnly)
		if line == "" || !httpOnly && line[0] == '#' {
			continue
		}
		whole := len(line) < len(raw)
		if !whole && strings.Count(line, "\t") < 6 {
			return nil, nil, fmt.Errorf("line %d: the file ends too early: %w", n, io.ErrUnexpectedEOF)
		}
		c, err := readNetscapeLine(text)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", n, err)
		}
		c.HttpOnly = httpOnly
		cookies = append(cookies, c)
		if !whole {
			losses = append(losses, lossOf(&c, "perhaps the end of its value: the file ends in the middle of its line"))
		}
	}
	return cookies, losses, nil
}

func readNetscapeLine(line string) (c jar.Cookie, err error) {
	f := strings.Split(line, "\t")
	if len(f) == 6 {
		f = append(f, "")
	}
	if len(f) != 7 {
		return c, fmt.Errorf("%d fields where a cookie has 7, separated by tabs", len(f))
	}
	readDomain(&c, f[0])
	c.Path, c.Name, c.Value = f[2], f[5], f[6]
	subdomains, err := readUpperBool("include-subdomains", f[1])
	if err != nil {
		return c, err
	}
	c.HostOnly = !subdomains
	if c.Secure, err = readUpperBool("secure", f[3]); err != nil {
		return c, err
	}
	seconds, err := strconv.ParseInt(f[4], 10, 64)
	if err != nil {
		return c, fmt.Errorf("expires is %.64q, not seconds since 1970", f[4])
	}
	if seconds != 0 {
		c.Expires = secondsTime(float64(seconds))
	}
	return c, nil
}

func readUpperBool(field, s string) (bool, error) {
	switch {
	case strings.EqualFold(s, "TRUE"):
		return true, nil
	case strings.EqualFold(s, "FALSE"):
		return false, nil
	}
	return false, fmt.Errorf("%s is %.64q, not TRUE or FALSE", field, s)
}
