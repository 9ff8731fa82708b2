package state

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Consent is the visitor's answer about optional purposes. It is kept in a cookie of its own: the agreed purposes,
// with dots between, or "none". Declare it once, before the [Optional] cookies that depend on it.
type Consent struct {
	cookie Cookie[string]

	mu       sync.Mutex
	optional []*slot // the cookies that depend on it
}

const noPurposes = "none"

// NewConsent declares the cookie for the visitor's answer. Its purpose is always [Essential]. NewConsent panics if
// the spec is wrong or the name is taken.
func NewConsent(inv *Inventory, spec CookieSpec) *Consent {
	spec.Purpose = Essential
	return &Consent{cookie: NewCookie[string](inv, spec)}
}

// Name returns the full name of the cookie in the browser, with its prefix.
func (c *Consent) Name() string { return c.cookie.Name() }

// Answered reports whether the visitor has answered, and need not be asked again.
func (c *Consent) Answered(r *http.Request) bool {
	_, ok := c.cookie.Lookup(r)
	return ok
}

// Allows reports whether something may be kept for a purpose: the purpose needs no consent, or the visitor has
// agreed.
func (c *Consent) Allows(r *http.Request, p Purpose) bool {
	return !p.NeedsConsent() || slices.Contains(strings.Split(c.cookie.Get(r), "."), string(p))
}

// Set stores the visitor's answer in place of an earlier one: the agreed purposes, or none. It deletes the optional
// cookies of all other purposes.
func (c *Consent) Set(w http.ResponseWriter, agreed ...Purpose) error {
	answer := noPurposes
	for i, p := range agreed {
		if err := p.check(); err != nil {
			return fmt.Errorf("state: set consent: %w", err)
		}
		if i == 0 {
			answer = string(p)
		} else {
			answer += "." + string(p)
		}
	}
	if err := c.cookie.Set(w, answer); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.optional {
		if !slices.Contains(agreed, s.entry.Purpose) {
			s.delete(w)
		}
	}
	return nil
}

// An Optional is a typed cookie that needs the visitor's consent. Its methods are safe for concurrent use.
type Optional[T any] struct {
	slot    *slot
	consent *Consent
}

// NewOptional declares a cookie for a purpose that needs consent. It panics if the spec is wrong or the name is taken.
func NewOptional[T any](inv *Inventory, consent *Consent, spec CookieSpec) Optional[T] {
	s := mustDeclare(inv, spec, true)
	if consent == nil {
		panic(fmt.Errorf("state: declare cookie %q: there is no Consent: declare it with NewConsent first", spec.Name))
	}
	consent.mu.Lock()
	defer consent.mu.Unlock()
	consent.optional = append(consent.optional, s)
	return Optional[T]{s, consent}
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

// Set makes the browser keep a value if the visitor who sent r has agreed to the purpose. Otherwise it does nothing.
// An error means that the value cannot be kept; see [Cookie.Set].
func (o Optional[T]) Set(w http.ResponseWriter, r *http.Request, v T) error {
	if !o.consent.Allows(r, o.slot.entry.Purpose) {
		return nil
	}
	return set(o.slot, w, v)
}

// Delete makes the browser forget the value.
func (o Optional[T]) Delete(w http.ResponseWriter) { o.slot.delete(w) }
