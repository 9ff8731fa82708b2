// Package folder is the data folder: the place on disk for what outlives the program. Its owner alone can read it.
//
//	coatcheck.db       sessions, unless --store names another place; back it up with SQLite's own means
//	                   (sqlite3 coatcheck.db "VACUUM INTO 'copy.db'")
//	coatcheck.db-wal   SQLite's journal; part of the database while the program runs
//	coatcheck.db-shm   SQLite's index into it
//	console-index.db   by which the console finds sessions; it can be deleted, and is made again from the store
//	rollback.json      up to when this node has ended sessions, to notice a restored backup;
//	                   leave it in place when you restore one
//	lock               held by the program that uses the folder, because there can only be one
//	app-keys           hashes of the keys by which services use the session API
//	console-token      signs in at the console and its API; delete it and start again for a new one
package folder
