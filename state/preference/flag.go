package preference

import "net/http"

// A FlagSpec describes a preference that is on or off. Name is required.
type FlagSpec struct {
	// Name is the name in the cookie; see [ChoiceSpec].
	Name string

	// Default is the value for those who have not chosen.
	Default bool

	// From is a hint that turns it on or off for visitors who have not chosen.
	From Hint
}

// A Flag is a preference that is on or off. Its methods are safe for concurrent use.
type Flag struct {
	*field
	other bool
}

const on, off = "1", "0"

// NewFlag declares a flag. It panics if the spec is wrong, the name is taken, or the cookie could be too large.
func NewFlag(g *Group, spec FlagSpec) Flag {
	valid := func(value string) bool { return value == on || value == off }
	return Flag{g.mustDeclare(&field{name: spec.Name, hint: spec.From, valid: valid}, len(on)), spec.Default}
}

// Get returns the visitor's choice, or what stands for it; see the package comment.
func (f Flag) Get(w http.ResponseWriter, r *http.Request) bool {
	v, _ := f.Lookup(w, r)
	return v
}

// Lookup returns what Get does, and whether the visitor has chosen it.
func (f Flag) Lookup(w http.ResponseWriter, r *http.Request) (v, chosen bool) {
	if value, ok := f.chosen(w, r); ok {
		return value == on, true
	}
	if value := f.hinted(w, r); value != "" {
		return f.hint.isOn(value), false
	}
	return f.other, false
}

// Set makes the browser keep a choice; see [Choice.Set].
func (f Flag) Set(w http.ResponseWriter, r *http.Request, v bool) error {
	if v {
		return f.set(w, r, on)
	}
	return f.set(w, r, off)
}

// Clear takes the choice back.
func (f Flag) Clear(w http.ResponseWriter, r *http.Request) error { return f.set(w, r, "") }
