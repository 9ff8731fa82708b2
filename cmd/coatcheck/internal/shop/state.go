package shop

import (
	"time"

	"coatcheck.dev/state"
)

// Inventory is all that the shop keeps for its visitors.
var Inventory = state.NewInventory()

// The visitor's own, and harmless: in the browser.
var (
	Theme = state.NewCookie[string](Inventory, state.CookieSpec{
		Name: "theme", PlainName: true, ReadableByScripts: true,
		Purpose: state.Preference, Lifetime: 365 * 24 * time.Hour,
		Description: "light or dark pages",
	})
	Consent = state.NewConsent(Inventory, state.CookieSpec{
		Name: "consent", Lifetime: 180 * 24 * time.Hour,
		Description: "whether we may remember what you look at",
	})
	Recent = state.NewOptional[[]string](Inventory, Consent, state.CookieSpec{
		Name: "recent", Purpose: state.Personalization, Lifetime: 30 * 24 * time.Hour,
		Description: "what you looked at last",
	})
)

// The shop's to look after: behind the counter.
var (
	Cart = state.NewSession[[]string](Inventory, state.SessionSpec{
		Name: "cart", Purpose: state.Essential, Carry: true,
		Description: "what you want to buy",
	})
)

// ticketCookie is the session cookie's default name.
const ticketCookie = "__Host-session"

func init() {
	Inventory.Declare(state.Entry{
		Name: ticketCookie, Place: state.InTicketCookie, Purpose: state.Essential,
		Description: "finds what is behind the counter",
	})
	Inventory.Declare(state.Entry{
		Name: "__Host-csrf", Place: state.InCookie, Purpose: state.Essential,
		Description: "shows that a form is ours, in browsers from before 2023",
	})
}
