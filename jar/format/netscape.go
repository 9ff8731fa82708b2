package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// Netscape is the cookies.txt of curl, wget, Python and many exporters: seven fields in a line, separated by tabs.
//
//	domain  include-subdomains  path  secure  expires  name  value
//
// Expires is in seconds since 1970; 0 or nothing is a session cookie. The prefix #HttpOnly_ marks an HttpOnly cookie;
// other lines with a leading # are comments. Six fields are a cookie with an empty value. An eighth field is the
// SameSite of libsoup; 9 or 11 fields are ZennoPoster's, which has HttpOnly, the end of the session, SameSite and
// Priority behind the value. A port behind the domain is wget's.
//
// Priority, the times of creation and last access, and for all but libsoup SameSite are lost. Partitioned cookies are
// left out, and so are cookies with a tab inside. Programs read these files differently: [Options.For] names the one
// that will.
var Netscape = Format{
	name: "netscape", about: "cookies.txt of curl, wget, Python and many exporters",
	sign:  "lines of 7 fields with tabs between, or # Netscape HTTP Cookie File",
	files: []string{"*.txt"}, sniff: sniffNetscape, read: readNetscape, write: writeNetscape,
}

const netscapeHTTPOnly = "#HttpOnly_"

// oneClick is in the head of files of an extension that writes fields as if for a page of HTML.
const oneClick = "cookies.txt One Click"

var errCutLine = errors.New("perhaps the end of its value is missing: the file ends in its line")

func sniffNetscape(head []byte) bool {
	if bytes.HasPrefix(head, []byte("# Netscape HTTP Cookie File")) ||
		bytes.HasPrefix(head, []byte("# HTTP Cookie File")) {
		return true
	}
	for line := range bytes.Lines(head) {
		text, _ := cutPrefixFold(string(bytes.TrimRight(line, "\r\n")), netscapeHTTPOnly)
		if c, _, err := readNetscapeLine(text); err == nil && c.Domain != "" && text[0] != '#' {
			return true
		}
	}
	return false
}

