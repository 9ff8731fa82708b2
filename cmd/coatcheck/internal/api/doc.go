// Package api is the session API: services in any language begin, check, change, end and watch sessions over HTTP, and
// operators look at live sessions and end them. The document at /v1/openapi.json (OpenAPI 3.1) has every request and
// every answer; docs/api.md shows how it is used.
//
//	GET    /v1/sessions?user=ada&limit=100&after=CURSOR  read     200 {"sessions":[...],"next":"CURSOR"}
//	POST   /v1/sessions                                  create   201: a session of a user who has signed in
//	DELETE /v1/sessions?confirm=everybody                admin    200 {"ended":1234}: everybody's, visitors' included
//	POST   /v1/sessions/check                            read     200: who is behind a request
//	PATCH  /v1/sessions/data                             create   200: changes values of a visitor's session
//	POST   /v1/sessions/step-up                          create   200: the user has proved again who they are
//	POST   /v1/sessions/sign-out                         end      200: ends a visitor's session, or others
//	GET    /v1/sessions/{handle}                         read     200
//	DELETE /v1/sessions/{handle}                         end      204
//	PATCH  /v1/sessions/{handle}/data                    create   200
//	POST   /v1/sessions/{handle}/extend                  create   200: it is used, as by a WebSocket
//	DELETE /v1/users/{user}/sessions?keep=HANDLE         end      200 {"ended":3}
//	POST   /v1/not-before                                end      200: what began before is over; everybody's: admin
//	POST   /v1/sessions/end                              admin    200: which sessions a query means; nothing ends
//	GET    /v1/ends/{id}                                 admin    200: how far their end is
//	POST   /v1/ends/{id}                                 admin    202: they end, and no others
//	DELETE /v1/ends/{id}                                 admin    200: no more of them end
//	GET    /v1/history?user=ada&kind=…                   read     200 {"entries":[...],"next":"CURSOR"}
//	GET    /v1/history.csv, /v1/history.json             read     200: all that a search finds
//	DELETE /v1/history?user=ada                          admin    200 {"erased":12}
//	GET    /v1/watch                                     read     200: a stream, see package watch
//	GET    /v1/openapi.json                                       200
//	GET    /healthz                                               200 while the process answers
//	GET    /readyz                                                200 while the store answers within a second; else,
//	                                                              and once the program is told to stop, 503
//	GET    /metrics                                      metrics  200 for Prometheus: see package metrics
//
// The word in the middle is the scope that a key needs; admin has all of them, and so has the console's token. What an
// operator's token may do depends on the role: package operator has the table. Keys and tokens come in "Authorization:
// Bearer" (RFC 6750); or a caller has whatever else [Options.SignedIn] accepts. A browser on another origin can change
// nothing, whatever it sends.
//
// A visitor's request is told as a JSON object: its Cookie header or ticket, the address and browser of the visitor. It
// goes through the manager's own handler, so that a session answers as it does at the gate. Tickets are in bodies
// alone: addresses end up in logs.
//
// Parameters and members that there are not, and those that stand there twice, are 400. A listing is newest first.
// limit is 1 to 1,000, and 100 by default. While there may be more, the next request sends "next" as after; the text
// means nothing else. The end of everybody's sessions is one durable moment: what began before is over, on all nodes.
// The answer has no number if the store could not count in a second.
//
// Everything but health checks, metrics and the stream is JSON. In it control and format characters are escaped,
// \u202e, so that a terminal shows what there is in a name. An error is always
// {"error":{"code":"…","message":"…"}}:
//
//	400 bad_request             the request is malformed; the message says where
//	401 unauthorized            there is no key, or a wrong one
//	403 wrong_scope             the key may not do that
//	403 wrong_role              nor may an operator of this role
//	403 passkey_needed          the operator has a passkey, so their token alone is not enough
//	403 cross_origin            a page of another origin asked for a change
//	404 not_found               there is no such session, or no such path
//	405 method_not_allowed      the header Allow lists the methods of this path
//	409 conflict                a value is not what the request expects; nothing was changed
//	409 too_many_sessions       the user has as many sessions as there may be
//	413 too_large               the body, or the session's data, would be too large
//	422 idempotency_key_reused  another request has come with this Idempotency-Key
//	503 unavailable             the store did not answer, so the outcome is unknown; Retry-After says when to retry
//	503 too_many_streams        there is no room for another stream
package api
