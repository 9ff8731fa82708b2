package audit

import (
	"io"

	"coatcheck.dev/internal/sarif"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/lint"
)

// WriteSARIF writes the drift and the findings of package lint as SARIF 2.1.0. The place of an item is who put it
// there: a script with line, or a response; else the page on which it was first seen.
func (a *Audit) WriteSARIF(w io.Writer) error {
	var rules []sarif.Rule
	for _, r := range Rules {
		rules = append(rules, sarif.Rule{ID: r.ID, Short: r.Title, Full: r.Text, Level: "error"})
	}
	for _, r := range lint.Rules() {
		rules = append(rules, sarif.Rule{ID: r.ID, Short: r.Title, Full: r.Text + " " + r.Citation + ".",
			Level: r.Severity.String()})
	}
	var results []sarif.Result
	for _, i := range a.Items {
		name := visible.Text(i.Name)
		for _, p := range i.Problems {
			r := sarif.Result{Rule: p.Rule, Level: "error", Message: string(i.Kind) + " " + name + ": " + p.Message,
				URI: i.First.Page, Name: name, Kind: string(i.Kind)}
			if len(i.Sources) > 0 {
				r.URI, r.Line, r.Column = i.Sources[0].URL, i.Sources[0].Line, i.Sources[0].Column
			}
			results = append(results, r)
		}
	}
	for _, f := range a.faults() {
		name := visible.Text(f.Cookie)
		results = append(results, sarif.Result{Rule: f.Rule, Level: f.Severity,
			Message: name + ": " + visible.Text(f.Message), URI: f.URL, Name: name, Kind: "cookie"})
	}
	return sarif.Write(w, rules, results)
}
