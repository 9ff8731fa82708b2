// Package history keeps what has happened to sessions, and what operators have done, for a time that the operator
// chooses: who signed in from where, which session took the place of which, who ended it, and why.
//
//	past, err := history.Open(path, history.Options{Keep: 90 * 24 * time.Hour})
//	events := event.NewQueue(event.LogEvents(log), past.Observe)
//	...
//	page, next, err := past.Find(ctx, history.Query{User: "ada"})
//
// An [Entry] has no secret and no value of a session: an [event.Event] has none. Entries lie in a file of their own, an
// SQLite database that only its owner may read, and not in the search index's, because that one may be thrown away at
// any time. Nodes that share PostgreSQL, MySQL or MariaDB share the history, too: see [Shared].
//
// # What may be missing
//
// Whoever tells an entry never waits for a disk. Entries are written in batches, four times a second, each batch in one
// durable transaction; what happened in the last quarter of a second before a crash may be missing. While nothing can
// be written, as when the disk is full, up to 65,536 entries wait in memory. What does not find room there is lost. It
// is counted ([History.Lost]), logged, and the history says so itself as soon as it can be written again, with an entry
// [Lost]. A damaged file is set aside beside the new one, and never deleted. Nothing of this keeps a session from
// beginning or ending.
//
// # How long
//
// Entries older than Options.Keep are swept in the background, and the oldest ones of more than Options.MaxEntries.
// [History.Erase] removes those of one user at once, and keeps an entry that says that this was done, without the name.
package history
