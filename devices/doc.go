// Package devices is the page on which users see where they are signed in, and sign browsers out that they do not know.
//
//	sessions := session.New(st, session.Options{SignInPath: "/login"})
//	page := devices.Handler(sessions, devices.Options{})
//	mux.Handle("/devices/", sessions.RequireRecent(10*time.Minute, page))
//	http.ListenAndServe("127.0.0.1:8080", sessions.Handler(mux))
//
// It belongs inside [session.Manager.Handler], at Options.Path. Visitors who are not signed in are answered as by
// [session.Manager.Require].
//
// # Asking again who the user is
//
// Whoever finds a browser that is signed in could sign its owner out everywhere else. ASVS 7.5.2 wants users to prove
// again who they are before they end sessions: wrap the handler in [session.Manager.RequireRecent], as above. Users are
// then sent to the sign-in page before they see the list, and a button that they see mostly works. To let them look
// without that, wrap only what changes something; a button is then answered with 401 when the sign-in was too long ago:
//
//	mux.Handle("GET /devices/", page)
//	mux.Handle("POST /devices/", sessions.RequireRecent(10*time.Minute, page))
//
// Offer the page after every change of a password or second factor (ASVS 7.4.3), and link to it from the account.
//
// # What it answers
//
//	GET  /devices/                      the list, this browser first, then newest first
//	GET  /devices/?ask=others           the question whether to sign out everywhere else
//	POST /devices/  end=HANDLE          signs one of the user's own browsers out
//	POST /devices/  end=others          signs all of the user's other browsers out
//	GET  /devices/style.css             the style sheet of the page
//
// A browser gets pages, and after a POST the way back to the list. A program that says "Accept: application/json"
// gets JSON:
//
//	GET   200 {"devices":[{"handle":"5cDk…","name":"Firefox on Linux","address":"192.0.2.7",
//	          "created_at":"2026-11-22T09:30:00Z","last_seen":"…","remember":true,"current":true}]}
//	POST  200 {"ended":1}
//	      400, 403, 404 or 503 {"error":"…"}
//
// Handles are public, so they prove nothing: only those of the user's own sessions are acted on, and all others are as
// unknown as one that was made up. Requests that other sites make the browser send are refused by package csrf. If the
// store does not answer the status is 503, and nothing is claimed to be signed out. At most 1,000 sessions are looked
// at, which is ten times what session.Options allows by default; signing out everywhere else reaches all.
//
// Each end is an event of the session manager, with the user as its actor.
//
// # Its look
//
// The page is plain HTML with a small style sheet and no script, and fits a strict Content-Security-Policy. It is in
// English. Inside the app's own layout, set Options.Page and put [Page.Content] where it belongs. For another language,
// Options.Page has all that a template of the app's own needs.
//
// Devices are called by what session.Options.DeviceLabel has made of the browser, or else by the beginning of its
// User-Agent. Both were written by the client, and say who it wants to be.
package devices
