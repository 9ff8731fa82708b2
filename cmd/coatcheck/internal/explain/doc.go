// Package explain says what a cookie is worth that somebody has pasted: what its ticket opens, or why it opens nothing,
// and what browsers make of the line that sets it. No secret is kept, logged or shown, and looking changes nothing: the
// session does not count as used, and a stolen ticket ends nothing.
//
// It reads a Cookie header, Set-Cookie lines, or tickets alone, one in a line, with or without the name of the header.
package explain
