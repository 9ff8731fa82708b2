package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"coatcheck.dev/lint"
)

// Fault is a finding of package lint, once for a cookie however often it was set.
type Fault struct {
	Cookie   string `json:"cookie"`
	URL      string `json:"url"`
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Citation string `json:"citation"`

	severity lint.Severity
}

// faults are the findings of package lint.
func (a *Audit) faults() []Fault {
	list, seen := []Fault{}, map[[3]string]bool{}
	for i := range a.Lint.Cookies {
		c := &a.Lint.Cookies[i]
		for _, f := range c.Findings {
			same := [3]string{c.Line.Name, f.Rule.ID, f.Message}
			if seen[same] {
				continue
			}
			seen[same] = true
			list = append(list, Fault{Cookie: cut(c.Line.Name), URL: bare(c.URL.String()), Rule: f.Rule.ID,
				Severity: f.Rule.Severity.String(), Message: f.Message, Citation: f.Rule.Citation,
				severity: f.Rule.Severity})
		}
	}
	return list
}

// WriteJSON writes the audit as one JSON object:
//
//	{"version": 1, "site", "started", "seconds", "judged", "drift", "scenes": […], "items": […], "missing": […],
//	 "lint": […], "time_line": […], "truncated": false}
//
// Fields may be added. The version changes when one gets another meaning.
func (a *Audit) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Version   int         `json:"version"`
		Site      string      `json:"site"`
		Started   time.Time   `json:"started"`
		Seconds   float64     `json:"seconds"`
		Judged    bool        `json:"judged"`
		Drift     int         `json:"drift"`
		Scenes    []Scene     `json:"scenes"`
		Items     []*Item     `json:"items"`
		Missing   []string    `json:"missing"`
		Lint      []Fault     `json:"lint"`
		TimeLine  []Happening `json:"time_line"`
		Truncated bool        `json:"truncated"`
	}{1, a.Site, a.Started.UTC().Round(time.Second), a.Took.Round(time.Millisecond).Seconds(), a.Judged,
		len(a.Drifts()), a.Scenes, a.Items, a.Missing, a.faults(), a.Happened, a.Truncated})
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
