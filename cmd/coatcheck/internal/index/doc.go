// Package index finds live sessions by anything that is known of them, however many there are and in whatever store.
//
// A store finds the sessions of one user, and lists all of them newest first. An [Index] is a file beside it, an SQLite
// database with a row for each live session: handle, user, address, browser, times and how the user signed in. No
// secret is in it, and nothing that the app keeps. It can be thrown away at any time, because all of it comes from the
// store:
//
//   - a new file is filled from the store's listing;
//   - what the store's feed tells is looked up at once, and is in the index within a second;
//   - a check goes through the listing again and again, slowly, and mends what the feed does not tell, such as when
//     sessions were last seen. After the feed was interrupted, and when the program starts, it hurries.
//
// One goroutine does all three, one after the other: what is read from the store is written before the next change is
// looked at, so no change is overwritten by what was read before it.
//
// A [Query] says what is looked for; it is a URL as well. Whether a session is over is judged when somebody asks, and
// what [Index.Select] returns has been looked up in the store, unless that does not answer: [Page.Fresh] tells. So an
// ended session is shown no longer than the store itself would.
//
// A file that is damaged, or belongs to another version or another store, is made anew.
package index
