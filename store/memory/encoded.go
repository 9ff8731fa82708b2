package memory

import (
	"encoding/binary"
	"time"

	"coatcheck.dev/store"
)

// encoded is one record as this store keeps it: an immutable string. Each change makes a new one, so readers need no
// lock once they have it. It lies in an arena.
//
//	encoded = id version seen agent body
//	id      = 16OCTET
//	version = varint             ; unsigned
//	seen    = varint             ; when it was last seen, in microseconds after its creation
//	agent   = varint             ; unsigned: the number of its User-Agent, see agents
//	body    = *OCTET             ; see package store; without the User-Agent
type encoded string

const idLen = len(store.ID{})

// encode returns a record without its User-Agent, which it takes away.
func encode(r *store.Record, version uint64, seen int64, agent uint32) encoded {
	var buf [512]byte // most records fit, so the string is the only allocation
	b := append(buf[:0], r.ID[:]...)
	b = binary.AppendUvarint(b, version)
	b = binary.AppendVarint(b, seen-r.CreatedAt.UnixMicro())
	b = binary.AppendUvarint(b, uint64(agent))
	r.Device.UserAgent = ""
	return encoded(r.AppendBody(b))
}

// touched returns the record with another time last seen.
func (e encoded) touched(seen int64) encoded {
	h := e.head()
	var buf [512]byte
	b := append(buf[:0], e[:idLen]...)
	b = binary.AppendUvarint(b, h.version)
	b = binary.AppendVarint(b, seen-h.created())
	b = binary.AppendUvarint(b, uint64(h.agent))
	return encoded(append(b, h.body...))
}

// A head is an encoded record split into its fields and the body.
type head struct {
	version uint64
	after   int64 // seen, in microseconds after the creation
	agent   uint32
	body    string
}

func (e encoded) head() (h head) {
	rest := string(e[idLen:])
	h.version, rest = cutUvarint(rest)
	after, rest := cutUvarint(rest)
	h.after = int64(after>>1) ^ -int64(after&1) // undoes the zigzag of binary.AppendVarint
	agent, rest := cutUvarint(rest)
	h.agent, h.body = uint32(agent), rest
	return h
}

func (h *head) created() int64 {
	e := store.Encoded{Body: h.body}
	return e.CreatedAt()
}

func (h *head) seen() int64 { return h.created() + h.after }

func (e encoded) id() (id store.ID) {
	copy(id[:], e)
	return id
}

func (e encoded) version() uint64 {
	h := e.head()
	return h.version
}

func (e encoded) created() int64 {
	h := e.head()
	return h.created()
}

func (e encoded) user() string {
	h := e.head()
	body := store.Encoded{Body: h.body}
	return body.User()
}

func (e encoded) over(now time.Time) bool {
	h := e.head()
	body := store.Encoded{Body: h.body, Seen: h.after}
	front, _ := body.Head()
	return front.Over(now.UnixMicro())
}

// cutUvarint undoes binary.AppendUvarint on a string. Only encode makes such strings, so they are never cut short.
func cutUvarint(s string) (n uint64, rest string) {
	for i, shift := 0, 0; ; i, shift = i+1, shift+7 {
		n |= uint64(s[i]&0x7f) << shift
		if s[i] < 0x80 {
			return n, s[i+1:]
		}
	}
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }
