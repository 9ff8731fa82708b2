// Package auth answers proxies that ask who makes a request before they pass it on (forward-auth): nginx, Caddy,
// Traefik, HAProxy and Envoy. The proxy carries the traffic, and the app behind it needs no library: it finds the same
// headers in its requests as behind the gate (package identity), because the rules are the same (package route).
//
// # What the proxy asks, and what it hears
//
// A proxy sends the headers of the request that it has, and says which one it is: its method, URI, host, scheme and the
// client's address. In which headers it does so is its [Dialect]. The [Server] makes the client's request out of that
// and has it meet its rule. The answer is
//
//	200               the app may have the request, with the headers of package identity that are in the answer;
//	                  those that do not apply are there and empty
//	303               a browser has to sign in first: the way to the sign-in page, which leads back to where it was
//	401               anybody else has to
//	403               another site has made the browser send the request
//	503, Retry-After  the store cannot tell who it is; nobody is signed out, and the cookie stays
//
// A proxy that knows 2xx, 401 and 403 alone, as nginx does, hears 401 for 303, and asks at [Whole] for the whole answer
// to pass on.
//
// # Whose word counts
//
// Who may ask may name any address and any host, so the word of trusted proxies alone counts
// (session.Options.TrustedProxies). Anybody else gets 403, and the log says so once a minute. A request that leaves out
// what its dialect says, or says it twice, gets 400 with the name of the header and of the snippet that sets it: a
// proxy that is set up wrongly lets nobody in.
//
// # New tickets
//
// A ticket gets a new secret now and then, and the browser has to hear of it: by Set-Cookie of a 200 where the proxy
// hands that on. nginx hands on the first line of a name, so the lines have numbers there, Coatcheck-Set-Cookie-1 and
// so on. Where the proxy drops them, a browser that opens a page is sent to that page once more, because other answers
// than 200 travel whole. That happens at most once a minute for one session, so that a browser which keeps no cookies
// is in no circle. Until the browser shows the new secret the old one is good, so nothing depends on it.
package auth
