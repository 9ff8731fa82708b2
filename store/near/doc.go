// Package near is a cache in front of any store. It answers most reads from the memory of the process, and yet a
// session revoked on another node is refused.
//
//	sessions := session.New(near.New(st, near.Options{}), session.Options{})
//
// Put it in front of a store in another process, such as package redisstore, or sqlstore with PostgreSQL. Package
// memory needs no cache: it is as fast by itself, and always current.
//
// # How long a revoked session lives on
//
// The store's feed tells of every change. The cache drops a changed entry at once, so a revocation is in force on
// every node as soon as its notice has arrived: a few milliseconds on a good network.
//
// A feed can break, sometimes in silence. An entry is served for at most [Options].Lease after it was last known to be
// current: when it was fetched, or the feed's latest [store.Beat] if later. So the lease limits how long a revoked
// session lives on, however the feed breaks: 5 seconds by default. It is measured on two clocks, and over when it is
// over on either: neither setting a clock nor suspending the machine makes it longer.
//
//   - While the feed is lost, nothing new is kept. Entries are served until their lease is over; then every read goes
//     to the store.
//   - When the feed has recovered, everything from before is forgotten.
//   - In front of a store without a feed, the lease is the only limit: 1 second by default.
//   - A feed within one process cannot break, and needs no lease.
//   - A record that was removed behind the feed's back (FLUSHDB, TRUNCATE, a row deleted by hand) is served for at most
//     [Options].MaxAge, 10 seconds by default: then the store is asked again, whatever the feed says.
//
// This node's own revocations, and all its other writes, are in force here before they are acknowledged.
//
// # No stale answers
//
// Nobody gets an answer older than the question: readers of one session at the same time share a load, and it begins
// after they asked. If a session changes while it is being loaded or written, the answer is not kept. No reader is told
// an older version than another reader on the same node before. A store with replicas may itself answer with an older
// version. It is asked again; if that does not help, the load fails with [ErrLagging].
//
// # Not in the cache
//
// Listings, counts and cutoffs always come from the store. Touches go through to the store and move the time last seen
// in the cache. Feeds do not tell of the touches of other nodes, so LastSeen may be old. A session whose time seems to
// be over is therefore looked up in the store each time: on another node it may have just been used. What is only
// looked at ([store.Glance]) is kept if it was near before.
//
// # Memory
//
// Records take no more than [Options].MaxBytes. The least-read records are evicted first; the admission policy stops a
// flood of new sessions from displacing established ones. IDs without a record are remembered as well, so a made-up
// ticket costs one load and not one for each request. They have a limit of their own and evict no session.
//
// [Store.Stats] has the figures to watch: how many reads hit, how many were served under a lease while the feed was
// down, and how old the feed's last Beat is.
package near
