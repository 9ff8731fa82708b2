package state

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// A slot is the part of a cookie that does not depend on the type of its value.
type slot struct {
	inv        *Inventory
	entry      Entry
	attributes cookie.Cookie // without Value
}

// mustDeclare adds a cookie to the inventory, and panics if that is not possible.
func mustDeclare(inv *Inventory, spec CookieSpec, asksConsent bool) *slot {
	s, err := newSlot(inv, spec)
	switch {
	case err != nil:
	case spec.Purpose.NeedsConsent() && !asksConsent:
		err = fmt.Errorf("purpose %q needs consent: declare it with NewOptional", spec.Purpose)
	case !spec.Purpose.NeedsConsent() && asksConsent:
		err = fmt.Errorf("purpose %q needs no consent: declare it with NewCookie", spec.Purpose)
	default:
		err = inv.declare(s.entry)
	}
	if err != nil {
		panic(fmt.Errorf("state: declare cookie %q: %w", spec.Name, err))
	}
	return s
}

func newSlot(inv *Inventory, spec CookieSpec) (*slot, error) {
	name, place, sameSite := spec.Name, InCookie, cookie.SameSiteLax
	if !spec.PlainName && !spec.InsecureCookie {
		name = "__Host-" + name
	}
	switch {
	case spec.Sealed:
		place = InSealedCookie
	case spec.Signed:
		place = InSignedCookie
	}
	if spec.SameSiteStrict {
		sameSite = cookie.SameSiteStrict
	}
	s := &slot{
		inv: inv,
		entry: Entry{Name: name, Place: place, Purpose: spec.Purpose, Sensitivity: spec.Sensitivity,
			Lifetime: spec.Lifetime, Description: spec.Description, Translations: spec.Translations,
			Owner: spec.Owner, Recipients: spec.Recipients, LegalBasis: spec.LegalBasis},
		attributes: cookie.Cookie{
			Name: name, Path: "/", MaxAge: spec.Lifetime,
			Secure: !spec.InsecureCookie, HttpOnly: !spec.ReadableByScripts, SameSite: sameSite,
		},
	}
	s.entry.Attributes = attributesOf(&s.attributes)
	return s, s.check(spec)
}

func (s *slot) check(spec CookieSpec) error {
	for i := range len(spec.Name) {
		if !isNameByte(spec.Name[i]) {
			return fmt.Errorf("the name has byte %#02x at %d: use letters, digits, '.', '-' and '_'", spec.Name[i], i)
		}
	}
	switch {
	case spec.Name == "" || len(spec.Name) > 256:
		return errors.New("the name is not 1 to 256 bytes long")
	case strings.HasPrefix(spec.Name, "__"):
		return errors.New("the name begins like a prefix: leave that out, it is added")
	case (spec.Signed || spec.Sealed) && spec.Lifetime == 0:
		return errors.New("a signed or sealed cookie needs a lifetime: without one it would be good for ever")
	case spec.Sealed && spec.ReadableByScripts:
		return errors.New("scripts cannot read a sealed cookie: leave out ReadableByScripts")
	case spec.Lifetime%time.Second != 0:
		return fmt.Errorf("the lifetime %v is not in whole seconds", spec.Lifetime)
	}
	if err := spec.Purpose.check(); err != nil {
		return err
	}
	probe := s.attributes
	probe.Value = "probe"
	return probe.Check()
}

// read returns the text given to write, if the cookie is there once and its signature or seal, if any, is good. It
// reports how many there are.
func (s *slot) read(r *http.Request) (text string, n int, ok bool) {
	text, n = cookie.Lookup(r.Header["Cookie"], s.attributes.Name)
	if n != 1 || len(s.attributes.Name)+len(text) > cookie.MaxNameValue {
		return "", n, false
	}
	if !s.protected() { // and no time is looked up
		return text, n, true
	}
	text, ok = s.unprotect(text, time.Now())
	return text, n, ok
}

func (s *slot) write(w http.ResponseWriter, text string, now time.Time) error {
	text, err := s.protect(text, now)
	if err != nil {
		return err
	}
	c := s.attributes
	c.Value = text
	if err := cookie.Set(w.Header(), &c); err != nil {
		return err
	}
	keepPrivate(w.Header())
	return nil
}

func (s *slot) delete(w http.ResponseWriter) {
	// Check has accepted all of its attributes, so this cannot fail.
	if err := cookie.Set(w.Header(), s.attributes.Deletion()); err == nil {
		keepPrivate(w.Header())
	}
}

func keepPrivate(header http.Header) {
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "private")
	}
}

// isNameByte reports whether a byte may be in a name. Some bytes of a token (RFC 9110 section 5.6.2) may not, because
// they mean something to shells, scripts or URLs.
func isNameByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '_' || c == '.'
}

// pending returns the text that a response makes the browser keep.
func (s *slot) pending(w http.ResponseWriter) (text string, ok bool) {
	for _, line := range w.Header()["Set-Cookie"] {
		p := cookie.Parse(line)
		if p.Name != s.attributes.Name || p.Value == "" {
			continue
		}
		if !s.protected() {
			return p.Value, true
		}
		return s.unprotect(p.Value, time.Now())
	}
	return "", false
}
