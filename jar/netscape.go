package jar

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// Netscape is the cookies.txt of curl, wget and many exporters: seven fields in a line, separated by tabs,
//
//	domain  include-subdomains  path  secure  expires  name  value
//
// with expires in seconds since 1970 and 0 for session cookies. A domain with #HttpOnly_ in front is that of an HttpOnly cookie;
// other lines with # are comments. Six fields are a cookie with an empty value, unless the file
// ends there without an end of line; where it does so in a value, that is reported. SameSite, Priority, and the times of creation and
// last access are lost, and so are whole cookies that are partitioned or have a tab inside.
var Netscape = Format{name: "netscape", read: readNetscape, write: writeNetscape}

const netscapeHTTPOnly = "#HttpOnly_"

func writeNetscape(w io.Writer, cookies []Cookie) ([]Loss, error) {
	var losses []Loss
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "# Netscape HTTP Cookie File\n\n")
	for _, c := range cookies {
		if c.Partition != (Partition{}) {
			losses = append(losses, lossOf(&c, "the cookie: it is partitioned"))
			continue
		}
		if strings.ContainsRune(c.Name+c.Value+c.Path, '\t') {
			losses = append(losses, lossOf(&c, "the cookie: it has a tab inside"))
			continue
		}
		if c.SameSite != cookie.SameSiteUnset {
			losses = append(losses, lossOf(&c, "SameSite="+c.SameSite.String()))
		}
		if c.Priority != cookie.PriorityUnset {
			losses = append(losses, lossOf(&c, "Priority="+c.Priority.String()))
		}
		if c.HttpOnly {
			b.WriteString(netscapeHTTPOnly)
		}
		fmt.Fprintf(b, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", writeDomain(&c), upperBool(!c.HostOnly), c.Path, upperBool(c.Secure), unixTime(c.Expires), c.Name, c.Value)
	}
	return losses, b.Flush()
}

func upperBool(b bool) string { return strings.ToUpper(strconv.FormatBool(b)) }

func readNetscape(data []byte, _ time.Time) (cookies []Cookie, losses []Loss, err error) {
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
			losses = append(losses, lossOf(&c, "perhaps the end of its value: the file ends inside of its line"))
		}
	}
	return cookies, losses, nil
}

func readNetscapeLine(line string) (c Cookie, err error) {
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

// secondsTime is a time in seconds since 1970, kept within the years that times have room for.
func secondsTime(s float64) time.Time {
	const year9999 = 253402300799
	s = min(max(s, -year9999), year9999)
	whole := int64(s)
	return time.Unix(whole, int64((s-float64(whole))*1e9)).UTC()
}
