package memory

import (
	"encoding/binary"
	"math"
	"time"
	"unique"

	"coatcheck.dev/store"
)

// An entry is one session as the store keeps it, in 80 bytes and a string. The lock of its shard guards it; the links,
// the lock of its part of the users. Times are microseconds since 1970 unless noted.
type entry struct {
	id store.ID
	stored
	created    int64
	prev, next *entry // in the list of the user; see part
	ends       uint32 // when it is over, in seconds since 1970, not later than the true end
	user       uint32 // its hash
}

// stored is what a load needs.
type stored struct {
	saved string                // the version, as a varint, and the body: made anew by each save, never changed
	agent unique.Handle[string] // User-Agent, which the body lacks: millions of browsers have a few thousand of them
	seen  int64
}

func newEntry(r *store.Record, user uint32) *entry {
	e := &entry{id: r.ID, created: r.CreatedAt.UnixMicro(), user: user}
	e.seen = r.LastSeen.UnixMicro()
	e.save(r, 1)
	return e
}

// save takes a record over as a version.
func (e *entry) save(r *store.Record, version uint64) {
	e.agent = unique.Make(r.Device.UserAgent)
	short := *r
	short.Device.UserAgent = ""
	var buf [512]byte // most bodies fit, so that the string is the only allocation
	e.saved = string(short.AppendBody(binary.AppendUvarint(buf[:0], version)))
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
	e.ends = seconds(r.Ends())
}

// over looks at the record only if the time in seconds says that it may be over.
func (e *entry) over(now time.Time) bool {
	if e.ends > seconds(now) {
		return false
	}
	sealed := e.sealed(e.id)
	head, _ := sealed.Head()
	return head.Over(e.seen, now.UnixMicro())
}

func (e *entry) userName() string {
	sealed := e.sealed(e.id)
	return sealed.User()
}

func (s *stored) version() uint64 {
	v, _ := cutVersion(s.saved)
	return v
}

func (s *stored) record(id store.ID) (store.Record, error) {
	sealed := s.sealed(id)
	return sealed.Record()
}

func (s *stored) sealed(id store.ID) store.Sealed {
	version, body := cutVersion(s.saved)
	return store.Sealed{ID: id, Version: version, LastSeen: s.seen, Body: body, UserAgent: s.agent.Value()}
}

// cutVersion undoes binary.AppendUvarint on a string.
func cutVersion(s string) (version uint64, body string) {
	for i, shift := 0, 0; ; i, shift = i+1, shift+7 {
		version |= uint64(s[i]&0x7f) << shift
		if s[i] < 0x80 {
			return version, s[i+1:]
		}
	}
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// seconds returns a time as whole seconds since 1970. Times that do not fit become the nearest that does.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }
