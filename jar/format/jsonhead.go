package format

import (
	"bufio"
	"bytes"
)

// A jsonHead is what the beginning of a JSON file shows.
type jsonHead struct {
	array  bool            // the file is an array, and no object
	keys   map[string]byte // of the object, with the first byte of their values
	entry  map[string]byte // of the first entries: of the array, of that under cookies, or of one further inside
	entrys bool            // there is an entry
	pairs  bool            // an object in the file has a string
	sites  bool            // an array further inside has pages with their cookies
	inside bool            // the entries are further inside, or the file is one of them
}

// readHead reads as far as the head reaches. It is not ok if the file is no JSON.
func readHead(head []byte) (h jsonHead, ok bool) {
	scan := newScanner(bufio.NewReader(bytes.NewReader(head)))
	first, err := scan.peek() // behind comments
	if err != nil || first != '{' && first != '[' {
		return h, false
	}
	h.array, h.keys, h.entry = first == '[', map[string]byte{}, map[string]byte{}
	if h.array {
		h.readEntry(scan)
		return h, true
	}
	scan.members(func(key string) error {
		b, err := scan.peek()
		if err != nil {
			return err
		}
		h.keys[key] = b
		if key == "cookies" && b == '[' {
			return h.readEntry(scan)
		}
		return h.look(scan, key, b, 1)
	})
	if h.entrys {
		return h, true
	}
	if one := (&jsonHead{entry: h.keys}); one.cookies() {
		h.entry, h.entrys, h.inside = h.keys, true, true
	}
	return h, true
}

// look goes through a value in search of an array of cookies, such as that of an answer {"data": [...]}.
func (h *jsonHead) look(scan *jsonScanner, key string, b byte, depth int) error {
	switch {
	case h.entrys || key == "origins": // what an origin stores is no cookie
	case b == '[' && holdsCookies(scan):
		h.inside = true
		return h.readEntry(scan)
	case b == '[' && holdsSites(scan):
		h.sites = true
	case b == '{' && depth < maxDepth:
		return scan.members(func(key string) error {
			b, err := scan.peek()
			if err != nil {
				return err
			}
			h.pairs = h.pairs || depth == 1 && b == '"'
			return h.look(scan, key, b, depth+1)
		})
	}
	return scan.skip()
}

// holdsCookies reports whether the array that comes next has cookies in it, by the names of their fields.
func holdsCookies(scan *jsonScanner) bool { return entriesAhead(scan).cookies() }

// holdsSites reports whether it has pages with their cookies.
func holdsSites(scan *jsonScanner) bool {
	h := entriesAhead(scan)
	return holdsList(h.entry["cookies"]) && !h.has("name")
}

// entriesAhead looks into the array that comes next.
func entriesAhead(scan *jsonScanner) *jsonHead {
	text, _ := scan.in.Peek(headSize)
	h := &jsonHead{entry: map[string]byte{}}
	h.readEntry(newScanner(bufio.NewReader(bytes.NewReader(text))))
	return h
}

// cookies reports whether the entries are cookies.
func (h *jsonHead) cookies() bool {
	return (h.has("name") || h.has("key", "domain")) && !h.holds("name") && (h.has("domain") || h.has("host") ||
		h.has("value") && (h.has("path") || h.has("url") || h.has("expires") || h.has("httpOnly")))
}

// holds reports whether the field of the first entries is an object or an array.
func (h *jsonHead) holds(key string) bool { return h.entry[key] == '{' || h.entry[key] == '[' }

func (h *jsonHead) readEntry(scan *jsonScanner) error {
	return scan.elements(func(n int) error {
		b, err := scan.peek()
		if err != nil || b != '{' || n > 8 {
			return scan.skip()
		}
		h.entrys = true
		return scan.members(func(key string) error {
			b, err := scan.peek()
			if err != nil {
				return err
			}
			h.entry[key] = b
			return scan.skip()
		})
	})
}

// sniffJSON tells a format by the head of its files.
func sniffJSON(match func(h *jsonHead) bool) func([]byte) bool {
	return func(head []byte) bool {
		h, ok := readHead(head)
		return ok && match(&h)
	}
}

// has reports whether all of the keys are in the first entries.
func (h *jsonHead) has(keys ...string) bool {
	for _, key := range keys {
		if h.entry[key] == 0 {
			return false
		}
	}
	return true
}

// list reports whether the file is an array of cookies, by the names of their fields, or has one somewhere inside.
func (h *jsonHead) list() bool { return (h.array || h.inside) && h.has("name") }
