package state

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A CookieSpec says what a cookie is. Name, Purpose and Description are required.
type CookieSpec struct {
	// Name is the cookie's name without a prefix.
	Name string

	// Purpose says what the cookie is kept for.
	Purpose Purpose

	// Lifetime is how long the browser keeps the cookie after it was set, in whole seconds, at most 400 days
	// (RFC 6265bis, section 5.5). Zero is until the browser closes.
	Lifetime time.Duration

	// Description says in a few words what the cookie is for.
	Description string

	// Signed keeps visitors from making up values. It needs [Inventory.SignWith] and a Lifetime, which is enforced
	// here too: browsers bring back what they should have forgotten.
	Signed bool

	// ReadableByScripts leaves out HttpOnly, for values that the page's own scripts need.
	ReadableByScripts bool

	// SameSiteStrict keeps the cookie away from requests that other sites begin, links included. Otherwise it is Lax.
	SameSiteStrict bool

	// PlainName leaves out the prefix __Host-, for a name that others know. Any host of the same domain can then set
	// or replace the cookie.
	PlainName bool

	// InsecureCookie leaves out Secure, and with it the prefix, for development over plain HTTP on a name other than
	// localhost. Anybody on the network can read and replace the cookie.
	InsecureCookie bool
}

// A Cookie is a typed cookie, declared in an inventory. Its methods may be called from any number of goroutines.
//
// A page that depends on a cookie should say so to caches, with Vary: Cookie; pages that use a session do already.
type Cookie[T any] struct{ slot *slot }

// NewCookie declares a cookie for a purpose that needs no consent; see [NewOptional] for the others. It panics if the
// spec is wrong or the name is taken.
func NewCookie[T any](inv *Inventory, spec CookieSpec) Cookie[T] {
	s, err := newSlot(inv, spec)
	if err == nil && spec.Purpose.NeedsConsent() {
		err = fmt.Errorf("purpose %q needs consent: declare it with NewOptional", spec.Purpose)
	}
	if err == nil {
		err = s.declare()
	}
	if err != nil {
		panic(fmt.Errorf("state: declare cookie %q: %w", spec.Name, err))
	}
	return Cookie[T]{s}
}

// Name returns the name that the browser has, prefix included.
func (c Cookie[T]) Name() string { return c.slot.attributes.Name }

// Get returns the request's value, or the zero value of T if there is none.
func (c Cookie[T]) Get(r *http.Request) T {
	v, _ := c.Lookup(r)
	return v
}

// Lookup returns the request's value and whether there is one. There is none if the cookie is missing, malformed,
// forged, out of date, or there twice.
func (c Cookie[T]) Lookup(r *http.Request) (T, bool) { return lookup[T](c.slot, r) }

// Set makes the browser keep a value, from its next request on. It comes before the first byte of the response. Where
// nothing is said yet about caching, the response becomes Cache-Control: private, as no cache should give one visitor's
// cookie to another.
//
// An error means that nothing was set: v is no JSON or no UTF-8, the cookie would be larger than the 4,096 bytes that
// browsers take, or it is to be signed and there are no keys.
func (c Cookie[T]) Set(w http.ResponseWriter, v T) error { return set(c.slot, w, v) }

// Delete makes the browser forget the value.
func (c Cookie[T]) Delete(w http.ResponseWriter) { c.slot.delete(w) }

func lookup[T any](s *slot, r *http.Request) (v T, ok bool) {
	text, ok := s.read(r, time.Now())
	if !ok {
		return v, false
	}
	return decode[T](text)
}

func set[T any](s *slot, w http.ResponseWriter, v T) error {
	text, err := encode(v)
	if err == nil {
		err = s.write(w, text, time.Now())
	}
	if err != nil {
		return fmt.Errorf("state: set cookie %s: %w", s.attributes.Name, err)
	}
	return nil
}

// ErrNoKeys says that a signed cookie was to be set before [Inventory.SignWith] was called.
var ErrNoKeys = errors.New("there are no keys to sign with: call Inventory.SignWith first")
