// Package csrf refuses requests that another web site makes a visitor's browser send (cross-site request forgery).
//
//	guard := csrf.New(csrf.Options{})
//	http.ListenAndServe("127.0.0.1:8080", guard.Handler(sessions.Handler(mux)))
//
// There is nothing else to do: no tokens, no hidden fields in forms. Browsers tell the origin of every request, in
// the header Sec-Fetch-Site since 2023 and in Origin for far longer. Scripts cannot change either. The rules are
// those of [http.CrossOriginProtection], and the last two are added here:
//
//   - GET, HEAD and OPTIONS pass. Nothing can protect a handler that changes something on one of them, so sign-in and
//     sign-out are POST too. If a form field or header may override the method, the app must apply it outside of this
//     handler, or the check judges the wrong method.
//   - Sec-Fetch-Site "same-origin" and "none" (typed by the visitor) pass. "cross-site" and "same-site" do not,
//     because another host of the same domain is another site here.
//   - Without Sec-Fetch-Site, Origin must name the host of the request.
//   - Without both, the request passes: it is of the same origin, or no browser of today sent it. Where older ones
//     matter, it needs a token: see below.
//   - Origins in Options.TrustedOrigins pass.
//   - A request to change the protocol (Upgrade) is checked although it is a GET, because a WebSocket can change
//     anything (ASVS 4.4.2).
//   - Without Sec-Fetch-Site, a page over plain HTTP is another origin than an https host, because anybody on the
//     network can write such a page. The guard cannot see this behind a proxy that ends TLS;
//     Strict-Transport-Security helps.
//
// The rules ask for no session, so they protect visitors without one as well: nobody can be signed in as somebody else,
// or signed out, by another site.
//
// Refused requests are events of the kind event.CrossSite for the observers of Options.Events.
//
// No path can be exempt: patterns wider than intended have undone such protections before (CVE-2025-47910). Servers
// and programs of other people need no exemption, because they send no Origin. If pages of another origin should post
// here, trust that origin.
//
// CORS is another question: it lets scripts of other origins read answers. A wrong answer to it undoes this
// protection (never reflect the Origin together with Access-Control-Allow-Credentials).
//
// # Tokens
//
// Browsers from before about 2020 send some forms with neither header. Nothing but a token can tell these from forged
// ones, and with Options.Tokens they need one. The guard then belongs inside of the handler that knows the session:
//
//	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: sessions.Binding}})
//	http.ListenAndServe("127.0.0.1:8080", sessions.Handler(guard.Handler(mux)))
//
// A page puts [Field] into each of its forms, or [Token] where its scripts find it. It comes back in the field
// [FieldName] or the header [HeaderName].
//
//   - A token is bound to the sign-in: what was handed out before a sign-in or sign-out is refused after it. A visitor
//     who has not signed in has tokens too, so the sign-in form itself is protected.
//   - The server keeps nothing for it: no record, and no key that nodes would have to share. A key is in a cookie of
//     the visitor, __Host-csrf, which no other host can plant (RFC 6265bis, section 4.1.3.2). A token is its HMAC over
//     the name of the session. Who can read one of the two alone can make none.
//   - Every token looks different, so that the size of a compressed page tells nothing about it (BREACH).
//   - Only clients without Sec-Fetch-Site get a token, and that cookie, and only on pages that ask for it. All others
//     need neither. Responses say so to caches: Vary: Sec-Fetch-Site, and with a token also Cookie, private and
//     no-store.
//   - The first page that such a visitor opens gives the key. Of two that are opened at the same moment one may have
//     a form that is refused; to load it again helps. [Options].Denied answers then, like any refusal, and its default
//     page says so.
//   - Of a form, the first 64 KiB are looked through, so the field belongs to its beginning. Nothing else is read:
//     forms with files (multipart) and JSON have the token in the header.
//   - Programs are asked for a token too, because nothing tells them from such a browser. They pass without one if
//     they send "Authorization: Bearer", or, as the visitor's own hand, "Sec-Fetch-Site: none". No page can make a
//     browser send either.
//   - WebSockets need none. Browsers have always sent Origin with their handshake.
//
// Tokens.InsecureReportOnly shows in the events which forms have no token yet, before they are refused.
//
// # Sources
//
// OWASP Cross-Site Request Forgery Prevention Cheat Sheet, sections on Fetch Metadata and on signed double-submit
// cookies; ASVS 3.5.1 to 3.5.3; Filippo Valsorda, "Cross-Site Request Forgery", 2025.
package csrf
