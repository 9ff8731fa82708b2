// Package api lets operators look at live sessions and end them over HTTP.
//
//	GET    /v1/sessions?user=ada&limit=100&after=CURSOR   200 {"sessions":[...],"next":"CURSOR"}
//	DELETE /v1/sessions?confirm=everybody                 200 {"ended":1234}: everybody's, visitors' included
//	DELETE /v1/sessions/{handle}                          204
//	DELETE /v1/users/{user}/sessions                      200 {"ended":3}
//	GET    /healthz                                       200 while the process answers
//	GET    /readyz                                        200 while the store answers within a second, else 503;
//	                                                      also 503 once the program has been told to stop
//	GET    /metrics                                       for Prometheus, if there are any: see package metrics
//
// Parameters that there are not, and those that stand there twice, are 400. A listing is newest first. Without user it
// has everybody's sessions. limit is 1 to 1,000, and 100 by default. While there may be more, the next request sends
// "next" as after; the text means nothing else. A session looks like this, with times in UTC. Nothing in it, or in any
// other answer, is a secret:
//
//	{"handle":"5cDk…","user":"ada","created_at":"2026-11-22T09:30:00Z","last_seen":"…","expires_at":"…",
//	 "remember":true,"device":{"address":"192.0.2.7","user_agent":"…","label":""}}
//
// The end of everybody's sessions is one durable moment: what began before is over, on all nodes. The answer has no
// number if the store could not count in a second.
//
// The user of a visitor who has not signed in is "". Anybody may ask for the two health checks. Everything else needs
// the token in "Authorization: Bearer TOKEN" (RFC 6750), or whatever else [Options.SignedIn] accepts. A browser on
// another origin can change nothing, whatever it sends.
//
// Everything but health checks and metrics is JSON. In it control and format characters are escaped, \u202e, so that a
// terminal shows what there is in a name. An error is always {"error":{"code":"…","message":"…"}}:
//
//	400 bad_request          a parameter is malformed; the message says which
//	401 unauthorized         there is no token, or a wrong one
//	403 cross_origin         a page of another origin asked for a change
//	404 not_found            there is no such session, or no such path
//	405 method_not_allowed   the header Allow lists the methods of this path
//	503 unavailable          the store did not answer, so the outcome is unknown; Retry-After says when to ask again
package api
