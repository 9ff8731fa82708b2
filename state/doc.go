// Package state is where an application declares what it keeps for its visitors: in cookies and in sessions, each
// with a purpose, a lifetime and a sentence that says what for. The declarations are what the code uses, so that the
// [Inventory] which they add up to cannot be out of date.
//
// # Cookie or session
//
// Ask who should control the data. The visitor, and it is harmless: a cookie. The server, or it says who somebody is:
// the session.
//
//	var inventory = state.NewInventory()
//
//	var Theme = state.NewCookie[string](inventory, state.CookieSpec{
//		Name: "theme", Purpose: state.Preference, Lifetime: 365 * 24 * time.Hour,
//		Description: "light or dark pages",
//	})
//
//	var Cart = state.NewSession[[]string](inventory, state.SessionSpec{
//		Name: "cart", Purpose: state.Essential, Carry: true,
//		Description: "what the visitor wants to buy",
//	})
//
//	Theme.Get(r)                         // "" if there is none
//	err := Theme.Set(w, "dark")
//	Cart.Get(session.From(r.Context()))
//
// Declarations are package variables; a wrong one, or a name that is taken, panics when the program starts.
//
// # Cookies
//
// [Cookie] is a typed cookie. Its attributes are the safe ones: a name with the prefix __Host-, Secure, HttpOnly,
// SameSite=Lax, Path=/. Text is written as it is, with unsafe bytes percent-encoded, and everything else as JSON in
// base64url. The visitor can read it and change it: what comes back malformed counts as absent, and what comes back
// well-formed is still only what a visitor says.
//
// With CookieSpec.Signed nobody but the server can make a value, and its lifetime is enforced. Everybody who has the
// cookie can still read it, and bring it back as often as they like while it lasts, from any browser: it is no place
// for a balance, a role, or who somebody is.
//
// # Consent
//
// Some purposes need the visitor's consent first (ePrivacy Directive, article 5(3)). Cookies for these are declared
// with [NewOptional], and a [Consent] that stands between: nothing is read or written until the visitor has agreed
// to the purpose, and what is there is deleted when they change their mind.
//
// # Inventory
//
// [Inventory.WriteTable] prints what lives where, as a table for people; it encodes as JSON for programs.
package state
