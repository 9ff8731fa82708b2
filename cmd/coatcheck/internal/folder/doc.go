// Package folder is the place on disk for what must outlive the program: the console's token, and the sessions, in an SQLite
// database, unless they are kept elsewhere. Everything in it is for its owner alone.
//
//	coatcheck.db       sessions; back it up with SQLite's own means (sqlite3 coatcheck.db ".backup copy.db")
//	coatcheck.db-wal   SQLite's journal; part of the database while the program runs
//	coatcheck.db-shm   SQLite's index into it
//	tidemark.json      what this node has ended last, by which a restored backup is noticed; leave it where it is when you restore one
//	console-token      what the console and its API take as proof; delete it and start again for a new one
package folder
