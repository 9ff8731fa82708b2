package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// The lengths in bytes up to which a value is held. A longer string is cut, which leaves cookies and URLs too long for
// any browser; a longer entry is left out.
const (
	maxString = 32 << 10
	maxValue  = 16 << 20
)

// maxDepth bounds the objects that are walked into. Values are skipped whatever their depth.
const maxDepth = 8

// errTooLarge says that a value is longer than maxValue.
var errTooLarge = fmt.Errorf("it has more than %d bytes", maxValue)

// A jsonScanner walks through JSON of any length and holds one entry of it at a time. It only finds where values begin
// and end, by their brackets and quotes, so that a value with an error in it spoils none of its neighbours.
type jsonScanner struct {
	in   *bufio.Reader
	line int             // of the next byte, from 1
	drop map[string]bool // the keys whose values are read as null, to save time and memory

	// Of the arrays of this key only the objects with a wanted string are kept, to save time and memory.
	sieve  string
	wanted func(text []byte) bool

	kept []byte // the last value
}

func newScanner(in *bufio.Reader) *jsonScanner { return &jsonScanner{in: in, line: 1} }

// buffered returns what has been read ahead, at least a byte of it. The end of the input is io.EOF.
func (s *jsonScanner) buffered() ([]byte, error) {
	if s.in.Buffered() == 0 {
		if _, err := s.in.Peek(1); err != nil {
			return nil, err
		}
	}
	return s.in.Peek(s.in.Buffered())
}

// peek skips white space and comments, and returns the next byte. The end of the input is io.ErrUnexpectedEOF.
func (s *jsonScanner) peek() (byte, error) {
	for {
		text, err := s.buffered()
		if err == io.EOF {
			return 0, io.ErrUnexpectedEOF
		} else if err != nil {
			return 0, err
		}
		n := 0
		for n < len(text) && isSpace(text[n]) {
			if text[n] == '\n' {
				s.line++
			}
			n++
		}
		if n == len(text) {
			s.in.Discard(n)
			continue
		}
		b := text[n]
		s.in.Discard(n)
		if b != '/' || !s.comment() {
			return b, nil
		}
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// comment skips a comment: // to the end of the line, or /* to the next */. JSON has none, but editors and people write
// them (JSONC). It reports whether there is one. One without an end goes to the end of the file.
func (s *jsonScanner) comment() bool {
	begin, _ := s.in.Peek(2)
	line := string(begin) == "//"
	if !line && string(begin) != "/*" {
		return false
	}
	s.in.Discard(2)
	for before := byte(0); ; {
		b, err := s.in.ReadByte()
		if err != nil {
			return true // the next read has the same error
		}
		if b == '\n' {
			s.line++
		}
		if line && (b == '\n' || b == '\r') || !line && before == '*' && b == '/' {
			return true
		}
		before = b
	}
}

// punctuation skips bytes of the set, and returns the next one.
func (s *jsonScanner) punctuation(set string) (byte, error) {
	for {
		b, err := s.peek()
		if err != nil || bytes.IndexByte([]byte(set), b) < 0 {
			return b, err
		}
		s.in.Discard(1)
	}
}

// members calls f with each key of an object. f consumes the value.
func (s *jsonScanner) members(f func(key string) error) error {
	s.in.Discard(1)
	for {
		switch b, err := s.punctuation(","); {
		case err != nil:
			return err
		case b == '}':
			s.in.Discard(1)
			return nil
		case b != '"':
			return s.syntax(b)
		}
		raw, err := s.value()
		if err != nil {
			return err
		}
		var key string
		if err := json.Unmarshal(raw, &key); err != nil {
			return fmt.Errorf("line %d: %w", s.line, err)
		}
		if b, err := s.peek(); err != nil {
			return err
		} else if b != ':' {
			return s.syntax(b)
		}
		s.in.Discard(1)
		if err := f(key); err != nil {
			return err
		}
	}
}

// elements calls f with the number of each element of an array, from 1. f consumes the value.
func (s *jsonScanner) elements(f func(n int) error) error {
	s.in.Discard(1)
	for n := 1; ; n++ {
		switch b, err := s.punctuation(","); {
		case err != nil:
			return err
		case b == ']':
			s.in.Discard(1)
			return nil
		case b == '}' || b == ':':
			return s.syntax(b)
		}
		if err := f(n); err != nil {
			return err
		}
	}
}

func (s *jsonScanner) syntax(b byte) error {
	return fmt.Errorf("line %d: there is a %q too many", s.line, b)
}

// skip consumes a value.
func (s *jsonScanner) skip() error {
	if s.glance(nil) {
		return nil
	}
	return s.scan(false)
}

// glance consumes an object or an array at once, if it is buffered as a whole and has no string that is wanted.
func (s *jsonScanner) glance(wanted func([]byte) bool) bool {
	text, err := s.buffered()
	if err != nil {
		return false
	}
	end, found := extent(text, wanted)
	if end == 0 || found {
		return false
	}
	s.line += bytes.Count(text[:end], []byte{'\n'})
	s.in.Discard(end)
	return true
}

// value consumes a value and returns it, until the next call. Strings over maxString are cut.
func (s *jsonScanner) value() ([]byte, error) {
	s.kept = s.kept[:0]
	err := s.scan(true)
	if err == nil && len(s.kept) > maxValue {
		err = errTooLarge
	}
	return s.kept, err
}

func (s *jsonScanner) keep(text ...byte) {
	if len(s.kept) <= maxValue {
		s.kept = append(s.kept, text...)
	}
}

// keepPunctuation leaves out a comma before the end of an object or an array, as people and JavaScript write it.
func (s *jsonScanner) keepPunctuation(b byte) {
	if n := len(s.kept); (b == '}' || b == ']') && n > 0 && n <= maxValue && s.kept[n-1] == ',' {
		s.kept = s.kept[:n-1]
	}
	s.keep(b)
}

// scan consumes a value: a string, or all to the bracket that closes the first one, or else to the next delimiter.
func (s *jsonScanner) scan(keep bool) error {
	depth, key := 0, 0
	for {
		b, err := s.peek()
		if err != nil {
			return err
		}
		switch b {
		case '"':
			key = len(s.kept)
			if err := s.scanString(keep); err != nil {
				return err
			}
		case '{', '[', '}', ']', ',', ':':
			if depth == 0 && b != '{' && b != '[' {
				return s.syntax(b)
			}
			s.in.Discard(1)
			if keep {
				s.keepPunctuation(b)
			}
			switch b {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			case ':':
				if keep {
					if err := s.skim(s.kept[min(key, len(s.kept)):]); err != nil {
						return err
					}
				}
			}
		default:
			if err := s.scanWord(keep); err != nil {
				return err
			}
		}
		if depth <= 0 {
			return nil
		}
	}
}

// skim consumes a value of which not all is kept. Its key stands in text, with its quotes and its colon.
func (s *jsonScanner) skim(text []byte) error {
	switch {
	case len(text) <= 3:
	case s.drop[string(text[1:len(text)-2])]:
		if _, err := s.peek(); err != nil {
			return err
		}
		s.keep([]byte("null")...)
		return s.skip()
	case s.wanted != nil && string(text[1:len(text)-2]) == s.sieve:
		if b, err := s.peek(); err != nil || b != '[' {
			return err
		}
		s.keep('[')
		err := s.elements(func(int) error { return s.sift() })
		s.keepPunctuation(']')
		return err
	}
	return nil
}

// sift consumes an element, and keeps it unless it is an object that nobody wants.
func (s *jsonScanner) sift() error {
	if s.glance(s.wanted) {
		return nil
	}
	begin := len(s.kept)
	if err := s.scan(true); err != nil {
		return err
	}
	if begin < len(s.kept) && s.kept[begin] == '{' {
		if _, found := extent(s.kept[begin:], s.wanted); !found {
			s.kept = s.kept[:begin]
			return nil
		}
	}
	s.keep(',')
	return nil
}

// extent returns the length of the object or array at the beginning of a text, and whether one of its strings is
// wanted; nil wants none. The length is 0 if the text begins with something else, ends too early or has a comment.
func extent(text []byte, wanted func([]byte) bool) (end int, found bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, found
			}
		case '"':
			escaped := false
			n, closed := stringEnd(text[i+1:], &escaped)
			if !closed {
				return 0, found
			}
			found = found || wanted != nil && wanted(text[i+1:i+n])
			i += n
		case '/':
			return 0, found
		}
		if depth == 0 {
			return 0, found
		}
	}
	return 0, found
}

