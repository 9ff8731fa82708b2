// Package redisstore keeps sessions in Redis (6.2 or later) or Valkey: one node, Sentinel or a Cluster, through whatever
// client the app already has.
//
//	s := goredisstore.New(rdb, redisstore.Options{})     // coatcheck.dev/store/redis/goredisstore
//	s := rueidisstore.New(client, redisstore.Options{})  // coatcheck.dev/store/redis/rueidisstore
//
// These packages, small modules of their own, do it for go-redis and for rueidis. Any other client is as good: it takes
// one function, a [Door], that sends a command. Two more are optional: one to subscribe ([Options.Subscribe]), which
// makes the store a feed, and one that runs commands together on one connection ([Replicated]).
//
// # What is where
//
// A record is one string under a key of its own, [Store.RecordKey]. Loading it is one plain read, saving it one
// script, and so is each other step: a script is sent by its hash, and with its text when a server does not know it
// yet. Records are spread over 64 parts, each of which lies in one slot of a Cluster together with its index, so that a
// record and its place in the listing come and go in one step. The index of a user lies elsewhere: it is written before
// the record is, so that it misses nothing, and what it has too many is found out when it is read.
//
// Sign-in puts one record in the place of another, which takes steps: the new one is created, the old one is deleted if
// it is still what the new one was made from, and the new one is told. A crash in between leaves both.
//
// Records have a time to live, a week longer than the session's absolute end: for whom nobody sweeps.
//
// # What is promised
//
// When a method that writes returns nil, the server has made the change. Whether that survives the server is up to its
// settings, and [Store.Check] tells what they promise and which line would promise more:
//
//   - appendonly yes and appendfsync always: it survives a crash and a power cut.
//   - appendfsync everysec: a crash can lose what was acknowledged in the last second or two, a revoke included.
//   - no append-only file: a crash loses all since the last snapshot.
//   - A failover, by Sentinel or in a Cluster, can lose what the new master had not received. [Replicated] waits for replicas.
//
// A revoke (Delete, DeleteUser, SetNotBefore) that fails, or is not confirmed, is an error, and is repeated in the
// background until it succeeds, as long as the program runs; see [Store.Unconfirmed].
//
// DeleteUser takes one step for each record. What was there when it began is gone when it returns, also if a session was
// just being replaced: while it runs, creations of that user wait.
//
// A client may repeat a command when the connection breaks before the answer: creating, saving and replacing
// recognise that and answer the same again. A repeated delete says that there was nothing.
//
// # What is not
//
// Redis must not evict sessions: let maxmemory-policy be noeviction. The keys begin with [Options.Prefix], and nobody else
// may write to them. Reading from replicas is not for sessions: a door must ask masters, or a session that was revoked
// lives on until the replica hears of it. The clocks of a Cluster's nodes must agree to half a minute.
//
// While a Cluster moves the slot of a part, commands that concern several of its keys wait for it, a second and a half at
// most; loads and saves go on. Notices of one record come in their order, but while its slot is moving the last one from
// the old node may come after the first one from the new node.
//
// In a Cluster a notice travels from the node that has the record to the one that the feed is connected to. A beat takes
// the way of every notice, 65 small commands a second for each process, and so finds out when a way is closed; but if two
// nodes lose each other for a moment between two beats, a notice may be lost and nobody knows. Let a cache in front of
// the store believe an entry for a minute, not for ever.
package redisstore
