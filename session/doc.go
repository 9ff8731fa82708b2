// Package session keeps state for the visitors of a web site: the browser has a ticket, the server has the coat.
//
// A [Manager] wraps the site's handler. Inside, [From] returns the [Session] of the request's visitor:
//
//	var Cart = session.NewKey[[]Item]("cart", session.Carry)
//
//	sessions := session.New(store, session.Options{})
//	http.ListenAndServe("127.0.0.1:8080", sessions.Handler(mux))
//
//	func login(w http.ResponseWriter, r *http.Request) {
//		s := session.From(r.Context())
//		...
//		err := s.SignIn(user.ID, session.By("password"))
//
// # What it promises
//
//   - A visitor who stores nothing costs nothing: no record, no cookie.
//   - The ticket in the cookie is made by the server and renewed at every sign-in. The store has only a hash of it.
//   - Sign-out and revocation are final. A request that is still running cannot bring the session back: what it
//     changed is dropped.
//   - Two requests never lose each other's changes. Each keeps its changes key by key, and applies them again to
//     what others have saved meanwhile.
//   - An answer means durable: changes are saved before the first byte of the response.
//   - If the store cannot tell whether there is a session, the answer is 503 and the cookie stays. Nobody is signed
//     out since a server was down.
//   - A response that depends on a session is kept out of shared caches.
//
// # Values
//
// A [Key] is a typed name. Its values are JSON in the store, so that a program in another language reads them, and so
// that a field can be added to a type while sessions are alive. Values that identity does not depend on, and that are
// the visitor's own, belong in a cookie instead: see package state.
//
// # Lifetimes
//
// A session ends when it was not used for Options.IdleTimeout, and when it is as old as Options.Lifetime, whichever
// is first; both are checked against the record at every request, whatever the cookie says. [Remember] gives a
// session the longer limits. Requests that Options.Passive names do not count as use.
package session
