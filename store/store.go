// Package store is the contract between sessions and their stores.
//
// A [Store] holds [Record]s, one for each live session, found by their public [ID]. The comments on the interface are
// the law: package storetest checks every sentence of them, and a type is a store if it passes.
//
// Four rules carry the promises of sessions to their users:
//
//   - A write never creates. [Store.Save] replaces an existing record at the loaded version, or fails. So a slow
//     request can never bring back a session after its sign-out.
//   - An answer means durable. When a writing method returns nil, the change survives every failure named in the
//     store's documentation. After an error the caller must not claim success.
//   - Unknown is not absent. [ErrNotFound] means: there is no such record. Any other error means: the store could not
//     tell. Nobody may be signed out because of it.
//   - Only a writer is believed. A server that refuses a write because it is a replica now may be out of date: until
//     one accepts writes again, the store cannot tell, and its feed is lost.
//
// Stores check no lifetimes: a record may be loaded after its time is over, until it is swept. Sessions check the time
// at every read.
//
// # Optional interfaces
//
// A store may also be a [Feed] (it tells other nodes of changes), a [Peeker] (it answers from memory) and a [Checker]
// (it judges the settings of its server). A wrapper around the interface Store loses all three; package session reports
// the first two.
//
// # A store of your own
//
// Keep the body of a record ([Record.AppendBody]) or all of it ([Record.Encode]) with the ID, the version, the user and
// the times for lists and sweeps. If several processes share the store, let a [FeedState] make it a feed, and have each
// beat tell the server's time ([NewBeat]): nodes compare the times of records by it. Run package storetest on the store
// with the race detector. The folder test/thirdparty of this repository has a complete example with a server of its
// own.
package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors for callers to branch on. Stores may wrap them; test with [errors.Is].
var (
	// ErrNotFound: there is no record of this ID.
	ErrNotFound = errors.New("store: no such record")
	// ErrExists: there is a record of this ID already.
	ErrExists = errors.New("store: record exists")
	// ErrConflict: the record has changed since it was loaded.
	ErrConflict = errors.New("store: record has changed")
)

// A Store keeps records.
//
// Every method may be called from any number of goroutines. Each call has the effect of one atomic step at some time
// between its start and its return. Touch, List and Sweep may take one such step for each record, and so may DeleteUser
// in a store that spans machines. A store keeps no reference to its arguments, and its results belong to the caller.
//
// When its context ends, a method returns the context's error soon. After that, and after any error other than the
// three above, a write has happened wholly or not at all, and the caller cannot know.
type Store interface {
	// Load returns the record of an ID, or ErrNotFound.
	Load(ctx context.Context, id ID) (Record, error)

	// Create adds a record; as in Save, it is stored with r.Version+1, so the first version of a new session is 1. A
	// taken ID is ErrExists.
	//
	// If replaces is not the zero ID, the record of that ID is deleted in the same step. r.Version is then the version
	// of that record, from which r was made. If the other record has a different version now, it is
	// ErrConflict. If there is no such record it is ErrNotFound, because a revoked session cannot be replaced. A store
	// that cannot do both in one step creates the new record before it deletes the old one: a crash between the two
	// leaves one session too many, and its user can see and end it, but never one too few.
	Create(ctx context.Context, r Record, replaces ID) error

	// Save replaces the record of r.ID if the stored Version equals r.Version; it is then stored with
	// r.Version+1. A different version is ErrConflict, no record is ErrNotFound. LastSeen never moves back:
	// the later one of the stored time and r.LastSeen is kept. User and CreatedAt never change in the life of
	// a record; a store may ignore them here.
	Save(ctx context.Context, r Record) error

	// Touch notes when sessions were last seen, without changing their Version. LastSeen never moves back; an
	// ID without a record is passed over.
	Touch(ctx context.Context, seen []Seen) error

	// Delete removes the record of an ID and reports whether there was one. A feed tells of it in any case: a copy may
	// have outlived a record that somebody has removed by other means.
	Delete(ctx context.Context, id ID) (bool, error)

	// DeleteUser removes all records of a user except those of the IDs in keep, and returns the IDs of the removed ones
	// in any order. However many steps it takes, every record from before the call is gone when it returns, and so are
	// their replacements. A feed then tells of the user in any case, as Delete does of an ID. The empty user is nobody:
	// nothing is removed.
	DeleteUser(ctx context.Context, user string, keep ...ID) ([]ID, error)

	// List returns records newest first, by CreatedAt and then by ID, both descending. A record created or removed
	// between two pages may be missing from both; no record is listed twice. Damaged records are left out.
	List(ctx context.Context, q Query) ([]Record, error)

	// Live returns a user's live records in short, newest first as in List, at most limit of them. A record is live if
	// it was created after the time after, and is not over at the time now. The empty user has none. Each sign-in asks
	// for them, so a store should look at hardly more records than it returns, however many there are.
	Live(ctx context.Context, user string, after, now time.Time, limit int) ([]Summary, error)

	// Count returns how many records a user has that were created after the time after, or how many there are of
	// everybody's for the empty user. A record counts until it is swept, even if its time is over.
	Count(ctx context.Context, user string, after time.Time) (int, error)

	// Sweep deletes at most limit records, those over at the time now ([Record.Ends]) and returns how many it
	// deleted. Fewer than limit means: there were no more.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)

	// SetNotBefore ends all sessions of a user begun at t or before, or everybody's for the empty user, without
	// touching their records: sessions hold all cutoffs in memory and compare. A cutoff only moves forward. A store may
	// forget cutoffs older than MaxLifetime, because no session is older.
	SetNotBefore(ctx context.Context, user string, t time.Time) error

	// NotBefore returns all cutoffs by user, everybody's under the empty user. The map is the caller's own.
	NotBefore(ctx context.Context) (map[string]time.Time, error)
}

