// Package console is the operator's page: who is signed in, on which browsers, and a button to end each session.
//
// It lists live sessions, newest first, finds those of a user, ends one or all of a user, and follows changes as they
// happen. Everything works without JavaScript. With it, an open page keeps itself up to date.
//
// An operator signs in with a link, which works once and for ten minutes, or with a token; with a passkey as well, once
// they have one; or another gate names them. The console then has a session like any other site that is built on
// Coatcheck, with a manager and a SameSite=Strict cookie of its own. Its store is in memory, so a restart signs
// operators out. Package operator has who they are, and what each may do: pages show no more, and each request is asked
// again.
//
// Strangers wrote what it shows: names, addresses and User-Agent headers are text and nothing else. No page has an
// inline script or style, the content security policy allows none, and scripts cannot make markup from text
// (require-trusted-types-for). Only the console's own pages can change anything, and nobody may frame them.
//
// Browsers keep its cookie over https, and over plain http on localhost only.
package console
