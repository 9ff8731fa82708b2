package lint

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes the report for people, in colour or not. It shows every cookie, with or without findings.
func (r *Report) WriteText(w io.Writer, colour bool) error {
	b := bufio.NewWriter(w)
	for i := range r.Cookies {
		r.Cookies[i].view().writeText(b, colour)
	}
	r.writeTable(b)
	fmt.Fprintf(b, "%s: %s, %s, %s.\n", many(len(r.Cookies), "cookie"), many(r.count(Error), "error"),
		many(r.count(Warning), "warning"), many(r.count(Note), "note"))
	if r.Truncated {
		fmt.Fprintf(b, "There are more cookies; only %d were looked at.\n", MaxCookies)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// writeTable writes a row for each cookie, however many responses set it: what became of it in each browser in the end.
// One cookie needs no table.
func (r *Report) writeTable(b *bufio.Writer) {
	type key struct{ name, host, path string }
	rows := map[key][]string{}
	var order []key
	for i := range r.Cookies {
		c := &r.Cookies[i]
		stored := c.stored()
		k := key{clean(cmp.Or(c.Line.Name, "(no name)")), clean(stored.Domain), clean(stored.Path)}
		if rows[k] == nil {
			order = append(order, k)
		}
		verdicts := make([]string, 0, len(c.Outcomes))
		for j := range c.Outcomes {
			verdicts = append(verdicts, c.Outcomes[j].view().Verdict)
		}
		rows[k] = verdicts
	}
	if len(order) < 2 {
		return
	}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "cookie\thost\tpath")
	for _, browser := range Browsers {
		fmt.Fprintf(table, "\t%s", browser)
	}
	for _, k := range order {
		fmt.Fprintf(table, "\n%s\t%s\t%s\t%s", k.name, k.host, k.path, strings.Join(rows[k], "\t"))
	}
	fmt.Fprint(table, "\n\n")
	table.Flush()
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// count returns the number of findings of exactly this severity.
func (r *Report) count(s Severity) int { return r.Count(s) - r.Count(s+1) }

// SGR sequences of terminals (ECMA-48).
var colours = map[string]string{"error": "\x1b[31m", "warning": "\x1b[33m", "note": "\x1b[36m", "dropped": "\x1b[31m",
	"kept": "\x1b[32m", "name": "\x1b[1m"}

func (v view) writeText(b *bufio.Writer, colour bool) {
	paint := func(what, text string) string {
		if !colour || colours[what] == "" {
			return text
		}
		return colours[what] + text + "\x1b[0m"
	}
	fmt.Fprintf(b, "%s  %s", paint("name", cmp.Or(v.Name, "(no name)")), v.URL)
	if v.In != "" {
		fmt.Fprintf(b, " in %s", v.In)
	}
	b.WriteByte('\n')
	fmt.Fprintf(b, "  written   %s\n", v.Line)
	for _, o := range v.Browsers {
		fmt.Fprintf(b, "  %-9s %s", o.Browser, paint(o.Verdict, o.Verdict))
		if o.Reason != "" {
			fmt.Fprintf(b, ": %s (%s)", o.Reason, o.Section)
		}
		if o.Unverified {
			b.WriteString(" (unverified)")
		}
		b.WriteByte('\n')
	}
	for _, c := range v.Changes {
		fmt.Fprintf(b, "  stored    %s: %s → %s\n", c.Attribute, cmp.Or(c.Written, "(not written)"), c.Stored)
	}
	for _, warning := range v.Warnings {
		fmt.Fprintf(b, "  warns     %s\n", warning)
	}
	for _, f := range v.Findings {
		fmt.Fprintf(b, "  %s  %s: %s [%s]\n", paint(f.Severity, fmt.Sprintf("%-8s", f.Severity)), f.Rule, f.Message,
			f.Citation)
	}
	if v.Fix != nil {
		fmt.Fprintf(b, "  fix       Set-Cookie: %s\n  in Go     %s\n", v.Fix.Header, v.Fix.Go)
	}
	b.WriteByte('\n')
}

// WriteJSON writes the report as one JSON object:
//
//	{"version": 1, "cookies": [{"url", "in", "name", "line", "browsers": […], "changes": […], "findings": […],
//	 "fix": {…}}, …], "truncated": false}
//
// Fields may be added. The version changes when one gets another meaning.
func (r *Report) WriteJSON(w io.Writer) error {
	views := make([]view, len(r.Cookies))
	for i := range r.Cookies {
		views[i] = r.Cookies[i].view()
	}
	return writeJSON(w, struct {
		Version   int    `json:"version"`
		Cookies   []view `json:"cookies"`
		Truncated bool   `json:"truncated"`
	}{1, views, r.Truncated})
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
