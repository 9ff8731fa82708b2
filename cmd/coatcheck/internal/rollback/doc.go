// Package rollback notices that a store has gone back in time, as it does when a backup takes its place. Sessions that
// ended after the backup was made are in it again.
//
//	st, err := rollback.Open(ctx, inner, rollback.Options{File: "/var/lib/coatcheck/rollback.json"})
//
// # How it is noticed
//
// The store has a name of its own, and in it a mark for each node: a time that moves forward with every session that
// the node ends. The node keeps a copy of its mark in its data folder. The copy is written before the end of a session
// is acknowledged. If the mark in the store is older than the copy, the store is not the one in which that session
// ended.
//
// The node also keeps the name of the store at each address. If a store there has none of its names any more, it was
// emptied, or another one has taken its place: it counts as one that went back in time.
//
// # What is done
//
// Nobody can tell any more which of the sessions in such a store had ended. So all sessions that began before now are
// refused, durably and on every node, by the cutoff for everybody: users sign in again. [Options.AcceptRestored] lets
// them in instead.
//
// Marks and names are compared when the store is opened, whenever its feed comes back after it was lost, and every 10
// seconds while the feed beats: a server may be replaced or emptied under a running program.
//
// # What it costs, and what it misses
//
// Each end of a session costs one more small write. Sessions that end at the same time share it. A session that another
// one has replaced, at sign-in, is noted up to a second later.
//
// Each node knows only what it has ended itself. A session comes back with the backup if the data folder of the node
// that ended it is lost, or put back together with the store.
//
// The marks are cutoffs of users whose names no user can have. Nobody who asks this store sees them. A copy of a store
// has the marks too, so a copy that is older than the latest end is noticed in the same way.
package rollback
