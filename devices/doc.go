// Package devices is a page on which users see where they are signed in, and sign out browsers that they do not know.
//
//	sessions := session.New(st, session.Options{SignInPath: "/login"})
//	page := devices.Handler(sessions, devices.Options{})
//	mux.Handle("/devices/", sessions.RequireRecent(10*time.Minute, page))
//	http.ListenAndServe("127.0.0.1:8080", sessions.Handler(mux))
//
// Mount it inside [session.Manager.Handler], at Options.Path. It answers visitors without a sign-in as
// [session.Manager.Require] does.
//
// # A recent sign-in
//
// A stranger at an unlocked browser could sign its owner out everywhere else. So ASVS 7.5.2 wants users to prove
// their identity again before they end sessions: wrap the handler in [session.Manager.RequireRecent], as above. Users
// sign in before they see the list, and then the buttons work. To let them look without that, wrap the POST alone. A
// button is then answered with 401 if the sign-in is too old:
//
//	mux.Handle("GET /devices/", page)
//	mux.Handle("POST /devices/", sessions.RequireRecent(10*time.Minute, page))
//
// Offer the page after every change of a password or second factor (ASVS 7.4.3), and link to it from the account.
//
// # Requests and answers
//
//	GET  /devices/                      the list, this browser first, then newest first
//	GET  /devices/?ask=others           the question whether to sign out everywhere else
//	POST /devices/  end=HANDLE          signs one of the user's own browsers out
//	POST /devices/  end=others          signs all of the user's other browsers out
//	GET  /devices/style.css             the style sheet of the page
//
// A browser gets pages, and a redirect to the list after a POST. A program with "Accept: application/json" gets JSON:
//
//	GET   200 {"devices":[{"handle":"5cDk…","name":"Firefox on Linux","address":"192.0.2.7",
//	          "created_at":"2026-11-22T09:30:00Z","last_seen":"…","remember":true,"current":true}]}
//	POST  200 {"ended":1}
//	      400, 403, 404 or 503 {"error":"…"}
//
// Handles are public, so they prove nothing. Only those of the user's own sessions work, and all others are answered
// like made-up ones. Package csrf refuses requests from other sites. If the store does not answer, the status is 503,
// and the page does not claim that anybody was signed out. The list has at most 1,000 sessions, ten times the default
// limit of session.Options; signing out everywhere else reaches all of them.
//
// Each end is an event of the session manager, with the user as its actor.
//
// # Look and language
//
// The page is plain HTML with a small style sheet and no script, in English. It fits a strict
// Content-Security-Policy. To place it in the app's own layout, set Options.Page and use [Page.Content]. A [Page]
// also has all the data for a template of the app's own, in any language.
//
// A device is called "Firefox on Linux" or "curl", by the User-Agent with which its session began ([Name]). With
// session.Options.DeviceLabel set to [Label], client hints count as well, so that browsers that pass for Chrome have
// names of their own; any other function may name devices too. All of it comes from the client, so it is only a claim.
package devices
