// Package sessiontest tests handlers that use sessions, signed in as anybody and without the dance of a sign-in:
//
//	func TestAccountShowsTheCart(t *testing.T) {
//		sessions := sessiontest.NewManager(t, session.Options{})
//		ada := sessiontest.NewVisitor(t, sessions, newSite(sessions)).SignIn("ada")
//		if w := ada.Get("/account"); w.Code != http.StatusOK { ... }
//	}
//
// Nothing is replaced by a double: the manager is the real one, with a store in memory, and a [Visitor] keeps its
// cookies as a browser does. So a test also meets what goes wrong in real use, such as a cookie that no browser takes.
// Values are set and looked at with [Set] and [Get], and everything else of a session with [Visitor.With].
//
// In a bubble of testing/synctest time is the test's: sleep for an hour, and the session is over.
package sessiontest
