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
	r.section(&b, Dangerous, "Dangerous", "✗")
	r.section(&b, Unknown, "Unknown", "?")
	r.section(&b, OK, "As it should be", "✓")
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) section(b *strings.Builder, status Status, title, sign string) {
	began := false
	for _, f := range r.Findings {
		if f.Status != status {
			continue
		}
		if !began {
			fmt.Fprintf(b, "\n%s\n", title)
			began = true
		}
		begin := fmt.Sprintf("  %s %-20s ", sign, f.Name)
		if status == OK { // a glance is enough
			paragraph.Write(b, begin, visible.Text(f.Got))
			continue
		}
		paragraph.Write(b, begin, f.Tried)
		paragraph.Write(b, "    ", visible.Text(f.Got))
		if f.Fix != "" {
			paragraph.Write(b, "    → ", f.Fix)
		}
	}
}