// MaxLifetime is the longest life of a session, and so the time in which a cutoff can matter: browsers keep no
// cookie longer (RFC 6265bis, section 5.5).
const MaxLifetime = 400 * 24 * time.Hour

// A Query selects records for [Store.List].
type Query struct {
	User  string // records of this user only; empty means everybody's, visitors' included
	After Cursor // start after this record; zero means from the newest
	Limit int    // at most so many; 0 means 100, and more than 1,000 means 1,000
}

// A Cursor is a place in a listing: the place of the last record on the page before.
type Cursor struct {
	CreatedAt time.Time
	ID        ID
}

// Cursor returns the record's own place in a listing.
func (r *Record) Cursor() Cursor { return Cursor{r.CreatedAt, r.ID} }

// A Summary is a record in short: enough to choose which of a user's sessions gives way to another.
type Summary struct {
	ID                  ID
	CreatedAt, LastSeen time.Time
}

// Cursor returns the record's own place in a listing.
func (s *Summary) Cursor() Cursor { return Cursor{s.CreatedAt, s.ID} }

// Compare orders cursors as listings do: it is negative if the record of c comes before that of d.
func (c Cursor) Compare(d Cursor) int {
	return cmp.Or(d.CreatedAt.Compare(c.CreatedAt), bytes.Compare(d.ID[:], c.ID[:]))
}

// PageLimit returns the maximal number of records on a page.
func (q Query) PageLimit() int {
	switch {
	case q.Limit <= 0:
		return 100
	case q.Limit > 1000:
		return 1000
	}
	return q.Limit
}

// Check returns an error if a page does not go on where the one before ended, or is in no order: who pages by it would
// not come to an end.
func (q Query) Check(page []Record) error {
	last := q.After
	for i := range page {
		next := page[i].Cursor()
		if last != (Cursor{}) && last.Compare(next) >= 0 {
			return fmt.Errorf("store: a page of a listing does not go on: %v is there after %v", next.ID, last.ID)
		}
		last = next
	}
	return nil
}

// Seen is one use of a session.
type Seen struct {
	ID ID
	At time.Time
}

// A Peeker is a store that can answer some loads at once, from its own memory. Sessions ask it first: such an answer
// takes no deadline, no breaker and no goroutine.
type Peeker interface {
	// Peek returns the record of an ID and true; the zero Encoded and true if there certainly is none; or false if only
	// [Store.Load] can tell. It never blocks. The caller has read the clock anyway and passes it on as now: a cache
	// judges by it how old its copy is.
	Peek(id ID, now time.Time) (Encoded, bool)

	// Recall returns the last known copy of a record, even if the store can no longer vouch for it: it was current at
	// since or later. It returns false if there is no such copy. It never blocks. It is for callers who prefer a stale
	// record to none while the store does not answer.
	Recall(id ID, since time.Time) (Encoded, bool)

	// Invalidate drops the copy of a record unless it is of a later version: the next Load asks the store. It never
	// blocks. It is for callers who have seen something that contradicts the copy. A store whose copy is the record
	// itself has nothing to do.
	Invalidate(id ID, version uint64)
}
