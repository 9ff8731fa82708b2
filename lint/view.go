package lint

import (
	"net/url"
	"strconv"
	"strings"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// view is a cookie for all outputs: without its value, and without bytes that a terminal would obey.
type view struct {
	URL      string        `json:"url"`
	In       string        `json:"in,omitempty"` // the page that embeds it
	Name     string        `json:"name"`
	Line     string        `json:"line"`
	Browsers []browserView `json:"browsers"`
	Changes  []Change      `json:"changes,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
	Findings []findingView `json:"findings,omitempty"`
	Fix      *fixView      `json:"fix,omitempty"`
}

type browserView struct {
	Browser string `json:"browser"`
	Verdict string `json:"verdict"` // kept, dropped, deletes
	Reason  string `json:"reason,omitempty"`
	Section string `json:"section,omitempty"`
	// Unverified marks what rests on reports and source alone: no test compares it with the browser.
	Unverified bool `json:"unverified,omitempty"`
}

type findingView struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Citation string `json:"citation"`
	Message  string `json:"message"`
}

type fixView struct {
	Header string `json:"header"`
	Go     string `json:"go"`
}

func (c *Cookie) view() view {
	v := view{URL: clean(page(c.URL)), In: clean(page(c.top)), Name: clean(c.Line.Name), Line: c.redacted()}
	warnings := cookie.Reasons(0)
	for i := range c.Outcomes {
		o := &c.Outcomes[i]
		v.Browsers = append(v.Browsers, o.view())
		warnings |= o.Reasons &^ o.Reasons.Exclusions()
	}
	for w := range warnings.All() {
		v.Warnings = append(v.Warnings, w.String())
	}
	for _, change := range c.Changes() {
		v.Changes = append(v.Changes, Change{change.Attribute, clean(change.Written), clean(change.Stored)})
	}
	for _, f := range c.Findings {
		v.Findings = append(v.Findings, findingView{f.Rule.ID, f.Rule.Severity.String(), f.Rule.Citation,
			clean(f.Message)})
	}
	if fix, ok := c.Fix(); ok {
		v.Fix = &fixView{clean(fix.Header), clean(fix.Go)}
	}
	return v
}

// page is a URL without its query, because that may be a secret and has no influence on cookies.
func page(u *url.URL) string {
	if u == nil {
		return ""
	}
	p := *u
	p.RawQuery, p.Fragment, p.RawFragment, p.User, p.ForceQuery = "", "", "", nil, false
	return p.String()
}

func (o *Outcome) view() browserView {
	v := browserView{Browser: o.Browser.String(), Verdict: "kept", Unverified: o.Browser == jar.Safari}
	switch why := o.decided(); {
	case why != undecided:
		v.Verdict, v.Reason, v.Section = "dropped", why.String(), why.Section()
	case o.Cleared:
		v.Verdict, v.Reason = "dropped", "Clear-Site-Data of the same response"
		v.Section = "Clear-Site-Data section 4.1"
	case o.Deletes:
		v.Verdict = "deletes"
	}
	return v
}

// redacted is the line without the value. It ends at a comma between two cookies, because another value may follow.
func (c *Cookie) redacted() string {
	if c.Line.Value == "" && !c.folded() {
		return clean(c.Line.Raw)
	}
	shown := "…"
	if pair, _, _ := strings.Cut(c.Line.Raw, ";"); strings.Contains(pair, "=") {
		shown = c.Line.Name + "=…"
	}
	if c.folded() {
		return clean(shown + "; …")
	}
	if i := strings.IndexByte(c.Line.Raw, ';'); i >= 0 {
		shown += c.Line.Raw[i:]
	}
	return clean(shown)
}

// maxShown is the size of the longest text from a server in an output, in bytes.
const maxShown = 400

// clean shortens a text and replaces unprintable characters.
func clean(s string) string {
	cut := len(s) > maxShown
	if cut {
		s = s[:maxShown]
	}
	s = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if cut {
		s += "…"
	}
	return s
}
