package preference

import (
	"errors"
	"strings"
)

// The value of the cookie is
//
//	preferences = "!" *pair
//	pair        = name mark value "."
//	name        = ALPHA *( ALPHA / DIGIT )      ; small letters
//	value       = 1*( ALPHA / DIGIT / "-" )
//	mark        = ":" / "~"                     ; chosen in this browser / merged with the user's
//
// Hardly any other cookie has a '!', so one search for it finds the value. Every pair ends with a dot, so a value that
// has been cut off shows. Pairs with names that nobody declares are dropped at the next write: they are preferences
// that the program once had. Of two pairs of a name the first counts.
const (
	sign       = '!'
	markChosen = ':'
	markMerged = '~'
)

type pair struct {
	name, value string
	merged      bool
}

// isWhole reports whether a text may be a value that has not been cut off.
func isWhole(text string) bool {
	return len(text) > 1 && len(text) <= largest && text[0] == sign && text[len(text)-1] == '.'
}

// find returns the value of the pair of a name, and whether the text may be whole. It looks at nothing after that pair.
func find(text, name string) (value string, found, whole bool) {
	if !isWhole(text) {
		return "", false, false
	}
	for at := 1; ; at++ {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return "", false, true
		}
		at += i
		end := at + len(name) // before the last dot, which is in no name
		if (at == 1 || text[at-1] == '.') && isMark(text[end]) {
			return upToDot(text[end+1:]), true, true
		}
	}
}

// upToDot returns what stands before the first dot, which is never far.
func upToDot(text string) string {
	for i := range len(text) {
		if text[i] == '.' {
			return text[:i]
		}
	}
	return text
}

// parse reads a whole value. A malformed one has no pairs.
func parse(text string) (pairs []pair, ok bool) {
	if !isWhole(text) {
		return nil, false
	}
	text = text[1:]
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, ".")
		p, ok := parsePair(one)
		if !ok {
			return nil, false
		}
		pairs = append(pairs, p)
	}
	return pairs, true
}

func parsePair(text string) (p pair, ok bool) {
	at := strings.IndexAny(text, ":~")
	if at < 0 || checkName(text[:at]) != nil || checkValue(text[at+1:]) != nil {
		return pair{}, false
	}
	return pair{text[:at], text[at+1:], text[at] == markMerged}, true
}

// render returns "" for no pairs.
func render(pairs []pair) string {
	if len(pairs) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte(sign)
	for _, p := range pairs {
		b.WriteString(p.name)
		if p.merged {
			b.WriteByte(markMerged)
		} else {
			b.WriteByte(markChosen)
		}
		b.WriteString(p.value)
		b.WriteByte('.')
	}
	return b.String()
}

func isMark(c byte) bool { return c == markChosen || c == markMerged }

var (
	errName  = errors.New("a name is 1 to 32 small letters and digits, and begins with a letter")
	errValue = errors.New("a value is 1 to 64 letters, digits and hyphens")
)

func checkName(name string) error {
	if name == "" || len(name) > 32 || isDigit(name[0]) {
		return errName
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || 'z' < c) && !isDigit(c) {
			return errName
		}
	}
	return nil
}

func checkValue(value string) error {
	if value == "" || len(value) > 64 {
		return errValue
	}
	for i := range len(value) {
		if c := value[i]; (c < 'a' || 'z' < c) && (c < 'A' || 'Z' < c) && !isDigit(c) && c != '-' {
			return errValue
		}
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
