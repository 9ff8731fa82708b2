package shop

import (
	"cmp"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
)

// Inventory is all that the shop keeps for its visitors.
var Inventory = kept.Inventory

// Cart is what a visitor wants to buy: the shop's to look after, behind the counter.
var Cart = kept.cart

// ticketCookie is the session cookie's default name.
const ticketCookie = "__Host-session"

var kept = keep(ticketCookie, false)

// keeps is what the shop keeps for its visitors, and where.
type keeps struct {
	*state.Inventory

	// The visitor's own, and harmless: in the browser.
	theme   state.Cookie[string]
	consent *state.Consent
	recent  state.Optional[[]string]

	// The shop's to look after: behind the counter.
	cart state.Session[[]string]
}

// keep declares all of it. Over plain HTTP on a LAN name browsers keep cookies alone that are insecure.
func keep(ticket string, insecure bool) *keeps {
	k, csrfCookie := &keeps{Inventory: state.NewInventory()}, "__Host-csrf"
	if insecure {
		csrfCookie = "csrf"
	}
	k.theme = state.NewCookie[string](k.Inventory, state.CookieSpec{
		Name: "theme", PlainName: true, InsecureCookie: insecure, ReadableByScripts: true,
		Purpose: state.Preference, Lifetime: 365 * 24 * time.Hour,
		Description: "light or dark pages", Translations: german("helle oder dunkle Seiten"), Sensitivity: state.Public,
	})
	k.consent = state.NewConsent(k.Inventory, state.ConsentSpec{Cookie: state.CookieSpec{
		Name: "consent", InsecureCookie: insecure, Description: "whether we may remember what you look at",
		Translations: german("ob wir uns merken dürfen, was Sie ansehen"),
	}})
	k.recent = state.NewOptional[[]string](k.Inventory, k.consent, state.CookieSpec{
		Name: "recent", InsecureCookie: insecure, Purpose: state.Personalization, Lifetime: 30 * 24 * time.Hour,
		Description: "what you looked at last", Translations: german("was Sie zuletzt angesehen haben"),
	})
	k.cart = state.NewSession[[]string](k.Inventory, state.SessionSpec{
		Name: "cart", Purpose: state.Essential, Carry: true,
		Description: "what you want to buy", Translations: german("was Sie kaufen möchten"),
	})
	k.Declare(ticketEntry(ticket, insecure))
	k.Declare(state.Entry{
		Name: csrfCookie, Place: state.InCookie, Purpose: state.Essential,
		Description:  "shows that a form is ours, in browsers from before 2023",
		Translations: german("zeigt, dass ein Formular von uns ist, in Browsern aus der Zeit vor 2023"),
		Attributes:   &state.Attributes{Path: "/", Secure: !insecure, HttpOnly: true, SameSite: cookie.SameSiteLax},
	})
	return k
}

// ticketEntry is the session's cookie. It lives as long as that of somebody who stays signed in.
func ticketEntry(name string, insecure bool) state.Entry {
	e := state.Ticket(session.Options{Cookie: name, InsecureCookie: insecure, RememberLifetime: 30 * 24 * time.Hour})
	e.Description = "finds what is behind the counter"
	e.Translations = german("findet, was hinter der Theke für Sie hängt")
	return e
}

// InventoryOf returns a new inventory of all that the shop keeps where its sessions have these options.
func InventoryOf(o session.Options) *state.Inventory {
	return keep(cmp.Or(o.Cookie, ticketCookie), o.InsecureCookie).Inventory
}

func german(description string) map[string]string { return map[string]string{"de": description} }
