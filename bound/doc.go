// Package bound binds sessions to devices, by device bound session credentials (DBSC): a copied cookie is worthless
// within minutes.
//
// A [Guard] belongs to the session manager, and needs nothing of the application:
//
//	sessions := session.New(store, session.Options{Guard: bound.New(bound.Options{})})
//	http.ListenAndServe("127.0.0.1:8080", sessions.Handler(mux)) // behind something that speaks TLS
//
// At each sign-in and step-up the browser is asked for a key. One that knows how makes one that never leaves the
// device, in its TPM where it has one, and registers it. From then on a request is let in only with the ticket and with
// a second cookie, the bound one, which lives for ten minutes. Before it ends, the browser signs a challenge with the
// key and gets another. Whoever has copied both cookies has them until then, and nothing after. Chrome does so on
// Windows from version 146 on; other browsers ignore all of it, and have an ordinary session with rotation and the
// detection of thefts: see package session. The site must have TLS.
//
// # What a request without the bound cookie gets
//
// It goes on as one of a visitor who is not signed in. Its ticket stays, nothing is taken away, and observers hear of
// an [event.Unproven]; of an [event.Theft] if it shows the bound cookie of another session. A browser that could not
// fetch its cookie, because the server was down or it has signed too often, says so in Secure-Session-Skipped, and is
// answered 503: nobody is told to sign in again because a server was down. That is no way in, because anybody can say
// it.
//
// A session is bound when the browser has shown the cookie that it got for its key, not before: the answer to the
// registration may be lost. Until then, and for Options.Grace after, requests need none. Policy [Required] has more to
// say: without a key a session is seen at Options.Open alone.
//
// # What is stored
//
// The public key, the challenges that are out, and hashes of the bound cookies that are good, in a part of the
// session's record that no save of the application's values touches. Each challenge is good once, by compare-and-set,
// for twice Options.Lifetime. The latest one that was not used stays good when another is given, because a browser may
// have it at hand. A proof that comes again is answered 403 with another challenge: the answer to it may be lost. After
// a step-up there are two keys, until the browser has used the newer one.
//
// A refresh is found by the session's name rather than its ticket: where another site's page made the browser send the
// request that waits, Chromium sends it without any cookie. The proof is enough.
//
// # The end
//
// Sign-out deletes the bound cookie, so that the browser asks for the next one at once and hears that the session is no
// more. After a revocation it hears that when the bound cookie ends; until then its requests are those of a visitor.
// Nothing here sends Clear-Site-Data, which would end the binding too: it deletes cookies that are the visitor's own.
//
// # Other doors
//
// Requests that carry their ticket in a header (session.Options.Header) are offered nothing, and cannot enter a bound
// session. Where a key is Required, let PolicyOf say Off for the users of such programs.
package bound
