package near

import (
	"math"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// An entry is what is kept of a record. But for the time last seen it does not change.
type entry struct {
	version uint64
	body    string
	created int64 // microseconds since 1970
	expires int64
	idle    int64        // microseconds; 0 means never
	seen    atomic.Int64 // microseconds after created; never moves back

	at   moment // as of which it is known to be right
	era  uint64 // of the feed
	husk bool   // there is a newer version, or may be one: it is not served, but nothing older is either
}

// newEntry returns the entry of a record, right as of a moment.
func newEntry(r *store.Record, at moment, era uint64) *entry {
	e := &entry{
		version: r.Version, body: string(r.AppendBody(nil)),
		created: r.CreatedAt.UnixMicro(), expires: r.ExpiresAt.UnixMicro(), idle: max(0, r.IdleTimeout.Microseconds()),
		at: at, era: era,
	}
	e.seen.Store(r.LastSeen.UnixMicro() - e.created)
	return e
}

// emptied returns the entry as a husk.
func (e *entry) emptied(version uint64, at moment) *entry {
	h := &entry{version: version, body: e.body, created: e.created, expires: e.expires, idle: e.idle, at: at, era: e.era, husk: true}
	h.seen.Store(e.seen.Load())
	return h
}

func (e *entry) encoded(id store.ID) store.Encoded {
	return store.Encoded{ID: id, Version: e.version, Seen: e.seen.Load(), Body: e.body}
}

func (e *entry) user() string {
	s := store.Encoded{Body: e.body}
	return s.User()
}

// touch moves the time last seen forward.
func (e *entry) touch(at time.Time) {
	after := at.UnixMicro() - e.created
	for {
		seen := e.seen.Load()
		if after <= seen || e.seen.CompareAndSwap(seen, after) {
			return
		}
	}
}

// over reports whether the session's time is over at the time now, in microseconds, as far as is known here: no feed
// tells of the touches of other nodes.
func (e *entry) over(now int64) bool {
	return now >= e.expires || e.idle > 0 && now >= e.created+e.seen.Load()+e.idle
}

// entryBytes is what an entry takes beside its body: itself, otter's node and its place in the table.
const entryBytes = 300

func (e *entry) size() uint32 { return uint32(min(len(e.body)+entryBytes, math.MaxUint32)) }

// absence is an ID that has no record.
type absence struct {
	at  moment
	era uint64
}

// maxAbsent is how many absences are kept. Tickets that somebody makes up push out each other, and no record.
const maxAbsent = 1 << 15
