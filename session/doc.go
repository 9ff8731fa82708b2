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
//     out because a server was down.
//   - A response that depends on a session is kept out of shared caches.
//
// # Values
//
// A [Key] is a typed name. Its values are JSON in the store, so that a program in another language reads them, and so
// that a field can be added to a type while sessions are alive. Values that identity does not depend on, and that are
// the visitor's own, belong in a cookie instead: see package state.
//
// When the type of a key has changed, what it does not decode any more counts as none, with an [event.KeyUnreadable],
// and stays in the store until something else is set. [Upgrade] makes a value of the new type out of it. So programs
// can be updated and rolled back while sessions are alive.
//
// # Lifetimes
//
// A session ends when it was not used for Options.IdleTimeout, and when it is as old as Options.Lifetime, whichever
// is first; both are checked against the record at every request, whatever the cookie says. [Remember] gives a
// session the longer limits. Requests that Options.Passive names do not count as use. [Until] gives a session an end of
// its own, at sign-in or later, which is never later than these.
//
// # Other sessions than the request's
//
// A session's handle ([Session.Handle]) is no secret. Whoever has it, such as a webhook or a job that goes on after the
// response, changes values of that session with [Manager.Update], and ends it with [Manager.Revoke]. Nothing that was
// ended comes back by that.
//
// # Mistakes
//
// Three mistakes in the use of this package are written to [slog.Default], once for each place in the program, with the
// file, the line and what to do: a context without a session that is given to [From], because the request has not
// passed through [Manager.Handler]; [Manager.Require] and its kin outside it; and a session that a goroutine uses after
// the handler has returned, when nothing is saved any more. The program goes on. With Options.PanicOnMisuse they panic
// in tests, so that they are found there.
//
// # Rotation, and browsers that crash
//
// A session of a user gets a new secret every half hour of use: see Options.RotateEvery. Whoever shows a secret that
// the browser has given up has a copy, and the session ends. But a browser that crashes comes back without the cookies
// of its last moments: Chromium loses those of up to 29.3 seconds, Firefox those of 1.2 seconds, by hundreds of kill
// -9. So the secret before the current one is taken back, with an [event.Recovered], if
//
//   - it is shown within 10 minutes after its successor was shown first,
//   - by the browser of the sign-in, as its User-Agent has it, whatever the versions in it, and
//   - no request came with the successor later than 30 seconds after that, or Options.RotationGrace if it is longer.
//     Until then the successor may not have been on disk; passive requests do not count.
//
// The browser is given another successor. Whoever shows the lost one from then on has a copy, and the session ends. In
// simulations, browsers that crash or are put back to an older profile at every fourth of 1,100 rotations are never
// taken for thieves in 53,000 requests. What remains:
//
//   - A profile that is put back later than that, such as one of yesterday, or although the successor was in use,
//     cannot be told from a thief's copy. The session ends, and the user signs in again.
//   - A thief with the same User-Agent may be taken for a browser after a crash, for 10 minutes instead of 30 seconds,
//     if the owner has left the site at once. The owner's next request ends the session for both: so 75 of 450
//     simulated thefts were caught, and the others by the thief's first request.
//   - A node hears within about a second that the successor was in use at another one.
//   - Where RotateEvery is shorter than 10 minutes, a secret is taken back until the next rotation begins.
package session
