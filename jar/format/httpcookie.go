package format

import (
	"bufio"
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/jar"
)

// HTTPCookie is the YAML that http-cookie for Ruby saves, and Mechanize with it: an array of objects, a field in each
// line. A value in quotes of the kind " that goes over several lines, or in another encoding, is left out. The times of
// creation and last access are lost.
var HTTPCookie = Format{
	name: "http-cookie", about: "the YAML of http-cookie and Mechanize for Ruby, only read",
	sign: "YAML with !ruby/object:HTTP::Cookie",
	sniff: func(head []byte) bool {
		return bytes.HasPrefix(head, []byte("---")) && bytes.Contains(head, rubyCookie)
	},
	read: readHTTPCookie,
}

var rubyCookie = []byte("!ruby/object:HTTP::Cookie")

// A rubyYAML reads what Ruby makes of its cookies, which is little of YAML.
type rubyYAML struct {
	fields  map[string]string // of the cookie that is being read, as they are written; nil before the first one
	at      place
	indent  int
	last    string            // the field of the line before
	anchors map[string]string // of values that occur several times, as times do
	wrong   error
}

func readHTTPCookie(in *bufio.Reader, o *Options, s *sink) error {
	y := &rubyYAML{anchors: map[string]string{}}
	err := eachLine(in, func(n int, line []byte, whole, long bool) {
		switch {
		case bytes.HasSuffix(bytes.TrimRight(line, " "), rubyCookie):
			y.end(o, s)
			y.fields, y.at, y.indent = map[string]string{}, place{unit: "line", n: n}, 0
		case y.fields != nil && long:
			y.wrong = errTooLarge
		case y.fields != nil && len(bytes.TrimSpace(line)) > 0:
			if y.line(string(line)); !whole {
				y.wrong = errors.New("the file ends in the middle of it")
			}
		}
	})
	if err == nil {
		y.end(o, s)
	}
	return err
}

// line reads a line of a cookie: a field, or more of the one before.
func (y *rubyYAML) line(line string) {
	text := strings.TrimLeft(line, " ")
	indent := len(line) - len(text)
	if y.indent == 0 {
		y.indent = indent
	}
	name, value, ok := strings.Cut(text, ":")
	switch {
	case indent > y.indent && y.last != "":
		if strings.HasPrefix(y.fields[y.last], `"`) || strings.HasPrefix(y.fields[y.last], "!") {
			y.wrong = errors.New(y.last + " goes over several lines")
		}
		if len(y.fields[y.last]) > maxLine {
			y.wrong = errTooLarge
			return
		}
		y.fields[y.last] += " " + text
	case indent < y.indent || !ok:
		y.wrong = errors.New("a line of it is no field with a value")
	default:
		value = strings.TrimSpace(value)
		if anchor, rest, ok := strings.Cut(value, " "); ok && strings.HasPrefix(anchor, "&") {
			y.anchors["*"+anchor[1:]], value = rest, rest
		}
		if of, ok := y.anchors[value]; ok {
			value = of
		}
		y.fields[name], y.last = value, name
	}
}

// end gives the cookie to the sink.
func (y *rubyYAML) end(o *Options, s *sink) {
	if y.fields == nil {
		return
	}
	r := &record{fields: map[string]any{}}
	if y.wrong != nil {
		r.wrong = append(r.wrong, y.wrong)
	}
	for _, name := range []string{"name", "value", "domain", "path", "secure", "httponly", "expires", "for_domain",
		"created_at", "max_age"} {
		text, ok := rubyScalar(y.fields[name])
		if !ok {
			r.fail(name, "a text that can be read")
		} else if text != "" || name == "value" {
			r.fields[name] = text
		}
	}
	r.fields["hostOnly"] = !r.flag("for_domain")
	y.fields, y.wrong, y.last = nil, nil, ""
	r.take(y.at, o, s, (*record).rubyAge)
}

// rubyAge reads a lifetime, which begins when the cookie was made.
func (r *record) rubyAge(c *jar.Cookie) {
	age, err := strconv.ParseInt(r.text("max_age"), 10, 64)
	created, ok := readDate(r.text("created_at"))
	if err == nil && ok && c.Expires.IsZero() && !created.IsZero() {
		c.Expires = created.Add(time.Duration(max(-1, min(age, 1<<31))) * time.Second)
	}
}

// rubyScalar reads a text of YAML. null is none.
func rubyScalar(text string) (_ string, ok bool) {
	switch {
	case text == "null" || text == "~":
		return "", true
	case strings.HasPrefix(text, "'"):
		inside, ok := strings.CutSuffix(text[1:], "'")
		return strings.ReplaceAll(inside, "''", "'"), ok
	case strings.HasPrefix(text, `"`):
		inside, err := strconv.Unquote(text)
		return inside, err == nil
	}
	return text, !strings.HasPrefix(text, "!") && !strings.HasPrefix(text, "*") && !strings.HasPrefix(text, "|")
}
