// Package gate stands in front of an app in any language and keeps its sessions. It is a reverse proxy that tells the
// app who is asking, and does what the app's answers say. The app needs no library, only HTTP headers.
//
// # What the app is told
//
// Every request reaches the app with these three headers. They are empty when the visitor has no session. A client can
// never set them: whatever it sends that begins with "coatcheck", in any spelling, is removed.
//
//	Coatcheck-User: ada                      who is signed in; bytes other than visible ASCII as %XX
//	Coatcheck-Session: R0tYAd1Zkhb7cPQm3nMWzA the session's public handle: no secret, fit for logs
//	Coatcheck-Data: {"cart":["tea"]}         all values of the session, one JSON object in ASCII
//	Authorization: Bearer TOKEN              only with tokens, for a user: who they are, signed; see package token
//
// If the session manager binds sessions to devices (package bound), there is another one:
//
//	Coatcheck-Bound: yes                     a copy of the session's cookies is worthless; "no": there is no key
//
// With [Options.FormTokens] there is one for its forms, in a field csrf_token, and for its scripts, in the header
// X-CSRF-Token. It is empty where the client needs none, and where it asks for no page (Accept: text/html):
//
//	Coatcheck-Csrf-Token: 3q2-7wAB...        another one in each request, good until the next sign-in or sign-out
//
// The session cookie and the console's cookie do not reach the app. Its own cookies do, byte for byte.
//
// # What the app can say
//
//	Coatcheck-Sign-In: ada; remember; by=password   a new session for ada; "remember" outlives the browser, and
//	                                                "level=2" says how sure the app is of who it is
//	Coatcheck-Set: cart=["tea"]; carry              store a value; "carry" takes it along when the visitor signs in
//	Coatcheck-Delete: cart                          remove a value
//	Coatcheck-Sign-Out: this                        end this session; "others": the user's others; "all": both
//
// The full grammar is in contract.go. Set and Delete take several items, with commas in one line or in several lines.
// Signing out happens first, then signing in, then values. "others" and "all" mean the sessions of the user who signs
// in with the same answer, or else of the user who is signed in. None of these headers reaches the browser.
//
// All of them are read and checked before anything happens. If one is malformed, is unknown or contradicts another, the
// browser gets 502, the log names the header and the reason, and nothing is done. If the store cannot promise that a
// change is durable, the browser gets 503 with Retry-After, keeps its cookie, and does not see the app's answer.
//
// The app must see to two things. Only the gate may reach its port: anybody who can send it a request directly can
// claim to be anybody. And its server must read every request body or close the connection. A server that leaves a body
// unread on an open connection takes the rest of the body for the next request, headers included.
//
// All values of a session travel in one header of every request, so together they are bounded to [MaxBytes]: many
// servers read no header line over 8 KiB. If two answers set the same key at the same time, the last one wins.
// Different keys never disturb each other.
//
// # What requests need
//
// Without more, every request is passed on, whoever makes it. [route.Options.Routes] say where that is otherwise: who
// has to be signed in, how lately and at what level, where the store is not asked, and what happens while it is down.
// Whoever is not let through is sent to the sign-in page (session.Options.SignInPath, with the page that they wanted in
// the parameter return_to), or gets 401. An app may read a path in another way than the gate, so the strictest of all
// readings counts: see package route.
//
// Programs and mobile apps without cookies send their ticket as "Authorization: Bearer" to the paths of
// [route.Options.Bearer], and find a new one in the header Session-Ticket.
//
// # What else it does
//
// Requests that another site makes in a visitor's name are refused, WebSocket handshakes included. The gate sets
// X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto itself, and drops what a client sends of that family. If the
// client is a proxy that the session manager trusts, its X-Forwarded-For goes on, from the client's address on and with
// the proxy's own behind it, and so do its X-Forwarded-Host and X-Forwarded-Proto. The Host header stays as the browser
// sent it. Event streams, WebSockets, 103 Early Hints and trailers pass through.
//
// An answer to a visitor who has a session is kept by nobody but that visitor's browser, and by that no longer than the
// app's Cache-Control says; "private, no-store" if it says nothing, or if the answer changes the session. An app has
// two ways to say that an answer is the same for everybody, so that shared caches may keep it as the app says: the path
// is one of [route.Options.Public], or the answer has the header
//
//	Coatcheck-Cache: shared
//
// Some headers let a client pass for another, or make its request look like a different one: True-Client-IP,
// X-Original-URL and X-HTTP-Method-Override, for example. They go no further, unless [Options.PassHeaders] asks for
// them. A body that is malformed or comes too slowly is its client's fault: the client gets 400 or 408, and the log
// does not blame the app.
//
// An event stream or WebSocket is broken off when the session ends that let it in: at sign-out, revocation and expiry,
// and when the visitor signs in again, because that begins another session. A page that reconnects, as EventSource does
// by itself, is then seen as whoever it is by now.
//
// Of everything else that a user's session has let in, what lasts for more than a second and has no known end is broken
// off within another: an answer without Content-Length, or a GET that still waits for its answer, as in long polling,
// which gets 401. A user who only signs in again goes on. What has a length, or changes something, goes on to its end.
//
// Whoever comes back by a form of another site, as from a payment page, comes without a session, because browsers keep
// the cookie back then. A value that the app stores in that answer goes along if it is a redirect to a path of the
// site, and is in the visitor's session when the browser follows; in any other answer it is dropped, and an event says
// so.
//
// Some logins are those of a connection: the app takes whoever sends the next request on it for the same user (NTLM,
// Negotiate). A client that uses one has connections to the app of its own from then on, and once the app asks for one,
// every client has. Behind a trusted proxy, whose connections are those of many clients, such a login holds for one
// request alone.
//
// An app that says Clear-Site-Data: "cookies" in the answer that begins a session would have the browser drop the new
// ticket at once. The gate takes that out of such an answer, and the log says so.
package gate
