package format

import (
	"bufio"
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"coatcheck.dev/jar"
)

// ToughStore is the file of tough-cookie-file-store and of the stores before it: objects within objects, by domain,
// path and name, with the cookies of [ToughCookie] inside.
var ToughStore = Format{
	name: "tough-cookie-file-store", about: "the file of tough-cookie-file-store for Node.js, only read",
	sign:  `a JSON object by domain, path and name, with cookies that have a "value"`,
	sniff: sniffToughStore, read: readToughStore,
}

// A toughPlace is where a cookie is in the file.
type toughPlace struct{ domain, path, key string }

// sniffToughStore looks for a cookie under a path.
func sniffToughStore(head []byte) (found bool) {
	scan := newScanner(bufio.NewReader(bytes.NewReader(head)))
	if first, err := scan.peek(); err != nil || first != '{' {
		return false
	}
	_ = scan.tough(nil, func(at toughPlace, raw []byte) { // the head ends anywhere
		if !found && strings.HasPrefix(at.path, "/") {
			r, err := parseRecord(raw)
			found = err == nil && r.has("value")
		}
	})
	return found
}

func readToughStore(in *bufio.Reader, o *Options, s *sink) error {
	scan := newScanner(in)
	if first, err := scan.peek(); err != nil || first != '{' {
		return errNoList
	}
	n := 0
	err := scan.tough(func(at place) {
		s.leaveOut(at, nil, "it is no object, where cookies by their path and name should be")
	}, func(of toughPlace, raw []byte) {
		n++
		at := place{unit: "line", n: scan.line, rest: fmt.Sprintf(", cookie %d", n)}
		host := *o
		host.URL = &url.URL{Scheme: "http", Host: of.domain}
		readRecord(at, raw, &host, s, func(r *record, c *jar.Cookie) {
			r.toughCookie(c)
			of.fill(r, c)
		})
	})
	return scan.end(err, s, nil)
}

// fill gives a cookie what it does not say itself.
func (of toughPlace) fill(r *record, c *jar.Cookie) {
	if !r.has("key") && !r.has("name") {
		r.named(of.key, c)
	}
	if r.text("path") == "" {
		c.Path = of.path
	}
}

// tough calls visit with each cookie of a store, and odd with what is no object by path and name; nil is for nobody.
func (s *jsonScanner) tough(odd func(place), visit func(toughPlace, []byte)) error {
	inside := func(f func(key string) error) error {
		b, err := s.peek()
		switch {
		case err != nil:
			return err
		case b == '{':
			return s.members(f)
		case odd != nil:
			odd(place{unit: "line", n: s.line})
		}
		return s.skip()
	}
	return inside(func(domain string) error {
		return inside(func(path string) error {
			return inside(func(key string) error {
				raw, err := s.value()
				switch err {
				case errTooLarge:
					raw = nil
				case nil:
				default:
					return err
				}
				visit(toughPlace{domain, path, key}, raw)
				return nil
			})
		})
	})
}
