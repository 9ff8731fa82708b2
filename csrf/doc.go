// Package csrf refuses requests that another web site makes a visitor's browser send (cross-site request forgery).
//
//	guard := csrf.New(csrf.Options{})
//	http.ListenAndServe("127.0.0.1:8080", guard.Handler(sessions.Handler(mux)))
//
// That is all there is to do: no tokens, no hidden fields, nothing to remember in a form. Browsers say with every
// request where it comes from, in the header Sec-Fetch-Site since 2023 and in Origin for far longer, and scripts
// cannot change either. The rules are those of [http.CrossOriginProtection] with the two at the end added:
//
//   - GET, HEAD and OPTIONS pass. A handler that changes something on one of them cannot be protected by anything:
//     sign-in and sign-out are POST too. If the app lets a form field or header override the method, it has to do so
//     outside of this handler, or the check sees a method that is not the one which runs.
//   - Sec-Fetch-Site "same-origin" and "none" (typed by the visitor) pass; "cross-site" and "same-site" do not: another
//     host of the same domain is another site here.
//   - Without Sec-Fetch-Site, Origin must name the host of the request.
//   - Without either it is no browser, or it is the same origin, and passes: nothing that a visitor can be tricked
//     into.
//   - Origins in Options.TrustedOrigins pass.
//   - A request to change the protocol (Upgrade) is checked although it is a GET: what comes over a WebSocket can
//     change anything (ASVS 4.4.2).
//   - Without Sec-Fetch-Site, a page that came over plain HTTP is another origin than an https host: anybody on the
//     network can write such a page. Behind a proxy that ends TLS this cannot be seen; Strict-Transport-Security helps.
//
// Refused requests are events of the kind event.CrossSite for the observers of Options.Events.
//
// There is no way to exempt a path: patterns that are wider than meant have undone such protections before
// (CVE-2025-47910). A route for other people's servers and programs needs no exemption, as those send no Origin. For
// pages of another origin that are meant to post here, name that origin.
//
// Nothing is said about CORS: to let scripts of other origins read answers is another question, and a wrong answer to
// it undoes this protection (never reflect the Origin together with Access-Control-Allow-Credentials).
//
// # Sources
//
// OWASP Cross-Site Request Forgery Prevention Cheat Sheet, section on Fetch Metadata; ASVS 3.5.1 to 3.5.3; Filippo
// Valsorda, "Cross-Site Request Forgery", 2025.
package csrf
