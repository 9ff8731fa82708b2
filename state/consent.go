package state

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/event"
)

// A ConsentSpec describes the cookie of a [Consent]. The zero value is good.
type ConsentSpec struct {
	// Cookie is the cookie with the answer. Its Purpose is always [Essential]. The default of Name is "consent", and of
	// Lifetime 180 days, after which visitors are asked again (CNIL, recommendation 2020-092: six months are good
	// practice). Description says what it is for.
	Cookie CookieSpec

	// Version is that of what visitors are asked: 1 to 32 letters, digits, hyphens and underscores, "1" by default.
	// Those who answered another one are asked again, and until then have agreed to nothing.
	Version string
}

// Consent is the visitor's answer about the purposes that need one. It is kept in a cookie of its own. Declare it once,
// before the [Optional] cookies that depend on it. Its methods are safe for concurrent use.
type Consent struct {
	cookie  Cookie[string]
	version string
}

// NewConsent declares the cookie for the visitor's answer. It panics if the spec is wrong or the name is taken.
func NewConsent(inv *Inventory, spec ConsentSpec) *Consent {
	c := spec.Cookie
	c.Purpose = Essential
	if c.Name == "" {
		c.Name = "consent"
	}
	if c.Lifetime == 0 {
		c.Lifetime = 180 * 24 * time.Hour
	}
	if c.Description == "" {
		c.Description = "what you have agreed to"
	}
	if spec.Version == "" {
		spec.Version = "1"
	}
	if !isVersion(spec.Version) {
		panic(fmt.Errorf("state: declare consent: version %.64q is not 1 to 32 letters, digits, '-' and '_'",
			spec.Version))
	}
	return &Consent{NewCookie[string](inv, c), spec.Version}
}

// Name returns the full name of the cookie in the browser, with its prefix.
func (c *Consent) Name() string { return c.cookie.Name() }

// Version returns the version of what visitors are asked.
func (c *Consent) Version() string { return c.version }

// Purposes returns the purposes of the inventory that need consent: those of the constants first, then by name.
func (c *Consent) Purposes() []Purpose {
	var all []Purpose
	for _, e := range c.inventory().Entries() {
		if e.Purpose.NeedsConsent() && !slices.Contains(all, e.Purpose) {
			all = append(all, e.Purpose)
		}
	}
	usual := []Purpose{Personalization, Analytics, Marketing}
	slices.SortFunc(all, func(a, b Purpose) int {
		i, j := slices.Index(usual, a), slices.Index(usual, b)
		switch {
		case i >= 0 && j >= 0:
			return i - j
		case i >= 0 || j >= 0:
			return j - i
		}
		return strings.Compare(string(a), string(b))
	})
	return all
}

// Entries returns what the inventory keeps for a purpose.
func (c *Consent) Entries(p Purpose) []Entry {
	return slices.DeleteFunc(c.inventory().Entries(), func(e Entry) bool { return e.Purpose != p })
}

func (c *Consent) inventory() *Inventory { return c.cookie.slot.inv }

// Answer returns what the visitor has answered to the current version, and whether they have. A malformed or forged
// answer is none, and so is one that is older than the cookie's lifetime.
func (c *Consent) Answer(r *http.Request) (Answer, bool) {
	text, ok := c.cookie.Lookup(r)
	if !ok {
		return Answer{}, false
	}
	a, ok := parseAnswer(text)
	if now := time.Now(); !ok || a.At.After(now.Add(24*time.Hour)) {
		c.cookie.CountMalformed()
		return Answer{}, false
	} else if a.Version != c.version || !a.At.Add(c.cookie.slot.entry.Lifetime).After(now) {
		return Answer{}, false
	}
	return a, true
}

// Allows reports whether something may be kept for a purpose: the purpose needs no consent, or the visitor has agreed.
func (c *Consent) Allows(r *http.Request, p Purpose) bool {
	if !p.NeedsConsent() {
		return true
	}
	a, ok := c.Answer(r)
	return ok && slices.Contains(a.Agreed, p)
}

// allows is Allows where the response may have another answer already, which is the one that counts from then on.
func (c *Consent) allows(w http.ResponseWriter, r *http.Request, p Purpose) bool {
	text, pending := c.cookie.Pending(w)
	if !pending || !p.NeedsConsent() {
		return c.Allows(r, p)
	}
	a, ok := parseAnswer(text)
	return ok && slices.Contains(a.Agreed, p)
}

// Open returns the purposes that the visitor has to be asked about: those without an answer. Global Privacy Control is
// an answer: with Sec-GPC: 1 it is no to [Analytics] and [Marketing], unless the visitor has said yes here.
//
// A page that shows whether there are any varies by Cookie and Sec-GPC.
func (c *Consent) Open(r *http.Request) []Purpose {
	a, _ := c.Answer(r)
	gpc := GPC(r)
	return slices.DeleteFunc(c.Purposes(), func(p Purpose) bool {
		return slices.Contains(a.Agreed, p) || slices.Contains(a.Refused, p) ||
			gpc && (p == Analytics || p == Marketing)
	})
}

// Answered reports whether the visitor need not be asked.
func (c *Consent) Answered(r *http.Request) bool { return len(c.Open(r)) == 0 }

// GPC reports whether the browser says by Global Privacy Control that its user's data is not to be sold or shared
// (W3C Global Privacy Control).
func GPC(r *http.Request) bool {
	lines := r.Header["Sec-Gpc"]
	return len(lines) == 1 && lines[0] == "1"
}

// Set stores the visitor's answer in place of an earlier one: the purposes that they agree to. They have refused all
// others that are declared. What was kept for these leaves the browser: the declared cookies, each with its own path,
// domain and partition, and those that scripts have set under declared names; see [Consent.Handler]. What the rest of
// the request sets goes by this answer.
//
// The answer becomes an event, [event.Consented], for the queue of [Inventory.SendTo].
func (c *Consent) Set(w http.ResponseWriter, r *http.Request, agreed ...Purpose) error {
	a := Answer{Version: c.version, At: time.Now().UTC().Truncate(time.Minute)}
	for _, p := range agreed {
		if err := p.check(); err != nil {
			return fmt.Errorf("state: set consent: %w", err)
		}
	}
	for _, p := range c.Purposes() {
		if slices.Contains(agreed, p) {
			a.Agreed = append(a.Agreed, p)
		} else {
			a.Refused = append(a.Refused, p)
		}
	}
	text := a.text()
	if len(text) > maxAnswer {
		return errors.New("state: set consent: there are more purposes than a cookie has room for")
	}
	before, _ := c.Answer(r)
	if err := c.cookie.Set(w, text); err != nil {
		return err
	}
	c.expel(w, r, a.Agreed)
	c.inventory().events.Load().Send(event.Event{Kind: event.Consented, At: a.At, Consent: a.receipt(before, GPC(r))})
	return nil
}
