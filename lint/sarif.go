package lint

import (
	"cmp"
	"io"
)

// The parts of SARIF 2.1.0 (OASIS) that a report needs.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID     string    `json:"id"`
		Short  sarifText `json:"shortDescription"`
		Full   sarifText `json:"fullDescription"`
		Config struct {
			Level string `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
		} `json:"physicalLocation"`
		Logical []sarifName `json:"logicalLocations"`
	}
	sarifName struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
)

// WriteSARIF writes the findings as SARIF 2.1.0, for code hosts and editors. The place of a finding is the URL that
// set the cookie.
func (r *Report) WriteSARIF(w io.Writer) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver.Name = "coatcheck"
	index := map[string]int{}
	for i, rule := range rules {
		index[rule.ID] = i
		s := sarifRule{ID: rule.ID, Short: sarifText{rule.Title},
			Full: sarifText{rule.Text + " " + rule.Citation + "."}}
		s.Config.Level = rule.Severity.String()
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, s)
	}
	for i := range r.Cookies {
		v := r.Cookies[i].view()
		at := sarifLocation{Logical: []sarifName{{Name: cmp.Or(v.Name, "(no name)"), Kind: "cookie"}}}
		at.Physical.Artifact.URI = page(r.Cookies[i].URL)
		for _, f := range v.Findings {
			run.Results = append(run.Results, sarifResult{f.Rule, index[f.Rule], f.Severity,
				sarifText{cmp.Or(v.Name, "(no name)") + ": " + f.Message}, []sarifLocation{at}})
		}
	}
	return writeJSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}
