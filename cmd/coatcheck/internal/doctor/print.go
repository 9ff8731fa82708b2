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
	for _, section := range []paragraph.Section{
		r.section(store.Danger, "Dangerous", "✗"),
		r.section(store.Limit, "Not promised", "!"),
		r.section(store.Unknown, "Unknown", "?"),
		r.section(store.Good, "As it should be", "✓"),
	} {
		section.Write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// section has the findings of a severity. For good ones a glance is enough.
func (r *Report) section(severity store.Severity, title, sign string) paragraph.Section {
	s := paragraph.Section{Title: title, Sign: sign}
	for _, f := range r.Findings {
		switch {
		case f.Severity != severity.String():
		case severity == store.Good:
			s.Add("", "", f.What)
		default:
			s.Add("", f.Fix, f.What, f.Means)
		}
	}
	return s
}
