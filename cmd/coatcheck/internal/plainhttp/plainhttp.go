// Package plainhttp has what pages say where cookies travel over plain HTTP.
package plainhttp

// Refused is for a visitor whose browser would drop the session's cookie: see session.ErrPlainHTTP.
const Refused = "Nobody can sign in at this address: over plain http, browsers keep the cookie of a session from " +
	"localhost alone. Use https or http://localhost, or start coatcheck with --dev while you develop. If a proxy in " +
	"front speaks https, start with --trust-proxy."

// Development is for pages of a program that was started with --dev.
const Development = "Development mode (--dev): cookies travel over plain http. Anybody on the network can read them " +
	"and take sessions over."
