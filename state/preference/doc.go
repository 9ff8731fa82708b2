// Package preference keeps what visitors like, such as a theme and a language, in one small cookie that is theirs. What
// they have not chosen follows what their browser says, and then what the program says.
//
//	var preferences = preference.New(inventory, preference.Spec{})
//
//	var Theme = preference.NewChoice(preferences, preference.ChoiceSpec[string]{
//		Name: "theme", Values: []string{"light", "dark"}, From: preference.ColorScheme,
//	})
//
//	var Language = preference.NewLanguage(preferences, preference.LanguageSpec{
//		Name: "language", Supported: []language.Tag{language.English, language.German},
//	})
//
//	Theme.Get(w, r)               // chosen, or by the browser's hint, or ""
//	err := Theme.Set(w, r, "dark")
//	handler = preferences.Handler(handler) // asks browsers for their hints
//
// There are four kinds: [Choice] of a few values, [Flag], [Number] in a range, and [Language]. Declarations are package
// variables. A wrong one panics when the program starts, and so does one that might make the cookie larger than
// [Spec.MaxSize]: so a visitor never meets a cookie that is too large.
//
// # What holds
//
// Get asks in this order: the visitor's choice; the header of the request in which the browser tells (Accept-Language,
// Save-Data, or a client hint); the declared default. It adds to Vary what it has read, and nothing else. The cookie is
// read first, so a page for a visitor who has chosen does not vary by hints.
//
// The visitor can write the cookie. A value that is not declared is absent, and so is a whole cookie that is
// malformed, cut off, too large, or, if it is Signed, forged. The next Set writes it anew. [state.Inventory.Malformed]
// counts them.
//
// # Sign-in and sign-out
//
// The cookie is the browser's and outlives both. With [Spec.Users] a user's preferences follow them to other browsers.
// Call [Group.Merge] after a sign-in. Its rule, for each preference:
//
//  1. A choice made in this browser since the last sign-in wins, and becomes the user's.
//  2. Otherwise the user's own holds, and replaces what an earlier user left behind.
//  3. What the user has never chosen stays as it is in the browser.
//
// While somebody is signed in, Set saves what it sets.
//
// # Scripts
//
// With ReadableByScripts, a page's own scripts find !theme:dark.language:de. in the cookie: after '!' pairs of name and
// value with ':' between them, or '~' in one that a sign-in has merged, and a final '.' each.
package preference
