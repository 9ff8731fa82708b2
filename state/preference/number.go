package preference

import (
	"fmt"
	"net/http"
	"strconv"
)

// A NumberSpec describes a number in a range, such as the rows of a table. Name and the range are required.
type NumberSpec struct {
	// Name is the name in the cookie; see [ChoiceSpec].
	Name string

	// Min and Max are the ends of the range, both of them in it.
	Min, Max int

	// Default is the value for those who have not chosen, and it need not be in the range.
	Default int
}

// A Number is a preference that is a number. Its methods are safe for concurrent use.
type Number struct {
	*field
	other int
}

// NewNumber declares a number. It panics if the spec is wrong, the name is taken, or the cookie could be too large.
func NewNumber(g *Group, spec NumberSpec) Number {
	if spec.Min >= spec.Max {
		panic(fmt.Errorf("preference: declare %q: the range from %d to %d is empty", spec.Name, spec.Min, spec.Max))
	}
	valid := func(value string) bool {
		n, err := strconv.Atoi(value)
		return err == nil && spec.Min <= n && n <= spec.Max && strconv.Itoa(n) == value // 007 is 7 in one spelling
	}
	longest := max(len(strconv.Itoa(spec.Min)), len(strconv.Itoa(spec.Max)))
	return Number{g.mustDeclare(&field{name: spec.Name, valid: valid}, longest), spec.Default}
}

// Get returns the visitor's choice, or what stands for it; see the package comment.
func (n Number) Get(w http.ResponseWriter, r *http.Request) int {
	v, _ := n.Lookup(w, r)
	return v
}

// Lookup returns what Get does, and whether the visitor has chosen it.
func (n Number) Lookup(w http.ResponseWriter, r *http.Request) (v int, chosen bool) {
	value, ok := n.chosen(w, r)
	if !ok {
		return n.other, false
	}
	v, _ = strconv.Atoi(value) // valid says that it is one
	return v, true
}

// Set makes the browser keep a choice; see [Choice.Set].
func (n Number) Set(w http.ResponseWriter, r *http.Request, v int) error {
	return n.set(w, r, strconv.Itoa(v))
}

// Clear takes the choice back.
func (n Number) Clear(w http.ResponseWriter, r *http.Request) error { return n.set(w, r, "") }
