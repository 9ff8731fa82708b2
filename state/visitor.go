package state

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/session"
)

// MaxVisitorLifetime is the longest time that a visitor has one number: 13 months (CNIL, guidelines 2020-091, on the
// measurement of audiences).
const MaxVisitorLifetime = 395 * 24 * time.Hour

// A VisitorSpec describes a [VisitorID]. Its cookie needs a Purpose that needs consent, and a Description.
type VisitorSpec struct {
	// Cookie is the cookie with the number. Its Lifetime is the time after which the visitor gets another number, at
	// most and by default [MaxVisitorLifetime]. Visits do not make it longer.
	Cookie CookieSpec

	// JoinFor is the purpose for which the number may be used while a user is signed in. The visitor has to agree to it
	// as well. The default is none: then signed-in users have no number, and get another one after they sign out.
	JoinFor Purpose

	// SignedIn reports whether a user is signed in. The default asks the session of the request.
	SignedIn func(*http.Request) bool
}

// A VisitorID tells the visits of one browser from those of others, for statistics of the site itself. It is a random
// number of 128 bits in a cookie, says nothing about the visitor, exists only with their consent, and ends in time. It
// is never known together with the user, unless a declared purpose allows that. Its methods are safe for concurrent
// use.
type VisitorID struct {
	slot     *slot
	consent  *Consent
	joinFor  Purpose
	signedIn func(*http.Request) bool
}

// NewVisitorID declares the cookie of a visitor's number. It panics if the spec is wrong or the name is taken.
func NewVisitorID(inv *Inventory, consent *Consent, spec VisitorSpec) VisitorID {
	c := spec.Cookie
	if c.Lifetime == 0 {
		c.Lifetime = MaxVisitorLifetime
	}
	err := error(nil)
	switch {
	case c.Lifetime > MaxVisitorLifetime:
		err = fmt.Errorf("the lifetime %v is longer than 13 months, which are %v", c.Lifetime, MaxVisitorLifetime)
	case spec.JoinFor != "" && !spec.JoinFor.NeedsConsent():
		err = errors.New("JoinFor is a purpose without consent: nobody would be asked")
	case spec.JoinFor != "":
		err = spec.JoinFor.check()
	}
	if err != nil {
		panic(fmt.Errorf("state: declare cookie %q: %w", c.Name, err))
	}
	if spec.SignedIn == nil {
		spec.SignedIn = func(r *http.Request) bool { return session.From(r.Context()).SignedIn() }
	}
	return VisitorID{mustDeclareOptional(inv, consent, c), consent, spec.JoinFor, spec.SignedIn}
}

// Name returns the full name of the cookie in the browser, with its prefix.
func (v VisitorID) Name() string { return v.slot.attributes.Name }

// Get returns the visitor's number, and whether there is one that may be used for this request.
func (v VisitorID) Get(r *http.Request) (id string, ok bool) {
	if !v.allowed(v.consent.Allows, r) {
		return "", false
	}
	return v.sent(r)
}

// sent returns the number in the request's cookie.
func (v VisitorID) sent(r *http.Request) (id string, ok bool) {
	text, ok := lookup[string](v.slot, r)
	if !ok {
		return "", false
	}
	id, since, ok := parseVisitor(text)
	if now := time.Now(); !ok || since.After(now.Add(24*time.Hour)) {
		v.slot.inv.countMalformed(v.Name())
		return "", false
	} else if !since.Add(v.slot.entry.Lifetime).After(now) {
		return "", false
	}
	return id, true
}

// Ensure returns the visitor's number, and gives them one if they have none. Without consent, or while a user is signed
// in, ok is false, and there is none afterwards. An error means that the cookie cannot be set; see [Cookie.Set].
func (v VisitorID) Ensure(w http.ResponseWriter, r *http.Request) (id string, ok bool, err error) {
	allows := func(r *http.Request, p Purpose) bool { return v.consent.allows(w, r, p) }
	if !v.allowed(allows, r) {
		if _, err := r.Cookie(v.Name()); err == nil {
			v.slot.delete(w)
		}
		return "", false, nil
	}
	if id, ok := v.sent(r); ok {
		return id, true, nil
	}
	if text, ok := v.slot.pending(w); ok { // given by this response already
		if id, _, ok := parseVisitor(text); ok {
			return id, true, nil
		}
	}
	var b [16]byte
	rand.Read(b[:]) // never fails
	id = visitorText.EncodeToString(b[:])
	if err := set(v.slot, w, id+"."+strconv.FormatInt(time.Now().Unix()/60, 10)); err != nil {
		return "", false, err
	}
	return id, true, nil
}

// allowed reports whether the visitor may have a number, by what they have agreed to.
func (v VisitorID) allowed(allows func(*http.Request, Purpose) bool, r *http.Request) bool {
	if !allows(r, v.slot.entry.Purpose) {
		return false
	}
	return !v.signedIn(r) || v.joinFor != "" && allows(r, v.joinFor)
}

// visitorText is strict, so that one number has one spelling.
var visitorText = base64.RawURLEncoding.Strict()

// parseVisitor reads the value of the cookie:
//
//	visitor = 22base64url "." minutes     ; the number, and when it was given: in minutes since 1970
func parseVisitor(text string) (id string, since time.Time, ok bool) {
	id, at, _ := strings.Cut(text, ".")
	if len(id) != 22 || len(at) > 9 || strings.ContainsAny(id, "\r\n") { // ignored by base64
		return "", time.Time{}, false
	}
	minutes, err := strconv.ParseUint(at, 10, 32)
	if err != nil {
		return "", time.Time{}, false
	}
	if _, err := visitorText.DecodeString(id); err != nil {
		return "", time.Time{}, false
	}
	return id, time.Unix(int64(minutes)*60, 0), true
}
