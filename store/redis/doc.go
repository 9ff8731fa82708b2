// Package redisstore keeps sessions in Redis (6.2 or later) or Valkey: one node, Sentinel or a Cluster, with whatever
// client the app already has.
//
//	s := goredisstore.New(rdb, redisstore.Options{})     // coatcheck.dev/store/redis/goredisstore
//	s := rueidisstore.New(client, redisstore.Options{})  // coatcheck.dev/store/redis/rueidisstore
//
// These two packages, small modules of their own, connect go-redis and rueidis. Any other client needs one function, a
// [Doer], which sends a command. Two more are optional: a [Subscribe] makes the store a feed, and [Replicated] needs a
// [Pipeline].
//
// # Layout
//
// A record is one string under its own key, [Store.RecordKey]. Loading it is one plain read; saving it is one script,
// and so is every other step. A script is sent by its hash, and with its text when the server does not know it yet.
// Records are spread over 64 shards. Each shard lies in one slot of a Cluster, together with its index, so a record and
// its place in the listing come and go in one step. The index of a user lies elsewhere. It is written before the
// record, so it misses nothing; entries without a record are recognised when it is read.
//
// A sign-in replaces one record by another, which takes three steps: the new record is created, the old one is deleted
// if it is still what the new one was made from, and the new one is announced. A crash in between leaves both.
//
// Records have a time to live, one week longer than the session's absolute end, in case nobody sweeps.
//
// # Promises
//
// When a method that writes returns nil, the server has made the change. Whether the change outlives the server depends
// on the server's settings. [Store.Check] tells what they promise, and which setting would promise more:
//
//   - appendonly yes and appendfsync always: a change survives a crash and a power cut.
//   - appendfsync everysec: a crash can lose the last second or two of acknowledged changes, revocations included.
//   - no append-only file: a crash loses everything after the last snapshot.
//   - A failover, by Sentinel or in a Cluster, can lose what the new master had not received. [Replicated] waits for
//     replicas.
//
// A revocation (Delete, DeleteUser, SetNotBefore) that fails, or is not confirmed, is an error. It is repeated in the
// background until it succeeds, as long as the program runs; see [Store.Unconfirmed].
//
// DeleteUser takes one step for each record. Every record from before the call is gone when it returns, even if a
// session was just being replaced: creations for that user wait while it runs.
//
// A client may repeat a command when the connection breaks before the answer. Creating, saving and replacing recognise
// the repetition and give the same answer again. A repeated delete answers that there was nothing.
//
// # Limits
//
// Redis must not evict sessions: set maxmemory-policy to noeviction. All keys begin with [Options.Prefix], and nobody
// else may write to them. Clients must send every command to a master. A replica is late, and would accept a revoked
// session until it hears of the revocation.
//
// The clocks of a Cluster's nodes must agree to half a minute. All programs go by one of them, which beats tell: that
// of the master that has the key of the cutoffs ([Store.NotBefore]). After a failover it is the new master's, and a
// jump is doubted as [store.Clock] says.
//
// While a Cluster moves the slot of a shard, commands with several keys wait for it, at most a second and a half; loads
// and saves go on. Notices of one record come in order, except while its slot moves: then the last notice from the old
// node may come after the first one from the new node.
//
// After a failover, connections may still lead to a server that is a replica now. When a server says that it is no
// writer (READONLY, MASTERDOWN, LOADING, NOREPLICAS), every call fails until a server has shown that it is one,
// [Options.Redial] closes the connections, and the feed is lost. Beats go through writers only, once a second, so a
// store with subscribers notices within a second; one without notices at its next write. A master that was cut off
// without knowing it cannot be recognised: min-replicas-to-write makes it refuse writes.
//
// In a Cluster a notice travels from the node with the record to the node that the feed is connected to. Each process
// sends beats along every such path, 65 small commands a second, and so detects a broken one. But if two nodes lose
// each other only between two beats, a notice may be lost undetected. So a cache in front of the store should trust an
// entry for a minute, not for ever.
package redisstore