// scanWord consumes a number, true, false, null, or what should be one of these.
func (s *jsonScanner) scanWord(keep bool) error {
	for {
		text, err := s.buffered()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		n := 0
		for n < len(text) && !endsWord(text[n]) {
			n++
		}
		if keep {
			s.keep(text[:n]...)
		}
		if n == len(text) {
			s.in.Discard(n)
			continue
		}
		b := text[n]
		s.in.Discard(n)
		switch {
		case b == '/' && !s.comment():
			s.in.Discard(1)
			if keep {
				s.keep(b)
			}
			continue
		case keep && (b == '/' || isSpace(b)):
			s.keep(' ') // what stands behind is another word, and wrong
		}
		return nil
	}
}

func endsWord(b byte) bool {
	switch b {
	case ' ', '\t', '\r', '\n', '{', '[', '}', ']', ',', ':', '"', '/':
		return true
	}
	return false
}

// scanString consumes a string by the buffer, because the bodies in an archive are long.
func (s *jsonScanner) scanString(keep bool) error {
	s.in.Discard(1)
	begin := len(s.kept)
	if keep {
		s.keep('"')
	}
	escaped := false
	for {
		chunk, err := s.buffered()
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		n, closed := stringEnd(chunk, &escaped)
		if room := maxString - (len(s.kept) - begin); keep && room > 0 && len(s.kept) <= maxValue {
			s.keep(chunk[:min(n, room)]...)
		}
		s.line += bytes.Count(chunk[:n], []byte{'\n'})
		s.in.Discard(n)
		if closed {
			if keep && len(s.kept)-begin >= maxString {
				s.kept = append(s.kept[:begin+len(trimEscape(s.kept[begin:]))], '"')
			}
			return nil
		}
	}
}

// stringEnd returns how much of a chunk belongs to a string, and whether the string ends there. escaped says whether a
// backslash stands before the chunk, or at its end.
func stringEnd(chunk []byte, escaped *bool) (n int, closed bool) {
	if quote := bytes.IndexByte(chunk, '"'); !*escaped && quote >= 0 && bytes.IndexByte(chunk[:quote], '\\') < 0 {
		return quote + 1, true // nearly always
	}
	for n < len(chunk) && !closed {
		switch b := chunk[n]; {
		case *escaped:
			*escaped = false
		case b == '\\':
			*escaped = true
		case b == '"':
			closed = true
		}
		n++
	}
	return n, closed
}

// trimEscape takes what may be half an escape sequence from the end of a string.
func trimEscape(text []byte) []byte {
	const longest = len(`\ud83d\ude00`)
	i := bytes.IndexByte(text[len(text)-longest:], '\\')
	if i < 0 {
		return text
	}
	for i += len(text) - longest; i > 0 && text[i-1] == '\\'; {
		i--
	}
	return text[:i]
}
