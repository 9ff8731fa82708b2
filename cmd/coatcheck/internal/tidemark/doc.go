// Package tidemark notices that a store has gone back in time, as it does when a backup is put in its place: sessions that
// were ended after the backup was made are in it again.
//
//	st, err := tidemark.Open(ctx, inner, tidemark.Options{File: "/var/lib/coatcheck/tidemark.json"})
//
// # How it is noticed
//
// The store has a name of its own, and in it a mark for each node: a moment that moves forward with everything that the
// node ends. The node's own copy of its mark lies beside the store, in its data folder, and is written before the end of
// a session is acknowledged. A store whose mark is older than the node's copy is not the one in which that was written.
//
// # What is done
//
// Nobody can say any more which of the sessions in such a store were ended since. So all sessions that began before the
// moment at which it is noticed are refused, durably and on every node, by the not-before switch of everybody: users sign in
// again. [Options.AcceptRestored] lets them in instead.
//
// It is looked for when the store is opened, whenever its feed was lost and is found again, and every 10 seconds as long as
// the feed beats: a server may be replaced below a program that runs on.
//
// # What it costs, and what it misses
//
// One more small write for each session that is ended, shared by those that are ended at the same time. That of a session
// that another one has replaced, at sign-in, is noted up to a second later.
//
// Each node knows what it has ended itself. If the data folders of all nodes are lost together with the store, or it is the
// folder of the node that ended a session, that one comes back with the backup.
//
// The marks are not-before switches of users whose names no user can have; nobody who asks this store sees them. Copied
// to another store, they are good there: a copy that is older than what was ended since is noticed just the same.
package tidemark
