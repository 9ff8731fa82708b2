package memory

import (
	"encoding/binary"
	"time"

	"coatcheck.dev/store"
)

// A text is one session as the store keeps it: in one string, which is made anew by each change and never changed, so
// readers need no lock once they have it. See rack for how texts are kept.
//
//	text    = id version seen agent body
//	id      = 16OCTET
//	version = varint             ; unsigned
//	seen    = varint             ; when it was last seen, in microseconds after its creation
//	agent   = varint             ; unsigned: which User-Agent, see agents
//	body    = *OCTET             ; see package store; without the User-Agent
type text string

const idLen = len(store.ID{})

// textOf returns the text of a record whose User-Agent is kept apart.
func textOf(r *store.Record, version uint64, seen int64, agent uint32) text {
	var buf [512]byte // most texts fit, so that the string is the only allocation
	b := append(buf[:0], r.ID[:]...)
	b = binary.AppendUvarint(b, version)
	b = binary.AppendVarint(b, seen-r.CreatedAt.UnixMicro())
	b = binary.AppendUvarint(b, uint64(agent))
	short := *r
	short.Device.UserAgent = ""
	return text(short.AppendBody(b))
}

// touched returns the text with another time last seen.
func (t text) touched(seen int64) text {
	h := t.head()
	var buf [512]byte
	b := append(buf[:0], t[:idLen]...)
	b = binary.AppendUvarint(b, h.version)
	b = binary.AppendVarint(b, seen-h.created())
	b = binary.AppendUvarint(b, uint64(h.agent))
	return text(append(b, h.body...))
}

// A head is the front of a text, and its body.
type head struct {
	version uint64
	after   int64 // seen, in microseconds after the creation
	agent   uint32
	body    string
}

func (t text) head() (h head) {
	rest := string(t[idLen:])
	h.version, rest = cutUvarint(rest)
	after, rest := cutUvarint(rest)
	h.after = int64(after>>1) ^ -int64(after&1) // undoes the zigzag of binary.AppendVarint
	agent, rest := cutUvarint(rest)
	h.agent, h.body = uint32(agent), rest
	return h
}

func (h *head) created() int64 {
	encoded := store.Encoded{Body: h.body}
	return encoded.CreatedAt()
}

func (h *head) seen() int64 { return h.created() + h.after }

func (t text) id() (id store.ID) {
	copy(id[:], t)
	return id
}

func (t text) version() uint64 {
	h := t.head()
	return h.version
}

func (t text) created() int64 {
	h := t.head()
	return h.created()
}

func (t text) user() string {
	h := t.head()
	encoded := store.Encoded{Body: h.body}
	return encoded.User()
}

func (t text) over(now time.Time) bool {
	h := t.head()
	encoded := store.Encoded{Body: h.body, Seen: h.after}
	front, _ := encoded.Head()
	return front.Over(now.UnixMicro())
}

// cutUvarint undoes binary.AppendUvarint on a string. Nobody else makes texts, so they are never cut short.
func cutUvarint(s string) (n uint64, rest string) {
	for i, shift := 0, 0; ; i, shift = i+1, shift+7 {
		n |= uint64(s[i]&0x7f) << shift
		if s[i] < 0x80 {
			return n, s[i+1:]
		}
	}
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }
