package shop

import (
	"cmp"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/state/preference"
	"golang.org/x/text/language"
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
	preferences *preference.Group
	theme       preference.Choice[string]
	language    preference.Language
	consent     *state.Consent

	// With consent: numbers, each for a purpose of its own, and the way that led here.
	recent   state.VisitorID
	visitors state.VisitorID
	poster   state.Optional[string]

	// The shop's to look after: behind the counter.
	cart state.Session[[]string]
}

// keep declares all of it. Over plain HTTP on a LAN name browsers keep cookies alone that are insecure.
func keep(ticket string, insecure bool) *keeps {
	k, csrfCookie := &keeps{Inventory: state.NewInventory()}, "__Host-csrf"
	if insecure {
		csrfCookie = "csrf"
	}
	k.prefer(insecure)
	k.ask(insecure)
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

// prefer declares what visitors choose for themselves.
func (k *keeps) prefer(insecure bool) {
	k.preferences = preference.New(k.Inventory, preference.Spec{
		Users: &likes{},
		Cookie: state.CookieSpec{
			InsecureCookie: insecure, Sensitivity: state.Public,
			Description:  "the colours and the language that you have chosen",
			Translations: german("die Farben und die Sprache, die Sie gewählt haben"),
		},
	})
	k.theme = preference.NewChoice(k.preferences, preference.ChoiceSpec[string]{
		Name: "theme", Values: []string{"light", "dark"}, From: preference.ColorScheme,
	})
	k.language = preference.NewLanguage(k.preferences, preference.LanguageSpec{
		Name: "language", Supported: []language.Tag{language.English, language.German},
	})
}

// ask declares what is kept for those alone who agree to it.
func (k *keeps) ask(insecure bool) {
	k.consent = state.NewConsent(k.Inventory, state.ConsentSpec{Cookie: state.CookieSpec{
		InsecureCookie: insecure,
		Description:    "what we may keep for you", Translations: german("was wir für Sie aufbewahren dürfen"),
	}})
	k.recent = state.NewVisitorID(k.Inventory, k.consent, state.VisitorSpec{
		JoinFor: state.Personalization, // users see what they looked at as well
		Cookie: state.CookieSpec{
			Name: "recent", InsecureCookie: insecure, Purpose: state.Personalization, Lifetime: 30 * 24 * time.Hour,
			Description:  "a number that finds what you looked at last",
			Translations: german("eine Nummer, unter der steht, was Sie zuletzt angesehen haben"),
		},
	})
	k.visitors = state.NewVisitorID(k.Inventory, k.consent, state.VisitorSpec{Cookie: state.CookieSpec{
		Name: "visitor", InsecureCookie: insecure, Purpose: state.Analytics,
		Description:  "a number that counts you once, and not again",
		Translations: german("eine Nummer, mit der wir Sie einmal zählen, und nicht öfter"),
	}})
	k.poster = state.NewOptional[string](k.Inventory, k.consent, state.CookieSpec{
		Name: "poster", InsecureCookie: insecure, Purpose: state.Marketing, Lifetime: 30 * 24 * time.Hour,
		Description:  "which of our posters led you here",
		Translations: german("welches unserer Plakate Sie hergeführt hat"),
	})
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
