// Package near is a cache in front of any store: most reads are answered from the memory of the process, and a session
// that was revoked on another node is refused all the same.
//
//	sessions := session.New(near.New(st, near.Options{}), session.Options{})
//
// Put it in front of a store in another process, such as package redisstore or sqlstore with PostgreSQL. Package memory
// is as fast by itself, and knows at once.
//
// # How long what is revoked lives on
//
// The store's feed tells of every change. What it tells of is dropped at once, so between the acknowledgement of a
// revocation and its being refused everywhere passes as long as a notice takes to arrive: a few milliseconds on a good
// network.
//
// A feed can break, in silence too. Nothing is served later than [Options].Lease after a moment as of which it is known
// to be right: that before it was asked for, or if that is later, the last one for which the feed has proved that it
// has told everything ([store.Beat]). So if the feed is cut off in whatever way, the lease is the bound, 5 seconds
// unless you say otherwise. It is measured on two clocks and over when it is on either, so that neither setting a clock
// nor suspending the machine makes it longer.
//
//   - While the feed says that it is lost, nothing new is kept. What is kept is served until its lease is over, then
//     every read asks the store.
//   - When it is found again, everything from before is forgotten.
//   - In front of a store without a feed, the lease is the only bound. It is 1 second then.
//   - A feed within one process cannot break; it needs no lease.
//
// A revocation that this node has made itself holds here before it is acknowledged, and so does every other write.
//
// # What is never answered
//
// Nobody gets an answer that the store began to give before they asked: those who ask for one session at the same time
// share a call of the store that begins afterwards. What happens to a session while it is being loaded, or written,
// keeps the answer from being kept. No reader is told of an older version than another one on the same node before, and
// if the store itself answers with an older one, as one that reads from replicas can, it is asked again, and refused
// with [ErrLagging] if that does not help.
//
// # What is not in a cache
//
// Listings and counts always come from the store. Touches go through to it, and the time last seen that is kept moves
// along; those of other nodes are told by no feed. LastSeen may therefore be old, and a session whose time seems to be
// over is looked up in the store each time, for on another node it may have just been used.
//
// # Room
//
// Records take no more than [Options].MaxBytes. Those that are read least give way; which these are, an admission
// policy decides that no flood of new sessions fools. IDs that have no record are remembered as well, so that a made-up
// ticket costs one question to the store and not one each time; they are bounded by themselves and push out no session.
//
// [Store.Stats] has the figures to watch: how many reads hit, how many were served under a lease while the feed was
// down, and how old the last proof of the feed is.
package near
