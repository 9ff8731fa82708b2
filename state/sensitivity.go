package state

import (
	"errors"
	"fmt"
)

// A Sensitivity is what a value gives away to whoever reads it, or lets whoever changes it do.
type Sensitivity string

// The sensitivities, from harmless to dangerous.
const (
	Public   Sensitivity = "public"   // the same for many visitors, and no matter who knows: a language, a theme
	Personal Sensitivity = "personal" // about one visitor: what they looked at, or a number to tell them by
	Identity Sensitivity = "identity" // who somebody is or what they may do: a user, an address, a role
	Secret   Sensitivity = "secret"   // opens something for whoever has it: a ticket, a token, a key
)

// withDefault returns the sensitivity of what was declared without one: of a ticket, Secret; of all else, Personal.
func (s Sensitivity) withDefault(p Place) Sensitivity {
	switch {
	case s != "":
		return s
	case p == InTicketCookie:
		return Secret
	}
	return Personal
}

// check holds the answer to "who should control this data?": the visitor, if it is harmless and theirs; the server, if
// it says who somebody is or opens something.
func (s Sensitivity) check(p Place) error {
	switch s {
	case Public, Personal:
		return nil
	case Identity, Secret:
	default:
		return fmt.Errorf("there is no sensitivity %.64q: use one of the constants", s)
	}
	const remedy = "keep it in the session (NewSession), or in a sealed cookie"
	switch {
	case p == InSignedCookie:
		return fmt.Errorf("it is %s, and the visitor can read a signed cookie: %s", what[s], remedy)
	case p == InCookie:
		return fmt.Errorf("it is %s, and the visitor can read and change a cookie: %s", what[s], remedy)
	case p.ControlledBy() == "visitor":
		return fmt.Errorf("it is %s, and the visitor and every script of the site can read and change it in %s: %s",
			what[s], p, remedy)
	}
	return nil
}

var what = map[Sensitivity]string{Identity: "identity", Secret: "a secret"}

// A LegalBasis is the reason that the law accepts for keeping personal data. Other texts than the constants are
// possible, where other law holds.
type LegalBasis string

// The legal bases of the General Data Protection Regulation, article 6(1).
const (
	ByConsent             LegalBasis = "consent"
	ByContract            LegalBasis = "contract"
	ByLegalObligation     LegalBasis = "legal obligation"
	ByVitalInterests      LegalBasis = "vital interests"
	ByPublicTask          LegalBasis = "public task"
	ByLegitimateInterests LegalBasis = "legitimate interests"
)

var errOtherBasis = errors.New("a purpose that needs consent has another legal basis: use ByConsent, or leave it out")

func (b LegalBasis) check(p Purpose) error {
	if known := b == ByContract || b == ByLegalObligation || b == ByVitalInterests || b == ByPublicTask ||
		b == ByLegitimateInterests; known && p.NeedsConsent() {
		return errOtherBasis
	}
	return checkText("legal basis", string(b))
}
