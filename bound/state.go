package bound

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What a record has of its session's binding:
//
//	state  = %x01 phase at count *8value binding
//	phase  = %x00 / %x01 / %x02            ; offered, registered, bound
//	at     = 8OCTET                        ; when that was offered or registered, microseconds since 1970
//	count  = OCTET                         ; of values
//	value  = 8OCTET 16OCTET                ; the end of a bound cookie, oldest first, and the front of its SHA-256
//	binding = JSON
//
// Numbers have their lowest byte first. Each request needs the front alone, and reads it without decoding anything. A
// dump of the store is of no use to a thief: neither a cookie nor what the registration has to bring is in it.
type phase byte

const (
	offered    phase = iota // the browser has been asked for a key
	registered              // it has shown one, but not yet the cookie that it got for it
	confirmed               // it has shown the cookie, so that requests without are somebody else's
)

const (
	stateVersion = 1
	frontLen     = 11
	valueLen     = 8 + hashLen
	hashLen      = 16
	maxValues    = 8
)

// A state is a decoded one.
type state struct {
	phase  phase
	at     time.Time
	values []value
	binding
}

// value is what is known of one bound cookie.
type value struct {
	until time.Time
	hash  [hashLen]byte
}

// binding is what only the endpoints need.
type binding struct {
	Keys  []boundKey `json:"keys,omitempty"` // the newest last
	Offer *offer     `json:"offer,omitempty"`
}

// boundKey is a key that a browser has registered. There are two of one session after a step-up, until the browser has
// shown that it has the newer one.
type boundKey struct {
	ID         string           `json:"id"` // the browser's name for the session: its handle at the registration
	Key        *jose.JSONWebKey `json:"key"`
	At         time.Time        `json:"at"`
	Challenges []challenge      `json:"challenges,omitempty"` // unused, the newest last
}

// challenge is a text that the browser has to sign. Each is good once.
type challenge struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// offer is what a registration has to show.
type offer struct {
	challenge
	Authorization []byte `json:"authorization"` // SHA-256
}

const maxKeys = 2

var errState = errors.New("bound: the state of a session is damaged")

func (s *state) encode() (string, error) {
	text, err := json.Marshal(&s.binding)
	if err != nil {
		return "", err
	}
	b := make([]byte, 0, frontLen+len(s.values)*valueLen+len(text))
	b = append(b, stateVersion, byte(s.phase))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.at.UnixMicro()))
	b = append(b, byte(len(s.values)))
	for _, v := range s.values {
		b = binary.LittleEndian.AppendUint64(b, uint64(v.until.UnixMicro()))
		b = append(b, v.hash[:]...)
	}
	return string(append(b, text...)), nil
}

func decode(text string) (*state, error) {
	f, ok := frontOf(text)
	if !ok {
		return nil, errState
	}
	s := &state{phase: f.phase, at: time.UnixMicro(f.at)}
	for i := range f.count() {
		until, hash := f.value(i)
		v := value{until: time.UnixMicro(until)}
		copy(v.hash[:], hash)
		s.values = append(s.values, v)
	}
	if err := json.Unmarshal([]byte(text[frontLen+len(f.values):]), &s.binding); err != nil {
		return nil, errState
	}
	return s, nil
}

// front is what each request needs of a state.
type front struct {
	phase  phase
	at     int64
	values string
}

// frontOf reads the front of a state, and reports false if it is none.
func frontOf(text string) (f front, ok bool) {
	if len(text) < frontLen || text[0] != stateVersion {
		return f, false
	}
	end := frontLen + int(text[frontLen-1])*valueLen
	if len(text) < end {
		return f, false
	}
	return front{phase(text[1]), int64At(text[2:]), text[frontLen:end]}, true
}

func (f *front) count() int { return len(f.values) / valueLen }

// value returns one of the bound cookies.
func (f *front) value(i int) (until int64, hash string) {
	v := f.values[i*valueLen : (i+1)*valueLen]
	return int64At(v), v[8:]
}

func int64At(s string) int64 {
	_ = s[7]
	return int64(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
}

// addValue has one more bound cookie accepted, until its end. The oldest goes if there are many.
func (s *state) addValue(text string, until time.Time) {
	s.values = append(s.values, value{until, hashOf(text)})
	s.values = s.values[max(0, len(s.values)-maxValues):]
}

func hashOf(text string) (h [hashLen]byte) {
	sum := sha256.Sum256([]byte(text))
	copy(h[:], sum[:])
	return h
}

// key returns the key of that name, or nil.
func (s *state) key(id string) *boundKey {
	for i := range s.Keys {
		if s.Keys[i].ID == id {
			return &s.Keys[i]
		}
	}
	return nil
}

// named reports whether it is the name of one of the keys.
func (s *state) named(id any) bool {
	text, ok := id.(string)
	return ok && s.key(text) != nil
}

// addKey has one more key accepted.
func (s *state) addKey(k boundKey) {
	s.Keys = append(s.Keys, k)
	s.Keys = s.Keys[max(0, len(s.Keys)-maxKeys):]
}

// dropBefore drops the keys before the one of that name: the browser has it.
func (s *state) dropBefore(id string) {
	for len(s.Keys) > 1 && s.Keys[0].ID != id {
		s.Keys = s.Keys[1:]
	}
}

// use takes a challenge away, with those before it, and reports whether it was there and no older than life.
func (k *boundKey) use(text string, life time.Duration, now time.Time) bool {
	for i, c := range k.Challenges {
		if subtle.ConstantTimeCompare([]byte(c.Text), []byte(text)) == 1 {
			k.Challenges = k.Challenges[i+1:]
			return now.Sub(c.At) < life
		}
	}
	return false
}

// next returns the challenge to sign next. Text is a new one if there is none, or if the newest has lived for half of
// its life; the browser may have that one at hand, so that it stays good.
func (k *boundKey) next(text string, life time.Duration, now time.Time) string {
	if n := len(k.Challenges); n > 0 && now.Sub(k.Challenges[n-1].At) < life/2 {
		return k.Challenges[n-1].Text
	}
	k.Challenges = append(k.Challenges, challenge{text, now})
	k.Challenges = k.Challenges[max(0, len(k.Challenges)-2):]
	return text
}
