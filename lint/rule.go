package lint

import "fmt"

// A Severity is the weight of a finding.
type Severity uint8

const (
	// Note is worth knowing.
	Note Severity = iota + 1
	// Warning is a cookie that its author cannot have wanted, in some browser or in some case.
	Warning
	// Error is a cookie that browsers drop, or that helps an attacker.
	Error
)

// String returns note, warning or error: the levels of SARIF.
func (s Severity) String() string {
	return [...]string{"none", "note", "warning", "error"}[s]
}

// ParseSeverity returns the severity of a name.
func ParseSeverity(name string) (Severity, error) {
	for s := Note; s <= Error; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("severity %q is not note, warning or error", name)
}

// A Rule is a possible fault of a cookie, or of a site's cookies together.
type Rule struct {
	ID       string
	Title    string // the fault, in a line
	Severity Severity
	Citation string // the place in a standard
	Since    string // the first version of Coatcheck with it
	Text     string // the reason and the remedy, in a paragraph

	each func(*Cookie, reporter)
	all  func(*site, func(*Cookie) reporter)
}

// Rules returns all rules in the order of the catalogue: those on one cookie first.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = *r
	}
	return list
}
