// Package lint says what browsers make of the cookies that a site sets: whether Chrome, Firefox and Safari keep each of
// them, what they store instead of what was written, and what is wrong with it, alone and together with the others.
//
// # In a test
//
// [Handler] plays requests to an http.Handler and fails the test for every finding:
//
//	func TestCookies(t *testing.T) {
//		lint.Handler(t, site, lint.Get("/"), lint.PostForm("/login", "user", "ada"))
//	}
//
// # On what was recorded
//
// [Check] takes [Response] values: made by hand, read from text by [ReadLines] or from an HTTP archive by [ReadHAR]. The
// [Report] has a [Cookie] for each Set-Cookie line, with an [Outcome] for each browser, and is written as text, JSON or
// SARIF. Values of cookies are secrets: no output contains one.
//
// # Rules
//
// Each [Rule] is a file, with a fixture in testdata; docs/lint.md is the catalogue. The judgement whether a browser keeps a
// cookie is [jar.Jar.Set] and [jar.Profile.Decide], and is made nowhere else.
package lint
