// Package sarif writes findings as SARIF 2.1.0 (OASIS), for code hosts and editors.
package sarif

import (
	"encoding/json"
	"fmt"
	"io"
)

// A Rule is a possible fault. Level is note, warning or error.
type Rule struct{ ID, Short, Full, Level string }

// A Result is a fault that was found. Its texts are written as they are.
type Result struct {
	Rule    string // the ID of a rule
	Level   string // that of the rule, or another
	Message string
	URI     string // the place
	Line    int    // in it, from 1; 0 is unknown
	Column  int    // from 1; 0 is unknown
	Name    string // of what has the fault, of a kind such as cookie
	Kind    string
}

type (
	document struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}
	run struct {
		Tool struct {
			Driver driver `json:"driver"`
		} `json:"tool"`
		Results []result `json:"results"`
	}
	driver struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	}
	rule struct {
		ID     string `json:"id"`
		Short  text   `json:"shortDescription"`
		Full   text   `json:"fullDescription"`
		Config struct {
			Level string `json:"level"`
		} `json:"defaultConfiguration"`
	}
	text struct {
		Text string `json:"text"`
	}
	result struct {
		RuleID    string     `json:"ruleId"`
		RuleIndex int        `json:"ruleIndex"`
		Level     string     `json:"level"`
		Message   text       `json:"message"`
		Locations []location `json:"locations"`
	}
	location struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region *region `json:"region,omitempty"`
		} `json:"physicalLocation"`
		Logical []name `json:"logicalLocations"`
	}
	region struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn,omitempty"`
	}
	name struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
)

// Write writes one run of coatcheck. Every rule of a result is among the rules.
func Write(w io.Writer, rules []Rule, results []Result) error {
	r := run{Results: []result{}}
	r.Tool.Driver.Name = "coatcheck"
	index := map[string]int{}
	for i, one := range rules {
		index[one.ID] = i
		s := rule{ID: one.ID, Short: text{one.Short}, Full: text{one.Full}}
		s.Config.Level = one.Level
		r.Tool.Driver.Rules = append(r.Tool.Driver.Rules, s)
	}
	for _, one := range results {
		at := location{Logical: []name{{one.Name, one.Kind}}}
		at.Physical.Artifact.URI = one.URI
		if one.Line > 0 {
			at.Physical.Region = &region{one.Line, one.Column}
		}
		r.Results = append(r.Results,
			result{one.Rule, index[one.Rule], one.Level, text{one.Message}, []location{at}})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []run{r}}); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
