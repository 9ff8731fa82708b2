// Package visible shows text that a stranger may have chosen, such as the name of a user, so that nothing in it stays
// unseen or changes how the text around it reads.
//
// Escaped is what Unicode calls control and format characters, separators of lines and paragraphs, everything that
// draws nothing by default (zero-width characters, variation selectors, fillers), what has no meaning of its own
// (private use, not assigned) and what is not UTF-8. See Unicode Technical Reports 36 and 55, and OWASP ASVS 16.4.1.
package visible

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// looksEscaped finds what [Text] writes for an escaped character.
var looksEscaped = regexp.MustCompile(`\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})`)

// Text returns the text as Go writes it between quotes, \u202e, if there is something to escape in it or it looks as if
// there were; backslashes are then doubled. Otherwise it returns the text as it is. So two texts that differ look
// different. It does not escape for HTML, nor for anything else.
func Text(s string) string {
	if Plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + hex(uint64(s[i]), 2))
		case r == '\\':
			b.WriteString(`\\`)
		case shown(r):
			b.WriteRune(r)
		case r < 0x80:
			b.WriteString(`\x` + hex(uint64(r), 2))
		case r < 0x10000:
			b.WriteString(`\u` + hex(uint64(r), 4))
		default:
			b.WriteString(`\U` + hex(uint64(r), 8))
		}
		i += size
	}
	return b.String()
}

// Plain reports whether [Text] leaves the text as it is.
func Plain(s string) bool {
	for i, r := range s {
		if !shown(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return false
		}
	}
	return !looksEscaped.MatchString(s)
}

// JSON returns a JSON text of the same meaning in which nothing stays unseen: \u202e in a string is the character to
// whoever reads the JSON, and no more than text to a terminal. Spaces and line breaks between the values stay.
func JSON(text []byte) []byte {
	var out []byte // nil as long as nothing was to be escaped
	from := 0
	for i := 0; i < len(text); {
		if c := text[i]; ' ' <= c && c <= '~' { // as most
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r >= ' ' && !shown(r) {
			out = append(out, text[from:i]...)
			for _, unit := range utf16.Encode([]rune{r}) {
				out = append(out, `\u`+hex(uint64(unit), 4)...)
			}
			from = i + size
		}
		i += size
	}
	if out == nil {
		return text
	}
	return append(out, text[from:]...)
}

// shown reports whether a character can be seen: a letter, mark, number, sign or space.
func shown(r rune) bool {
	return unicode.IsGraphic(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func hex(n uint64, digits int) string {
	text := strconv.FormatUint(n, 16)
	return strings.Repeat("0", digits-len(text)) + text
}
