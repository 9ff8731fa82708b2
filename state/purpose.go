package state

import "fmt"

// A Purpose is a reason for keeping something. Purposes other than the constants are possible, and need consent.
type Purpose string

// The purposes. The first two need no consent: they serve something that the visitor asked for (ePrivacy Directive,
// article 5(3); Working Party 29, opinion 04/2012).
const (
	Essential       Purpose = "essential"       // the site does not work without it: sign-in, cart, consent itself
	Preference      Purpose = "preference"      // chosen by the visitor and used for nothing else: language, theme
	Personalization Purpose = "personalization" // the visitor's past shapes their pages
	Analytics       Purpose = "analytics"       // counting and measuring
	Marketing       Purpose = "marketing"       // advertising
)

// NeedsConsent reports whether the visitor has to agree before anything is kept for the purpose.
func (p Purpose) NeedsConsent() bool { return p != Essential && p != Preference }

func (p Purpose) check() error {
	for i := range len(p) {
		if c := p[i]; (c < 'a' || 'z' < c) && c != '-' {
			return fmt.Errorf("purpose %.64q: use one of the constants, or a word of small letters", p)
		}
	}
	if p == "" || len(p) > 64 {
		return fmt.Errorf("there is no purpose: use one of the constants")
	}
	return nil
}
