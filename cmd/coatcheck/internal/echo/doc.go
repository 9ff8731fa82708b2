// Package echo is an app for trying things: it answers each request with what reached it, as JSON, and does on request
// what apps do that proxies get wrong. "coatcheck doctor --site" sends its attacks to it.
//
// # What reached it
//
// The header stands in the answer as it came over the connection: in its order, each line by itself, with the names as
// they were spelled, also those that no server should let through. Trailers stand beside it. Other servers hand apps a
// tidied form, in which a forged header and the proxy's own look the same.
//
// Values of Cookie, Authorization, Coatcheck-Data and the like are shown as a digest ([Digest]), so that nobody's page
// reads out a cookie that is HttpOnly, and the doctor can still tell whose value it is. [Options.ShowSecrets] shows
// them.
//
// # What it can do
//
// The paths below [Prefix] stand in service.go, one a line; the page at / lists them for people. Any other path is
// answered with what reached it, too, so that one echo can stand for a whole site. Those that order the gate to sign
// anybody in are refused without [Options.SignIn], because beside a real app they would open every account of it.
//
// # Bounds
//
// It speaks HTTP/1.0 and HTTP/1.1, one request a connection. The head may have 64 KiB, the trailers 16 KiB, the body
// 10 MiB; 256 connections are served at a time, others wait.
package echo
