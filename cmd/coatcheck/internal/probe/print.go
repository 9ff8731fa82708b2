package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/paragraph"
	"coatcheck.dev/internal/visible"
)

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// WriteText writes the report for people: what to act on first.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Site      %s\nRequests  %d\n", r.Site, r.Requests)
	for _, section := range []paragraph.Section{
		r.section(Dangerous, "Dangerous", "✗"),
		r.section(Unknown, "Unknown", "?"),
		r.section(OK, "As it should be", "✓"),
	} {
		section.Write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// section has the findings of a status. For good ones a glance is enough.
func (r *Report) section(status Status, title, sign string) paragraph.Section {
	s := paragraph.Section{Title: title, Sign: sign}
	for _, f := range r.Findings {
		got := visible.Text(f.Got)
		switch {
		case f.Status != status:
		case status == OK:
			s.Add(f.Name, "", got)
		default:
			s.Add(f.Name, f.Fix, f.Tried, got)
		}
	}
	return s
}
