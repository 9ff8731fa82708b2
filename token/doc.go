// Package token gives other services a short signed word of who is behind a session: a JSON Web Token (RFC 7519) that
// they verify without asking the store.
//
// # What it is not for
//
// A visitor's browser keeps a ticket, never a token. A ticket can be revoked, rotated and found stolen; a token is good
// for whoever has it until it expires. So tokens go from service to service, live minutes, and are made anew from the
// session each time. Nothing here reads a token out of a cookie or begins a session with one.
//
// # Issuing
//
// An [Issuer] makes tokens of sessions, for one audience each, and publishes the keys to verify them with:
//
//	keys, err := seal.Open("/var/lib/shop/keys")
//	...
//	issuer := token.NewIssuer(sessions, keys, token.Options{Issuer: "https://shop.example"})
//	mux.Handle("GET /.well-known/jwks.json", issuer.JWKS())
//
//	text, err := issuer.Issue(session.From(r.Context()), "orders")    // then call the service with it
//	request.Header.Set("Authorization", "Bearer "+text)
//
// A service that was given a ticket, because it is on the same site, has it exchanged: see [Issuer.Exchange].
//
// A token says:
//
//	typ        "session+jwt", so that no other token of the site is taken for it, and it for no other (RFC 8725, 3.11)
//	iss, aud   who made it, and the one service that it is for
//	sub        the user
//	sid        the session's public handle, which is safe in logs
//	iat, exp   when it was made, and when it is over: at most 5 minutes later, and never after the session
//	jti        a name of its own
//	began_us   when the session began, by the clock of its store, in microseconds; not-before switches go by it
//	auth_time  when the user last proved who they are
//	amr        by what, such as ["password"]
//	acr        the highest level of assurance of these proofs, as a decimal number
//
// # Verifying
//
// In Go, a [Verifier]:
//
//	verifier := token.NewVerifier(token.VerifierOptions{
//		Issuer: "https://shop.example", Audience: "orders",
//		Keys: token.Fetch("https://shop.example/.well-known/jwks.json", nil),
//	})
//	http.ListenAndServe(addr, verifier.Require(mux))
//	...
//	claims, ok := token.From(r.Context())
//
// With VerifierOptions.Feed, a service that can reach the store's feed refuses the tokens of sessions that have ended
// as soon as it hears of the end; without it, when they expire. [Watch] is such a feed for a service that reaches no
// store, but the session API of a coatcheck program.
//
// In other languages, with any library that knows JWT and JWKS. Fix the algorithm, the issuer, the audience and the
// type. In Python, with PyJWT:
//
//	keys = jwt.PyJWKClient("https://shop.example/.well-known/jwks.json", lifespan=300)
//	key = keys.get_signing_key_from_jwt(text)
//	claims = jwt.decode(text, key.key, algorithms=["ES256"], audience="orders", issuer="https://shop.example",
//	                    options={"require": ["exp", "iat", "sub", "sid", "aud", "iss"]})
//	if jwt.get_unverified_header(text).get("typ") != "session+jwt": raise ValueError("another kind of token")
//
// In JavaScript, with jose:
//
//	const keys = jose.createRemoteJWKSet(new URL("https://shop.example/.well-known/jwks.json"))
//	const { payload } = await jose.jwtVerify(text, keys, { algorithms: ["ES256"], audience: "orders",
//	    issuer: "https://shop.example", typ: "session+jwt", requiredClaims: ["exp", "sub", "sid"] })
//
// # Keys
//
// The signing keys follow from those of the ring, so there is one file to keep and one rotation. A new key is published
// at once and signs after [Overlap], when every verifier has had the time to fetch it. [seal.Ring.Retire] ends a key
// for good: it is no longer published, and its tokens are refused by a [Verifier] after a minute, or after 5 if a cache
// stands between the two. One key has one algorithm: an issuer of ES256 and one of EdDSA on the same ring have
// different keys.
//
// Signatures, keys and their encodings are those of the standard library and of go-jose.
package token
