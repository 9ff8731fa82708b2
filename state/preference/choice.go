package preference

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// ErrValue means that somebody tried to set a value that is not declared.
var ErrValue = errors.New("the value is not declared")

// A ChoiceSpec describes a choice of a few values. Name and Values are required.
type ChoiceSpec[T ~string] struct {
	// Name is the name in the cookie: 1 to 32 small letters and digits, beginning with a letter. Short is good.
	Name string

	// Values are what visitors can choose: of 1 to 64 letters, digits and hyphens.
	Values []T

	// Default is the value for those who have not chosen, and it need not be one of Values.
	Default T

	// From is a hint that chooses for visitors who have not, if its value is one of Values.
	From Hint
}

// A Choice is a preference of a few values. Its methods are safe for concurrent use.
type Choice[T ~string] struct {
	*field
	values []T
	other  T
}

// NewChoice declares a choice. It panics if the spec is wrong, the name is taken, or the cookie could be too large.
func NewChoice[T ~string](g *Group, spec ChoiceSpec[T]) Choice[T] {
	longest := 0
	for i, v := range spec.Values {
		err := checkValue(string(v))
		if err == nil && slices.Contains(spec.Values[:i], v) {
			err = errors.New("the value is there twice")
		}
		if err != nil {
			panic(fmt.Errorf("preference: declare %q: value %.64q: %w", spec.Name, string(v), err))
		}
		longest = max(longest, len(v))
	}
	if longest == 0 {
		panic(fmt.Errorf("preference: declare %q: there are no values", spec.Name))
	}
	c := Choice[T]{values: slices.Clone(spec.Values), other: spec.Default}
	c.field = g.mustDeclare(&field{name: spec.Name, hint: spec.From, valid: c.declares}, longest)
	return c
}

func (c Choice[T]) declares(value string) bool { return slices.Contains(c.values, T(value)) }

// Get returns the visitor's choice, or what stands for it; see the package comment.
func (c Choice[T]) Get(w http.ResponseWriter, r *http.Request) T {
	v, _ := c.Lookup(w, r)
	return v
}

// Lookup returns what Get does, and whether the visitor has chosen it.
func (c Choice[T]) Lookup(w http.ResponseWriter, r *http.Request) (v T, chosen bool) {
	if value, ok := c.chosen(w, r); ok {
		return T(value), true
	}
	if value := c.hinted(w, r); value != "" && c.declares(value) {
		return T(value), false
	}
	return c.other, false
}

// Values returns the declared values.
func (c Choice[T]) Values() []T { return slices.Clone(c.values) }

// Set makes the browser keep a choice; see [Group.Merge] for users. Call it before the first byte of the response. The
// error is [ErrValue] if the value is not declared. Any other one means that the user's preferences could not be saved,
// and then the browser's are as they were.
func (c Choice[T]) Set(w http.ResponseWriter, r *http.Request, v T) error {
	return c.set(w, r, string(v))
}

// Clear takes the choice back.
func (c Choice[T]) Clear(w http.ResponseWriter, r *http.Request) error { return c.set(w, r, "") }
