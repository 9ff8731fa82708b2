// Package state declares everything that an application keeps for its visitors, in cookies and in sessions. Each
// value has a purpose, a lifetime and a description. The code uses the declarations themselves, so their sum, the
// [Inventory], is never out of date.
//
// # Cookie or session
//
// Ask who should control the data. If it is harmless and the visitor's: a cookie. If it is the server's, or tells who
// somebody is: the session.
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
// Declarations are package variables. A wrong one, or a name that is taken, panics when the program starts.
//
// # Cookies
//
// [Cookie] is a typed cookie with safe attributes: the name prefix __Host-, Secure, HttpOnly, SameSite=Lax and
// Path=/. Text is written as it is, with unsafe bytes percent-encoded. Everything else is JSON in base64url. The
// visitor can read the value and change it. A malformed value counts as absent, but a well-formed one is still only a
// claim of the visitor.
//
// CookieSpec.Signed makes the server the only one to make values, and enforces their lifetime. Everybody with the
// cookie can still read it, and bring it back until it expires, from any browser. Do not keep a balance, a role or an
// identity in it.
//
// CookieSpec.Sealed encrypts the value as well. That hides it, and nothing more: it can still be brought back until it
// expires.
//
// # Consent
//
// Some purposes need the visitor's consent first (ePrivacy Directive, article 5(3)). Declare cookies for these with
// [NewOptional] and a [Consent]. Nothing is read or written until the visitor has agreed to the purpose; Set then says
// that it has kept nothing, which is no error:
//
//	var Consent = state.NewConsent(inventory, state.ConsentSpec{Version: "2026-11"})
//
//	var Seen = state.NewVisitorID(inventory, Consent, state.VisitorSpec{Cookie: state.CookieSpec{
//		Name: "visitor", Purpose: state.Analytics, Description: "counts visits",
//	}})
//
//	err := Consent.Set(w, r, state.Analytics)   // the visitor agrees to this, and to nothing else
//	id, ok, err := Seen.Ensure(w, r)            // !ok: there is no consent
//	handler = Consent.Handler(handler)          // deletes what scripts set without consent
//
// A change of mind deletes the cookies, and so does [Consent.Handler] with those that scripts have set under a declared
// name. A new version asks everybody again. Global Privacy Control, Sec-GPC: 1, is no to [Analytics] and [Marketing]
// for those who have not said yes here. [WriteReceipts] writes down what was answered, and not by whom. The page on
// which visitors answer is package state/banner.
//
// [VisitorID] tells browsers apart for statistics: random, with consent, for 13 months at most, and never together with
// a user unless a declared purpose allows that.
//
// # What visitors can break
//
// A cookie that is malformed, cut off, forged, expired or too large counts as absent. The next Set replaces it.
// [Inventory.Malformed] counts them, and the queue of [Inventory.SendTo] hears of each.
//
// # Inventory
//
// [Inventory.Declare] adds what other code keeps: the session cookie itself, what scripts keep in the browser's
// storage, and the cookies of other sites. Each entry has a [Sensitivity]. What says who somebody is, or opens
// something, is refused wherever the visitor could read or change it.
//
// [Inventory.WriteTable] prints a table of what lives where, for people. For programs, an Inventory encodes as JSON,
// which [ParseInventory] reads. [Inventory.WriteMarkdown] writes a document that package statetest holds to the code,
// and package policy is a page for visitors.
//
// # Drift
//
// A [Drift] compares what a program really keeps with its inventory: cookies that responses set and keys of the session
// that nobody declared, cookies that are set otherwise than declared, and cookies of requests that nobody knows. It
// counts them, names them ([Drift.Findings]), and sends a sample as events. It reports only; in tests it can refuse.
package state
