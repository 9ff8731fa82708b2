package near

import (
	"hash/maphash"
	"math"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// An entry is a record in the cache. It does not change, except for the time last seen.
type entry struct {
	proof
	version   uint64
	body      string
	created   int64 // microseconds since 1970
	expires   int64
	idle      int64        // microseconds; 0 means never
	seen      atomic.Int64 // microseconds after created; never moves back
	tombstone bool         // there may be a newer version: this one is not served, and nothing older is believed
	owner     uint32       // a hash of the user
}

// owners is of this process alone.
var owners = maphash.MakeSeed()

func ownerOf(user string) uint32 { return uint32(maphash.String(owners, user)) }

func newEntry(r *store.Record, p proof) *entry {
	e := &entry{
		proof: p, version: r.Version, body: string(r.AppendBody(nil)),
		created: r.CreatedAt.UnixMicro(), expires: r.ExpiresAt.UnixMicro(), idle: max(0, r.IdleTimeout.Microseconds()),
		owner: ownerOf(r.User),
	}
	e.seen.Store(r.LastSeen.UnixMicro() - e.created)
	return e
}

// entomb returns a tombstone for the entry's place. It keeps out anything older than a version.
func (e *entry) entomb(version uint64, at dualTime) *entry {
	t := &entry{
		proof: proof{at, e.generation}, version: version, body: e.body,
		created: e.created, expires: e.expires, idle: e.idle, tombstone: true, owner: e.owner,
	}
	t.seen.Store(e.seen.Load())
	return t
}

func (e *entry) encoded(id store.ID) store.Encoded {
	return store.Encoded{ID: id, Version: e.version, Seen: e.seen.Load(), Body: e.body}
}

func (e *entry) user() string {
	encoded := store.Encoded{Body: e.body}
	return encoded.User()
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

// over reports whether the session's time is over at the time now, in microseconds. On another node it may have been
// used since: feeds do not tell of touches.
func (e *entry) over(now int64) bool {
	return now >= e.expires || e.idle > 0 && now >= e.created+e.seen.Load()+e.idle
}

// entryBytes is the size of an entry without its body: itself, otter's node and its place in the table.
const entryBytes = 300

func (e *entry) size() uint32 { return uint32(min(len(e.body)+entryBytes, math.MaxUint32)) }

// A negativeEntry is an ID without a record.
type negativeEntry struct{ proof }

// maxNegative limits the negative entries. Made-up tickets evict each other, and no record.
const maxNegative = 1 << 15