func readNetscape(in *bufio.Reader, _ *Options, s *sink) error {
	escaped := false
	return eachLine(in, func(n int, raw []byte, whole, long bool) {
		line := string(raw)
		at := place{unit: "line", n: n}
		text, httpOnly := cutPrefixFold(line, netscapeHTTPOnly)
		switch {
		case strings.TrimSpace(line) == "":
			return
		case !httpOnly && line[0] == '#':
			escaped = escaped || strings.Contains(line, oneClick)
			if c, _, err := readNetscapeLine(strings.TrimLeft(line, "# ")); err == nil && !long {
				s.note(at, "a comment that reads like a cookie of "+c.Domain)
			}
			return
		case escaped:
			text = html.UnescapeString(text)
		}
		if long {
			s.leaveOut(at, nil, fmt.Sprintf("it has more than %d bytes", maxLine))
			return
		}
		c, changes, err := readNetscapeLine(text)
		switch {
		case err != nil && !whole:
			s.leaveOut(at, &c, "the file ends in the middle of it: "+oneLine(err))
			return
		case err != nil:
			s.leaveOut(at, &c, oneLine(err))
			return
		case !whole:
			changes = append(changes, errCutLine.Error())
		}
		c.HttpOnly = c.HttpOnly || httpOnly
		s.add(at, &c, changes...)
	})
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// readNetscapeLine reads a line without its prefix. With an error the cookie has the domain and the name if there are
// any, and no value.
func readNetscapeLine(line string) (c jar.Cookie, changes []string, err error) {
	var f [11]string
	n := splitTabs(line, &f)
	if n == 1 {
		if n = splitSpaces(line, &f); n > 0 {
			changes = append(changes, "its fields have spaces between them, where tabs should be; taken as such")
		}
	}
	switch {
	case n == 7 || n == 6:
	case n == 8 && validSameSite(f[7]):
	case (n == 9 || n == 11) && readZenno(&c, &f, &changes):
	case n == 8:
		return c, nil, errors.New("8 fields, and the last is no SameSite; a cookie has 7, with tabs between them")
	default:
		return c, nil, fmt.Errorf("%s where a cookie has 7, with tabs between them", fields(n, line))
	}
	port := false
	f[0], port = cutPort(f[0])
	readDomain(&c, pythonHost(f[0]))
	if port {
		changes = append(changes, "its port is lost: cookies are for all ports of a host")
	}
	c.Name = f[5]
	subdomains, err1 := readUpperBool("include-subdomains", f[1])
	secure, err2 := readUpperBool("secure", f[3])
	expires, unit, err3 := readSeconds(f[4])
	if err := errors.Join(err1, err2, err3); err != nil {
		return c, nil, err
	}
	if unit != "" {
		changes = append(changes, unit)
	}
	c.HostOnly, c.Path, c.Secure, c.Expires = !subdomains, f[2], secure, expires
	twice := false
	if c.Value, twice = encodedOnce(f[6]); twice {
		changes = append(changes, "its value is UTF-8 that was encoded twice, as Python does; taken as encoded once")
	}
	if c.SameSite, err = readSameSite(f[7]); err != nil {
		changes = append(changes, err.Error()+", which means nothing; taken as not set")
	}
	if c.SameSite == cookie.SameSiteNone && !secure {
		c.SameSite = cookie.SameSiteUnset // libsoup writes None for it
	}
	return c, changes, nil
}

// readZenno reads what ZennoPoster has behind the value: HttpOnly and the end of the session, and perhaps SameSite and
// Priority.
func readZenno(c *jar.Cookie, f *[11]string, changes *[]string) bool {
	httpOnly, err1 := readUpperBool("", f[7])
	session, err2 := readUpperBool("", f[8])
	if err1 != nil || err2 != nil {
		return false
	}
	if c.HttpOnly = httpOnly; session {
		f[4] = ""
	}
	var err error
	if c.Priority, err = readPriority(f[10]); err != nil {
		*changes = append(*changes, err.Error()+", which means nothing; taken as not set")
	}
	if c.Priority == cookie.PriorityMedium {
		c.Priority = cookie.PriorityUnset // that of cookies that say none
	}
	f[7] = f[9]
	return true
}

func fields(n int, line string) string {
	if n > 11 {
		n = strings.Count(line, "\t") + 1
	}
	if n <= 1 {
		return "there is no tab in it,"
	}
	return strconv.Itoa(n) + " fields"
}

// splitTabs fills f with the fields of a line and returns their number. It may be more than there is room for.
func splitTabs(line string, f *[11]string) (n int) {
	for ok := true; ok; n++ {
		var field string
		field, line, ok = strings.Cut(line, "\t")
		if n < len(f) {
			f[n] = field
		}
	}
	return n
}

// splitSpaces reads a line whose tabs have become spaces, as they do when it is copied. It returns 0 for any other
// line.
func splitSpaces(line string, f *[11]string) int {
	for i := range 6 {
		line = strings.TrimLeft(line, " ")
		f[i], line, _ = strings.Cut(line, " ")
	}
	f[6] = strings.TrimLeft(line, " ")
	_, err1 := readUpperBool("", f[1])
	_, err2 := readUpperBool("", f[3])
	_, _, err3 := readSeconds(f[4])
	if err1 != nil || err2 != nil || err3 != nil || f[4] == "" || f[5] == "" {
		*f = [11]string{}
		return 0
	}
	return 7
}

// readSeconds reads a number of seconds since 1970, also with a fraction, or a date of ISO 8601; nothing, 0 and
// "Session" are the end of the session. The note says if the unit is another one.
func readSeconds(s string) (t time.Time, note string, err error) {
	if s == "" || s == "0" {
		return t, "", nil
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case n == 0 && err == nil:
		return t, "", nil
	case (err == nil || math.IsInf(n, 0)) && !math.IsNaN(n):
		t, note = numberTime(n)
		return t, note, nil
	case strings.EqualFold(s, "Session"):
		return t, "", nil
	}
	if t, ok := readTime(s); ok {
		return t, "", nil
	}
	if t, note, ok := readLocalDate(s); ok {
		return t, note, nil
	}
	// It may be a value that has slipped, so it is not told.
	return t, "", errors.New("expires is not a number of seconds since 1970")
}

func readUpperBool(field, s string) (bool, error) {
	switch {
	case strings.EqualFold(s, "TRUE"):
		return true, nil
	case strings.EqualFold(s, "FALSE"):
		return false, nil
	}
	return false, errors.New(field + " is not TRUE or FALSE")
}

func writeNetscape(o *Options) encoder {
	var names curlNames
	if o.For == Curl {
		names = curlNames{}
	}
	return list{
		head: "# Netscape HTTP Cookie File\n\n",
		cookie: func(line []byte, c *jar.Cookie, lose func(what string)) ([]byte, string) {
			line, why := appendNetscape(line, c, o.For, lose)
			if why == "" && names.clash(c) {
				lose("curl compares names without case, and keeps it in the place of another one of this host")
			}
			return line, why
		},
	}.encode
}

// curlNames are the cookies that curl has read, as it tells them apart; nil is for other programs.
type curlNames map[curlName]bool

type curlName struct {
	name, domain, path string
	hostOnly           bool
}

func (names curlNames) clash(c *jar.Cookie) bool {
	if names == nil {
		return false
	}
	key := curlName{strings.ToLower(c.Name), c.Domain, c.Path, c.HostOnly}
	before := names[key]
	names[key] = true
	return before
}

func appendNetscape(line []byte, c *jar.Cookie, to Reader, lose func(what string)) (_ []byte, why string) {
	if c.Partition != (jar.Partition{}) {
		return nil, "it is partitioned"
	}
	if strings.IndexByte(c.Name, '\t') >= 0 || strings.IndexByte(c.Value, '\t') >= 0 ||
		strings.IndexByte(c.Path, '\t') >= 0 {
		return nil, "it has a tab inside"
	}
	if why := to.refuses(c); why != "" {
		return nil, why
	}
	if to == Libsoup {
		losePriority(c, lose)
	} else {
		losePlain(c, lose)
	}
	if c.HttpOnly {
		if to == Wget {
			lose("HttpOnly is lost: wget reads no line that has it")
		} else {
			line = append(line, netscapeHTTPOnly...)
		}
	}
	line = append(line, to.domain(c)...)
	line = append(line, '\t')
	line = append(line, upperBool(!c.HostOnly)...)
	line = append(line, '\t')
	line = append(line, c.Path...)
	line = append(line, '\t')
	line = append(line, upperBool(c.Secure)...)
	line = append(line, '\t')
	switch {
	case !c.Session():
		line = strconv.AppendInt(line, c.Expires.Unix(), 10)
	case to == Python:
		lose("it ends with the session: Python reads it by load(ignore_discard=True) alone")
	default:
		line = append(line, '0')
	}
	name, value := c.Name, c.Value
	if to == Python { // it reads UTF-8
		name, value = latinText(name), latinText(value)
	}
	line = append(line, '\t')
	line = append(line, name...)
	line = append(line, '\t')
	line = append(line, value...)
	if to == Libsoup && c.SameSite != cookie.SameSiteUnset {
		line = append(append(line, '\t'), c.SameSite.String()...)
	}
	return append(line, '\n'), ""
}

func upperBool(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// losePlain names what formats without SameSite and Priority lose.
func losePlain(c *jar.Cookie, lose func(what string)) {
	if c.SameSite != cookie.SameSiteUnset {
		lose("SameSite=" + c.SameSite.String() + " is lost")
	}
	losePriority(c, lose)
}

func losePriority(c *jar.Cookie, lose func(what string)) {
	if c.Priority != cookie.PriorityUnset {
		lose("Priority=" + c.Priority.String() + " is lost")
	}
}
