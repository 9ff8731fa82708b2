package state

import (
	"fmt"
	"net/http"
)

// An Optional is a typed cookie that needs the visitor's consent. Its methods are safe for concurrent use.
type Optional[T any] struct {
	slot    *slot
	consent *Consent
}

// NewOptional declares a cookie for a purpose that needs consent. It panics if the spec is wrong or the name is taken.
func NewOptional[T any](inv *Inventory, consent *Consent, spec CookieSpec) Optional[T] {
	return Optional[T]{mustDeclareOptional(inv, consent, spec), consent}
}

func mustDeclareOptional(inv *Inventory, consent *Consent, spec CookieSpec) *slot {
	s := mustDeclare(inv, spec, true)
	switch {
	case consent == nil:
		panic(fmt.Errorf("state: declare cookie %q: there is no Consent: declare it with NewConsent first", spec.Name))
	case consent.inventory() != inv:
		panic(fmt.Errorf("state: declare cookie %q: its Consent is of another inventory", spec.Name))
	}
	return s
}

// Name returns the full name of the cookie in the browser, with its prefix.
func (o Optional[T]) Name() string { return o.slot.attributes.Name }

// Get returns the request's value, or the zero value of T if there is none.
func (o Optional[T]) Get(r *http.Request) T {
	v, _ := o.Lookup(r)
	return v
}

// Lookup returns the request's value and whether there is one; see [Cookie.Lookup]. Without consent there is none.
func (o Optional[T]) Lookup(r *http.Request) (v T, ok bool) {
	if !o.consent.Allows(r, o.slot.entry.Purpose) {
		return v, false
	}
	return lookup[T](o.slot, r)
}

// Set makes the browser keep a value if the visitor who sent r has agreed to the purpose, by now, and reports whether
// they have. Without consent nothing is set, and that is no error. An error means that the value cannot be kept; see
// [Cookie.Set].
func (o Optional[T]) Set(w http.ResponseWriter, r *http.Request, v T) (kept bool, err error) {
	if !o.consent.allows(w, r, o.slot.entry.Purpose) {
		return false, nil
	}
	if err := set(o.slot, w, v); err != nil {
		return false, err
	}
	return true, nil
}

// Delete makes the browser forget the value.
func (o Optional[T]) Delete(w http.ResponseWriter) { o.slot.delete(w) }
