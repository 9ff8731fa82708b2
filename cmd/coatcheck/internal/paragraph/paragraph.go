// Package paragraph sets text for terminals in lines of a width that people can read.
package paragraph

import (
	"strings"
	"unicode/utf8"
)

// width is the most columns of a line, but for words that are wider.
const width = 96

// Write writes a text after begin, with the lines that follow the first below it.
func Write(b *strings.Builder, begin, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(begin))
	b.WriteString(begin)
	at := len(indent)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	b.WriteByte('\n')
}
