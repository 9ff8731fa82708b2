package memory

import (
	"time"

	"coatcheck.dev/store"
)

// An entry is one session as the store keeps it, in 80 bytes and the body. The lock of its shard guards all but the
// links, which the lock of its chain guards.
type entry struct {
	id store.ID
	stored
	ends       int64 // when it is over, as of the last save or touch
	created    int64
	prev, next *entry // of the same user
}

// stored is what a load needs. Times are microseconds since 1970.
type stored struct {
	body    string
	version uint64
	seen    int64
}

func newEntry(r *store.Record) *entry {
	e := &entry{id: r.ID, created: r.CreatedAt.UnixMicro()}
	e.seen = r.LastSeen.UnixMicro()
	e.save(r)
	return e
}

// save takes a record over as the next version.
func (e *entry) save(r *store.Record) {
	var buf [512]byte // most bodies fit, so that the string is the only allocation
	e.body = string(r.AppendBody(buf[:0]))
	e.version++
	e.moveSeen(r.LastSeen, r)
}

func (e *entry) touch(at time.Time) {
	if at.UnixMicro() > e.seen {
		r, _ := e.record(e.id)
		e.moveSeen(at, &r)
	}
}

// moveSeen sets the time last seen, only ever forward, and with it the end.
func (e *entry) moveSeen(at time.Time, r *store.Record) {
	e.seen = max(e.seen, at.UnixMicro())
	r.LastSeen = micro(e.seen)
	e.ends = r.Ends().UnixMicro()
}

func (e *entry) over(now time.Time) bool { return now.UnixMicro() >= e.ends }

func (e *entry) createdAt() time.Time { return micro(e.created) }

func (e *entry) user() string {
	r, _ := e.record(e.id)
	return r.User
}

func (s *stored) record(id store.ID) (store.Record, error) {
	r := store.Record{ID: id, Version: s.version, LastSeen: micro(s.seen)}
	if err := r.SetBody(s.body); err != nil {
		return store.Record{}, err
	}
	return r, nil
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }
