// Package gate stands in front of an app in any language and keeps its sessions: a reverse proxy that tells the app who
// is asking, and does what the app's answers say. The app needs no library, only HTTP headers.
//
// # What the app is told
//
// Every request reaches the app with these three headers. They are empty when the visitor has no session, and they are
// never the client's: whatever a client sends that begins with "coatcheck", in any spelling, is removed.
//
//	Coatcheck-User: ada                      who is signed in; other bytes than visible ASCII as %XX
//	Coatcheck-Session: R0tYAd1Zkhb7cPQm3nMWzA the session's public handle: no secret, fit for logs
//	Coatcheck-Data: {"cart":["tea"]}         all values of the session, one JSON object in ASCII
//
// The session cookie and the console's cookie do not reach the app; its own cookies do, byte for byte.
//
// # What the app can say
//
//	Coatcheck-Sign-In: ada; remember; by=password   a new session for ada; "remember" outlives the browser
//	Coatcheck-Set: cart=["tea"]; carry              store a value; "carry" takes it along when the visitor signs in
//	Coatcheck-Delete: cart                          remove a value
//	Coatcheck-Sign-Out: this                        end this session; "others": the user's others; "all": both
//
// The full grammar is in contract.go. Set and Delete take several, in one line with commas or in several lines. Signing
// out happens first, then signing in, then values. "others" and "all" mean the sessions of the user who signs in with
// the same answer, or else of the one who is signed in. None of these headers reaches the browser.
//
// All of them are read and checked before anything happens. If one is malformed, unknown or contradicts another, the
// browser gets 502, the log says which header and why, and nothing was done. If the store cannot say that a change is
// durable, the browser gets 503 with Retry-After, keeps its cookie, and does not see the app's answer.
//
// Two things the app has to see to. Nothing but the gate may reach its port: whoever can send it a request directly can
// say who they are. And its server has to read every request body, or close the connection: one that leaves a body
// unread on a connection that stays open takes what stands in it for the next request, headers included.
//
// All values of a session travel in one header of every request, so that they are bounded to [MaxBytes] together: many
// servers read no header line over 8 KiB. Two answers that set the same key at the same time are not merged, the last
// one wins; different keys never disturb each other.
//
// # What else it does
//
// Requests that another site makes in a visitor's name are refused, WebSocket handshakes included. X-Forwarded-For,
// X-Forwarded-Host and X-Forwarded-Proto are the gate's own, and what a client sends of that family is dropped,
// unless the client is a proxy that the session manager trusts: then its X-Forwarded-For goes on, from the client's
// address on and with the proxy's own behind it, and so do its X-Forwarded-Host and X-Forwarded-Proto. The Host header
// stays as the browser sent it. Event streams, WebSockets, 103 Early Hints and trailers pass through.
//
// An answer to a visitor who has a session is "private, no-store", whatever the app says of caching.
//
// Headers by which a client could pass for another, or have its request taken for another one, such as True-Client-IP,
// X-Original-URL and X-HTTP-Method-Override, go no further either; an app that needs one asks for it with
// [Options.PassHeaders]. A body that is malformed or comes too slowly is its client's fault: the client gets 400 or 408,
// and the log does not blame the app.
//
// An event stream or WebSocket is broken off when the session that it was let in by ends: at sign-out, revocation and
// expiry, and when the visitor signs in anew, as that is another session. A page that reconnects, as EventSource does
// by itself, is then seen as who it is by now.
package gate
