package format

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"coatcheck.dev/jar"
)

// Pairs is a JSON object of names and values, as Python's requests makes of its jar (dict_from_cookiejar) and programs
// keep the Cookie header that they send. [Options.URL] is where it was sent, which is all that is known: the cookies
// count as those of that host, for all paths, until the session ends.
var Pairs = Format{
	name: "pairs", about: "a JSON object of names and values, only read; needs --url",
	sign: `a JSON object whose values are all strings, such as {"a": "1"}`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		for _, b := range h.keys {
			if b != '"' {
				return false
			}
		}
		return len(h.keys) > 0 && !h.inside
	}),
	read: readPairs,
}

func readPairs(in *bufio.Reader, o *Options, s *sink) error {
	if o.URL == nil {
		return errNoURL
	}
	scan := newScanner(in)
	if b, err := scan.peek(); err != nil || b != '{' {
		return errors.New("it is no JSON object")
	}
	n := 0
	err := scan.members(func(name string) error {
		n++
		at := place{unit: "line", n: scan.line, rest: fmt.Sprintf(", cookie %d", n)}
		raw, err := scan.value()
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		readNamed(at, name, raw, o, s)
		return err
	})
	if err != nil && s.Read > 0 {
		s.note(place{unit: "line", n: scan.line}, "what comes after: the file ends too early, or is no JSON")
		return nil
	}
	return err
}

// readNamed reads a cookie of an object: its name, with its value or with all its fields.
func readNamed(at place, name string, raw []byte, o *Options, s *sink) {
	var value string
	switch {
	case len(raw) > 0 && raw[0] == '{':
		readRecord(at, raw, o, s, func(r *record, c *jar.Cookie) { r.named(name, c) })
	case json.Unmarshal(raw, &value) != nil:
		s.leaveOut(at, &jar.Cookie{Name: name}, "its value is no string")
	case o.URL == nil:
		s.leaveOut(at, &jar.Cookie{Name: name}, errNoURL.Error())
	default:
		c := sentTo(name, value, o.URL)
		s.add(at, &c, guessed)
	}
}
