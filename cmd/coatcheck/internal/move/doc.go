// Package move brings sessions from one store to another while they are in use.
//
// Sessions go one way, from the old store to the new one, and nodes differ only in who moves them:
//
//	To(old, new)     sessions stay where they are, new ones begin in the old store   --store OLD --move-to NEW
//	From(old, new)   what is used is taken over, new ones begin in the new store     --store NEW --move-from OLD
//
// All of them look in both stores, so nodes of the two kinds serve the same sessions, and none is signed out while they
// are restarted one by one. A program that knows only one of the two stores must not run beside those that move sessions:
// first every node is restarted with To, then every node with From, and when nothing is left in the old store, with the new
// one alone. A single program needs no To.
//
// # Why nothing that was ended comes back
//
// A session is moved in steps, each of which any node can go on from, as after a crash:
//
//  1. The old record is marked: from then on nobody changes it there.
//  2. A copy with the mark is created in the new store. It is not served.
//  3. The old record is looked at again. If it is gone, the session has been ended, and so the copy goes, too.
//  4. The copy loses its mark: it is the session now.
//  5. The old record is deleted.
//
// Whoever ends a session deletes it in the old store first and in the new one then. If that comes before step 3, step 3
// finds nothing. If it comes later, the copy is in the new store already, and the second deletion meets it. A copy that
// bears the mark while the old record is missing is therefore always one of a session that was ended, and nobody serves
// it; it is claimed by a save before it is deleted, so that a node that has just taken step 4 does not lose it.
//
// A change is saved in the store that its record was loaded from, at the version that it had there; if the session has been
// moved meanwhile it is a conflict, and the change is made again on the new record. So that a version of one store is never
// taken for one of the other, those of the store in which no sessions begin have the highest bit set.
package move
