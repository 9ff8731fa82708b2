package format

import (
	"bufio"
	"bytes"
)

// A jsonHead is what the beginning of a JSON file shows.
type jsonHead struct {
	array  bool            // the file is an array, and no object
	keys   map[string]byte // of the object, with the first byte of their values
	entry  map[string]byte // of the first entry: of the array, or of that under cookies
	entrys bool            // there is an entry
}

// readHead reads as far as the head reaches. It is not ok if the file is no JSON.
func readHead(head []byte) (h jsonHead, ok bool) {
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return h, false
	}
	h.array, h.keys, h.entry = text[0] == '[', map[string]byte{}, map[string]byte{}
	scan := newScanner(bufio.NewReader(bytes.NewReader(text)))
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
		return scan.skip()
	})
	return h, true
}

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

// list reports whether the file is an array of cookies, by the names of their fields.
func (h *jsonHead) list() bool { return h.array && h.has("name") }
