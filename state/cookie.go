package state

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A CookieSpec describes a cookie. Name, Purpose and Description are required.
type CookieSpec struct {
	// Name is the cookie's name without a prefix.
	Name string

	// Purpose is the reason for keeping the cookie.
	Purpose Purpose

	// Lifetime is the time until the browser forgets the cookie, in whole seconds, at most [cookie.MaxLifetime]. Zero
	// means until the browser closes.
	Lifetime time.Duration

	// Description tells in a few words what the cookie is for. Translations have the same in other languages, by their
	// tags, such as "de".
	Description  string
	Translations map[string]string

	// Sensitivity is [Personal] by default. [Identity] and [Secret] are for Sealed cookies alone.
	Sensitivity Sensitivity

	// Owner, Recipients and LegalBasis are optional: see [Entry].
	Owner      string
	Recipients []string
	LegalBasis LegalBasis

	// Signed keeps visitors from making up values. It needs [Inventory.SignWith] and a Lifetime. The server enforces
	// the lifetime too, because a browser may bring back a cookie that it should have forgotten.
	Signed bool

	// Sealed does what Signed does, and encrypts the value: the visitor cannot read it either, and sees only how long
	// it is. It takes a third more room, and 90 bytes. A cookie that is sealed need not be Signed.
	Sealed bool

	// ReadableByScripts leaves out HttpOnly, so that the page's own scripts can read the value.
	ReadableByScripts bool

	// SameSiteStrict keeps the cookie away from requests that other sites begin, even by a link. The default is Lax.
	SameSiteStrict bool

	// PlainName leaves out the prefix __Host-, for a name that others know. Then any host of the same domain can set
	// or replace the cookie.
	PlainName bool

	// InsecureCookie leaves out Secure, and with it the prefix, for development over plain HTTP on a host other than
	// localhost. Anybody on the network can read and replace the cookie.
	InsecureCookie bool
}

// A Cookie is a typed cookie, declared in an inventory. Its methods are safe for concurrent use.
//
// If a page depends on a cookie, tell caches with Vary: Cookie. Pages with a session do so already.
type Cookie[T any] struct{ slot *slot }

// NewCookie declares a cookie for a purpose without consent; see [NewOptional] for the others. It panics if the spec
// is wrong or the name is taken.
func NewCookie[T any](inv *Inventory, spec CookieSpec) Cookie[T] {
	return Cookie[T]{mustDeclare(inv, spec, false)}
}

// Name returns the full name of the cookie in the browser, with its prefix.
func (c Cookie[T]) Name() string { return c.slot.attributes.Name }

// Get returns the request's value, or the zero value of T if there is none.
func (c Cookie[T]) Get(r *http.Request) T {
	v, _ := c.Lookup(r)
	return v
}

// Lookup returns the request's value and whether there is one. There is none if the cookie is missing, malformed,
// forged, expired or duplicated.
func (c Cookie[T]) Lookup(r *http.Request) (T, bool) { return lookup[T](c.slot, r) }

// Set makes the browser keep a value, from its next request on. Call it before the first byte of the response. If the
// response says nothing about caching yet, it becomes Cache-Control: private, because no cache should hand one
// visitor's cookie to another.
//
// An error means that nothing was set. Then v does not encode as JSON or UTF-8, the cookie is larger than
// [cookie.MaxNameValue], or there are no keys for signing it.
func (c Cookie[T]) Set(w http.ResponseWriter, v T) error { return set(c.slot, w, v) }

// Delete makes the browser forget the value.
func (c Cookie[T]) Delete(w http.ResponseWriter) { c.slot.delete(w) }

// Pending returns the value that a response makes the browser keep, and whether it does so. The request has it next
// time.
func (c Cookie[T]) Pending(w http.ResponseWriter) (v T, ok bool) {
	text, ok := c.slot.pending(w)
	if !ok {
		return v, false
	}
	return decode[T](text)
}

// CountMalformed counts a value that Lookup has returned, and that the caller finds malformed; see
// [Inventory.Malformed].
func (c Cookie[T]) CountMalformed() { c.slot.inv.countMalformed(c.Name()) }

func lookup[T any](s *slot, r *http.Request) (v T, ok bool) {
	text, n, ok := s.read(r)
	if n == 0 {
		return v, false
	}
	if ok {
		v, ok = decode[T](text)
	}
	if !ok {
		s.inv.countMalformed(s.attributes.Name)
	}
	return v, ok
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

// ErrNoKeys means that a signed or sealed cookie was set before [Inventory.SignWith] was called.
var ErrNoKeys = errors.New("there are no keys to sign or seal with: call Inventory.SignWith first")
