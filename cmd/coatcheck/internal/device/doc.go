// Package device calls browsers and other programs by a few words, such as "Firefox on Linux" or "curl", for people
// to tell their devices apart. Versions are left out: a session outlives them.
//
// Browsers that send client hints over a secure connection are asked first (Sec-CH-UA and Sec-CH-UA-Platform,
// User-Agent Client Hints of the WICG): these name browsers that otherwise pass for Chrome. The rest is read from the
// User-Agent header, by github.com/mileusna/useragent: it needs no other module, knows browsers and programs alike,
// and 512 hostile bytes cost it less than a tenth of a millisecond. A parser with regular expressions (ua-parser)
// takes 50 of them there.
//
// Anybody can send any header, so nothing may be decided by a name. It has at most [MaxLen] bytes, all of them
// printable ASCII, and is no markup once it is escaped as any text.
package device
