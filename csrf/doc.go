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
//   - Without both, the request passes: it is of the same origin, or no browser sent it, and then no visitor was
//     tricked.
//   - Origins in Options.TrustedOrigins pass.
//   - A request to change the protocol (Upgrade) is checked although it is a GET, because a WebSocket can change
//     anything (ASVS 4.4.2).
//   - Without Sec-Fetch-Site, a page over plain HTTP is another origin than an https host, because anybody on the
//     network can write such a page. The guard cannot see this behind a proxy that ends TLS;
//     Strict-Transport-Security helps.
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
// # Sources
//
// OWASP Cross-Site Request Forgery Prevention Cheat Sheet, section on Fetch Metadata; ASVS 3.5.1 to 3.5.3; Filippo
// Valsorda, "Cross-Site Request Forgery", 2025.
package csrf
