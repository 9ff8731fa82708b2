// Package probe attacks a site from outside, as its visitors could, and says what to change. It is for the operator of
// a proxy with Coatcheck behind it or beside it: "coatcheck doctor --site".
//
// An app shows nobody what reached it. So the attacks go to package echo, which does: in place of the app, or beside it
// at one path of the site. Each row of rows.go is one thing that may be wrong. It says what was tried, what came back
// and what to change, and it is ok, dangerous, or unknown: what could not be tried is never passed over in silence. One
// mistake makes one row dangerous. A header that goes through in its usual spelling goes through in others as well, so
// these are judged only by what the usual one did not show.
//
// The attacks are harmless: they ask for nothing but the probe, the path that is named as closed, and the auth
// endpoint, a bounded number of times, one after the other; and for other paths where the echo is in place of the whole
// app. A site that is not on this machine is attacked only with [Options.Mine].
package probe
