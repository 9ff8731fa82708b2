package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"coatcheck.dev/store"
)

// width is the most columns of a line, but for words that are wider.
const width = 96

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Store     %s\nServer    %s\n", r.Store, r.Server)
	if r.Made {
		fmt.Fprintf(&b, "Sessions  %d\nAnswers   in %.2g ms\n", r.Sessions, r.Answer)
	} else {
		b.WriteString("Sessions  none: the tables are made when coatcheck serve starts\n")
	}
	r.section(&b, store.Danger, "Dangerous", "✗")
	r.section(&b, store.Limit, "Not promised", "!")
	r.section(&b, store.Unknown, "Unknown", "?")
	r.section(&b, store.Good, "As it should be", "✓")
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) section(b *strings.Builder, severity store.Severity, title, sign string) {
	first := true
	for _, f := range r.Findings {
		if f.Severity != severity.String() {
			continue
		}
		if first {
			fmt.Fprintf(b, "\n%s\n", title)
			first = false
		}
		if severity == store.Good { // a glance is enough
			fmt.Fprintf(b, "  %s %s\n", sign, f.What)
			continue
		}
		wrap(b, "  "+sign+" ", f.What)
		wrap(b, "    ", f.Means)
		if f.Fix != "" {
			wrap(b, "    → ", f.Fix)
		}
	}
}

// wrap writes text in lines of that width, each below the first.
func wrap(b *strings.Builder, begin, text string) {
	indent := strings.Repeat(" ", len([]rune(begin)))
	b.WriteString(begin)
	at := len(indent)
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
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
