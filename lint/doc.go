// Package lint tells what browsers make of a site's cookies: whether Chrome, Firefox, Safari and WebKitGTK keep each
// one, how they change it, and what is wrong with it, alone and together with the others.
//
// # In a test
//
// [Handler] plays requests to an http.Handler and fails the test for every finding:
//
//	func TestCookies(t *testing.T) {
//		lint.Handler(t, site, lint.Get("/"), lint.PostForm("/login", "user", "ada"))
//	}
//
// # On a live site, or a record of it
//
// A [Visitor] fetches pages as Chrome does. [ReadLines] reads responses from text, [ReadHAR] from an HTTP archive.
// [Check] judges them. The [Report] has a [Cookie] for each Set-Cookie line, with an [Outcome] for each browser. It
// is written as text, JSON or SARIF, always without the values of cookies, because these are secrets.
//
// # Rules
//
// Each [Rule] is a file, with a fixture in testdata; docs/lint.md is the catalogue. Only [jar.Jar.Set] and
// [jar.Profile.Decide] judge whether a browser keeps a cookie. The place of that rule in a standard is
// [cookie.Reason.Section].
package lint
