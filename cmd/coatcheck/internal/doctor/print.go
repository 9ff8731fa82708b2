package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/paragraph"
	"coatcheck.dev/store"
)

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
		paragraph.Write(b, "  "+sign+" ", f.What)
		paragraph.Write(b, "    ", f.Means)
		if f.Fix != "" {
			paragraph.Write(b, "    → ", f.Fix)
		}
	}
}
