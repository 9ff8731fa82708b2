package format

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A jsonShape is a file of JSON in which entries stand in an array: the file itself, or that of a key.
type jsonShape struct {
	list  string                                // the key of the array
	entry func(at place, raw []byte)            // an entry
	named func(key string, raw []byte)          // an entry of an object in place of the array; nil if there is none
	other map[string]func(at place, raw []byte) // other keys that matter
	inner map[string]bool                       // keys of objects that may have the array inside
	any   bool                                  // any key may have it, or an object with it, as long as it has cookies
	page  func(at place, raw []byte)            // a page of an array of those; nil if there are none
	sites bool                                  // it has pages with their cookies, in place of cookies
	drop  map[string]bool                       // keys within entries whose values are skipped
	sieve string                                // key of arrays within entries, of which some objects are skipped
	want  func(text []byte) bool                // whether a string in an object makes it one of the others

	seen func(key string) // is called with the keys of the objects on the way; nil for nobody
	key  string           // the key of the array whose entries are read
	come func() bool      // whether anything has been read; nil means that the sink knows
}

// errNoList says that a file has no entries of the kind.
var errNoList = errors.New("there are no cookies in it")

// walk reads a file. What stands behind an error in the structure is reported as lost; it is an error if nothing has
// been read before.
func (shape *jsonShape) walk(in *bufio.Reader, s *sink) error {
	scan := newScanner(in)
	scan.drop, scan.sieve, scan.wanted = shape.drop, shape.sieve, shape.want
	found := false
	err := shape.value(scan, "", &found, 0)
	if err == nil && !found {
		err = errNoList
	}
	return scan.end(err, s, shape.come)
}

// end tells what becomes of a file that has been walked through up to an error, nil for all of it. come says whether
// anything has been read; nil means that the sink knows.
func (s *jsonScanner) end(err error, to *sink, come func() bool) error {
	switch {
	case err == nil:
		if _, end := s.peek(); end == nil {
			to.note(place{unit: "line", n: s.line}, "the file goes on after its end, and the rest is not read")
		}
		return nil
	case err == errNoList:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("line %d: the file ends too early: %w", s.line, io.ErrUnexpectedEOF)
	}
	if to.Read+to.Expired == 0 && (come == nil || !come()) {
		return err
	}
	to.note(place{}, "what comes after: "+err.Error())
	return nil
}

// value walks into an array, and into objects on the way to it.
func (shape *jsonShape) value(scan *jsonScanner, key string, found *bool, depth int) error {
	b, err := scan.peek()
	if err != nil {
		return err
	}
	switch at := key == shape.list || depth == 0; {
	case b == '[' && (at || shape.any && shape.other[key] == nil && shape.holds(scan, key)):
		*found, shape.key = true, key
		return scan.elements(func(n int) error { return element(scan, n, shape.entry) })
	case b == '[' && shape.page != nil && shape.other[key] == nil && holdsSites(scan):
		*found = true
		return scan.elements(func(n int) error { return element(scan, n, shape.page) })
	case b == '{' && at && depth > 0 && shape.named != nil:
		*found = true
		return scan.members(func(key string) error {
			raw, err := scan.value()
			if err == nil {
				shape.named(key, raw)
			}
			return err
		})
	case b == '{' && depth < maxDepth && (depth == 0 || shape.inner[key] || shape.any && shape.other[key] == nil):
		if shape.seen != nil {
			shape.seen(key)
		}
		return scan.members(func(key string) error { return shape.value(scan, key, found, depth+1) })
	case shape.other[key] != nil:
		at := place{unit: "line", n: scan.line}
		raw, err := scan.value()
		if err == nil || err == errTooLarge {
			shape.other[key](at, raw)
			return nil
		}
		return err
	case at:
		return fmt.Errorf("line %d: there is %s where an array of cookies should be", scan.line, jsonKind(b))
	}
	return scan.skip()
}

// holds reports whether the array of a key has entries, where any key may have it.
func (shape *jsonShape) holds(scan *jsonScanner, key string) bool {
	if shape.sites {
		return holdsSites(scan)
	}
	return hostURL(key) != nil || holdsCookies(scan)
}

// element reads an element of an array.
func element(scan *jsonScanner, n int, entry func(at place, raw []byte)) error {
	at := place{unit: "line", n: scan.line, rest: fmt.Sprintf(", entry %d", n)}
	raw, err := scan.value()
	switch {
	case err == errTooLarge:
		entry(at, nil)
	case errors.Is(err, io.ErrUnexpectedEOF):
		entry(at, raw)
		return err
	case err != nil:
		return err
	default:
		entry(at, raw)
	}
	return nil
}

// jsonKind names what begins with b.
func jsonKind(b byte) string {
	switch b {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	}
	return "a word"
}
