// Package policy is the page that tells visitors in plain words what a site keeps about them, where, how long and what
// for. It is made from the site's [state.Inventory], so it says what the code does:
//
//	mux.Handle("GET /cookies", policy.Handler(inventory, policy.Options{ChoiceURL: "/consent/"}))
//
// # Look and language
//
// The page is plain HTML without a script, in light or dark as the visitor's system has it. It comes in English and
// German; each language is one small file, and [ParseLanguage] reads another. The visitor's browser says which one to
// use (Accept-Language), and links on the page change it. Descriptions are the app's own: see Translations of
// [state.Entry]. What has no translation stands in the language of the declaration.
//
// To place it in the app's own layout, set Options.Page and use [Page.Content].
package policy
