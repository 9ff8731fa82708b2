package lint

import (
	"cmp"
	"io"

	"coatcheck.dev/internal/sarif"
)

// WriteSARIF writes the findings as SARIF 2.1.0, for code hosts and editors. The place of a finding is the URL that
// set the cookie.
func (r *Report) WriteSARIF(w io.Writer) error { return sarif.Write(w, sarifRules(), r.sarif()) }

func sarifRules() (list []sarif.Rule) {
	for _, rule := range rules {
		list = append(list, sarif.Rule{ID: rule.ID, Short: rule.Title, Full: rule.Text + " " + rule.Citation + ".",
			Level: rule.Severity.String()})
	}
	return list
}

func (r *Report) sarif() (list []sarif.Result) {
	for i := range r.Cookies {
		v := r.Cookies[i].view()
		name := cmp.Or(v.Name, "(no name)")
		for _, f := range v.Findings {
			list = append(list, sarif.Result{Rule: f.Rule, Level: f.Severity, Message: name + ": " + f.Message,
				URI: page(r.Cookies[i].URL), Name: name, Kind: "cookie"})
		}
	}
	return list
}
