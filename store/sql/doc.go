// Package sqlstore keeps sessions in a SQL database, through the *sql.DB that the app already has.
//
//	db, err := sql.Open("sqlite", "shop.db") // with a driver that the app imports, such as modernc.org/sqlite
//	sessions := session.New(sqlstore.New(db, sqlstore.SQLite), session.Options{})
//
// The package brings no driver and never closes the database. Its tables begin with coatcheck_ and may lie in the
// app's own database. They are made, and brought up to date, at the first use; [Store.Prepare] does it at a time
// of your choosing. A database that a newer version of this package has written to is refused, not changed.
//
// # What is promised
//
// When a method that writes returns nil, its change has been committed and the operating system has been told to put
// it on the disk: it survives a crash of the program, kill -9, and a power cut if the disk does what it says. Changes
// of concurrent calls are committed together, in one transaction with one wait for the disk, so that the
// number of writes per second grows with the number of callers. Each of them succeeds or fails by itself.
//
// Reads take one look at an index and run beside writes, as many at a time as the pool has connections.
//
// A call that is cancelled while its change waits in the queue takes it out again. Once its transaction runs, the
// change may happen although the call returns the context's error.
//
// # What is not
//
// The feed ([store.Feed]) tells of what this Store changes. With SQLite, let one process and one Store write to a
// file at a time. A second one breaks nothing that the contract of package store says of records, but the first
// does not hear of its changes.
//
// A backup that is put in place of the file, or the file's removal, is noticed before the next change is
// acknowledged and within a second of reading. From then on every call fails, until that very file is back, or the
// program is started again.
//
// # SQLite
//
// The store switches the database to write-ahead logging (files FILE-wal and FILE-shm appear beside it: never
// delete or copy one without the others), and its transactions to synchronous=FULL. Any number of pooled connections
// will do, one included; do not call the store while you hold the only one. In a database that has no tables yet the
// store limits the file to its owner (mode 0600), because sessions are nobody else's business.
//
// If another program has locked the database, calls wait for a second and a half, or longer if the connection's
// busy_timeout is longer, and then fail. All failures say what to do, and none is [store.ErrNotFound].
//
// For a look at what is there:
//
//	SELECT hex(id), owner, datetime(created/1000000, 'unixepoch') FROM coatcheck_sessions ORDER BY created DESC
package sqlstore
