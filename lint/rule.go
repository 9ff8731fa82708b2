package lint

import "fmt"

// Severity is how much a finding matters.
type Severity uint8

const (
	// Note is what is worth knowing.
	Note Severity = iota + 1
	// Warning is a cookie that is not what its author wanted, somewhere or in some case.
	Warning
	// Error is a cookie that browsers drop, or that an attacker can use.
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

// A Rule is something that can be wrong with a cookie, or with the cookies of a site together.
type Rule struct {
	ID       string
	Title    string // what is wrong, in one line
	Severity Severity
	Citation string // where it is written
	Since    string // the version of Coatcheck that has it
	Text     string // why it matters and what to do, in a paragraph

	each func(*Cookie, reporter)
	all  func(*site, func(*Cookie) reporter)
}

// Rules returns all rules, in the order of the catalogue: those on one cookie first.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = *r
	}
	return list
}
