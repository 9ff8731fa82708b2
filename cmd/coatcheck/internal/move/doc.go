// Package move brings sessions from one store to another while they are in use.
//
// Sessions move in one direction, from the old store to the new one. Nodes come in two kinds:
//
//	To(old, new)     leaves sessions where they are; new ones begin in the old store   --store OLD --move-to NEW
//	From(old, new)   moves what is used; new sessions begin in the new store           --store NEW --move-from OLD
//
// Both kinds look in both stores, so they serve the same sessions, and nobody is signed out while nodes restart one by
// one. A program that knows only one of the stores must not run beside them. First every node restarts with To, then
// every node with From, and when nothing is left in the old store, with the new one alone. A single program needs no
// To.
//
// # Why nothing comes back that has ended
//
// A session moves in five steps. Any node can go on from each of them, for instance after a crash.
//
//  1. The old record is marked. From then on nobody changes it there.
//  2. A place is kept for it in the new store: a record without a secret, of a version that no other place has. It is
//     not served, and swept in a minute.
//  3. The old record is looked at again. If it is gone, the session has ended, and the place stays empty.
//  4. The session is saved in its place, at the version of the place.
//  5. The old record is deleted.
//
// Whoever ends a session deletes it in the old store first, and then in the new one. Before step 3, step 3 finds
// nothing in the old store. After it, the place is already there, and step 4 finds it gone. A node that is late with
// step 2 may then keep a place once more, but nobody fills it: whoever knows it finds nothing in the old store, and
// whoever has found the record there knows another version.
//
// A change is saved in the store that its record came from, at the version that it had there. If the session has moved
// meanwhile, that is a conflict, and the change is made again on the new record. Versions of the store in which no
// sessions begin have the highest bit set, so that they are never taken for versions of the other store.
package move
