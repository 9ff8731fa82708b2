package redisstore

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"coatcheck.dev/store"
)

// A value is what is stored under the key of a record: one string, so that a load is one plain read.
//
//	value   = state version seen created added attempt ends body
//	state   = %x01 / %x02   ; %x02: it replaces a record, and has not been announced yet
//	version = 8OCTET        ; big-endian, as all that follows
//	seen    = 8OCTET        ; LastSeen, as order has it
//	created = 8OCTET        ; CreatedAt, as order has it
//	added   = 8OCTET        ; of the entry in the user's index: seconds and microseconds; zeros if there is no user
//	attempt = 8OCTET        ; random for each write: a client that repeats a command gets the same answer again
//	ends    = 8OCTET        ; the score in the index of ends, as order has it
//	body    = *OCTET        ; see package store
//
// The scripts know these offsets, too.
type value struct {
	version       uint64
	seen, created int64 // microseconds since 1970
	added         serverTime
	attempt       uint64
	ends          int64
	body          string
}

// A serverTime is a time by the server's clock: seconds and microseconds.
type serverTime [8]byte

func (m serverTime) seconds() int64 { return int64(binary.BigEndian.Uint32(m[:4])) }

const (
	headerLen   = 49
	announced   = 1
	unannounced = 2
)

// order maps times to numbers whose bytes sort as the times do.
func order(us int64) uint64 { return uint64(us) ^ 1<<63 }

func octets(n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return string(b[:])
}

// parseValue returns false if the value is damaged. It does not look at the body.
func parseValue(s string) (v value, ok bool) {
	if len(s) < headerLen || s[0] != announced && s[0] != unannounced {
		return v, false
	}
	field := func(i int) uint64 {
		return binary.BigEndian.Uint64([]byte(s[1+8*i : 9+8*i]))
	}
	time := func(i int) int64 { return int64(field(i) ^ 1<<63) }
	v = value{version: field(0), seen: time(1), created: time(2), attempt: field(4), ends: time(5), body: s[headerLen:]}
	copy(v.added[:], s[25:33])
	return v, true
}

// record reads what was stored under an ID. An error is ErrDamaged.
func record(id store.ID, stored string) (store.Record, error) {
	v, ok := parseValue(stored)
	if !ok {
		return store.Record{}, store.ErrDamaged
	}
	r := store.Record{ID: id, Version: v.version, LastSeen: micro(v.seen)}
	if err := r.SetBody(v.body); err != nil {
		return store.Record{}, err
	}
	return r, nil
}

// newValue returns the value of a new record, and its place.
func newValue(r *store.Record, state byte, added serverTime) (stored, place string) {
	created := order(r.CreatedAt.UnixMicro())
	b := make([]byte, 0, headerLen+512)
	b = append(b, state)
	b = binary.BigEndian.AppendUint64(b, r.Version+1)
	b = binary.BigEndian.AppendUint64(b, order(r.LastSeen.UnixMicro()))
	b = binary.BigEndian.AppendUint64(b, created)
	b = append(b, added[:]...)
	b = binary.BigEndian.AppendUint64(b, rand.Uint64())
	b = binary.BigEndian.AppendUint64(b, order(r.Ends().UnixMicro()))
	return string(r.AppendBody(b)), placeOf(created, r.ID)
}

func placeOf(created uint64, id store.ID) string { return octets(created) + string(id[:]) }

const (
	placeLen = 8 + len(store.ID{})
	entryLen = placeLen + len(serverTime{})
)

// idOf returns the ID in a place or an entry, and false if it is none.
func idOf(place string) (id store.ID, ok bool) {
	if len(place) < placeLen {
		return id, false
	}
	copy(id[:], place[8:])
	return id, true
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// keep is how long a record stays after its absolute end, or after a later write, in case nobody sweeps.
const keep = 7 * 24 * time.Hour

// life is how long a record stays from now on if nobody sweeps, in milliseconds.
func life(r *store.Record, now time.Time) int64 {
	const century = 100 * 365 * 24 * time.Hour
	left := min(max(r.ExpiresAt.Sub(now), 0), century)
	return (left + keep).Milliseconds()
}
