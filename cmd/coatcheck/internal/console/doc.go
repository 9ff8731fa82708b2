// Package console is the operator's page: who is signed in now, on which browsers, and a button to end it.
//
// It lists live sessions, newest first, finds those of a user, ends one or all of a user, and follows changes as they
// happen. It also serves package api on the same port. Everything works without JavaScript; with it, a page follows
// along by itself.
//
// An operator signs in with the link that [Console.SignInLink] makes, which is good once and for ten minutes, or with
// the token that the API takes. From then on the console has a session like any other site that is built on Coatcheck,
// in a manager and a cookie of its own, SameSite=Strict, over a store in memory: a restart signs operators out.
//
// What it shows was written by strangers: names, addresses and User-Agent headers are text and nothing else. No page
// has an inline script or style, the content security policy allows none, and scripts have no way to make markup from
// text (require-trusted-types-for). Changes are only taken from the console's own pages, and nobody may frame them.
//
// The cookie is one that browsers keep over https, and over plain http on localhost only.
package console
