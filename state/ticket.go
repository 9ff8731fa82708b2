package state

import (
	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
)

// Ticket returns the entry of the session cookie that a manager with these options sets, for [Inventory.Declare].
// They are those of [session.Manager.Options], which have their defaults filled in.
func Ticket(o session.Options) Entry {
	e := Entry{
		Name: o.Cookie, Place: InTicketCookie, Purpose: Essential, Sensitivity: Secret,
		Lifetime:     max(o.RememberLifetime, 0),
		Description:  "finds what the server keeps for the visitor",
		Translations: map[string]string{"de": "findet, was der Server für den Besucher aufbewahrt"},
		Attributes: &Attributes{Path: "/", Domain: o.InsecureDomain, Secure: !o.InsecureCookie, HttpOnly: true,
			SameSite: cookie.SameSiteLax},
	}
	if o.SameSiteStrict {
		e.Attributes.SameSite = cookie.SameSiteStrict
	}
	return e
}
