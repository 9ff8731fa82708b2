// Package api lets operators look at live sessions and end them over HTTP.
//
//	GET    /v1/sessions?user=ada&limit=100&after=CURSOR   200 {"sessions":[...],"next":"CURSOR"}
//	DELETE /v1/sessions/{handle}                          204
//	DELETE /v1/users/{user}/sessions                      200 {"ended":3}
//	GET    /healthz                                       200 while the process lives
//	GET    /readyz                                        200 while the store answers within a second, else 503; also 503 when the program has been told to stop
//	GET    /metrics                                       for Prometheus, if there are any: see package metrics
//
// A listing is newest first. Without user it is everybody's; limit is 1 to 1,000, and 100 by default. While there may
// be more, "next" is what the next request sends as after; the text means nothing else to anybody. A session looks
// like this, with times in UTC; nothing in it, or in any other answer, is a secret:
//
//	{"handle":"5cDk…","user":"ada","created_at":"2026-11-22T09:30:00Z","last_seen":"…","expires_at":"…",
//	 "remember":true,"device":{"address":"192.0.2.7","user_agent":"…","label":""}}
//
// The user of a visitor who has not signed in is "". The two health checks need no proof of who asks. Everything
// else needs the token in "Authorization: Bearer TOKEN" (RFC 6750), or whatever else [Options.SignedIn] accepts.
// A browser of another origin can change nothing, whatever it sends.
//
// Everything but the health checks and metrics is JSON, and an error is always {"error":{"code":"…","message":"…"}}:
//
//	400 bad_request          a parameter is malformed; the message says which
//	401 unauthorized         no proof of who asks, or a wrong one
//	403 cross_origin         a page of another origin asked for a change
//	404 not_found            no such session, or no such path
//	405 method_not_allowed   the header Allow has the methods that are
//	503 unavailable          the store did not answer: nothing is known to have happened; Retry-After says when to ask again
package api
