package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// The body is the part of a record that only Create and Save change. ID, Version and LastSeen are kept beside it: a
// touch rewrites nothing, and a save is compared without decoding.
//
//	body     = version secret times flags [rotation] user auths device data [guard] *unknown [place]
//	version  = %x01
//	secret   = 32OCTET
//	times    = created expires idle         ; created, expires: microseconds since 1970, idle: microseconds
//	flags    = byte                         ; bit 0 remember, bit 1 a rotation follows, bit 2 it is confirmed,
//	                                        ; bit 3 there is a guard, bit 4 its place is at the end
//	rotation = 16OCTET 32OCTET at past      ; nonce, other hash; at: microseconds since 1970; past: string
//	user     = string
//	auths    = count *(method after level)  ; count: unsigned varint; method: string; after: microseconds after
//	                                        ; created, and level: signed varints
//	device   = address agent label          ; strings
//	data     = string                       ; see Data
//	guard    = string                       ; see Record.Guard
//	string   = length *OCTET                ; length: unsigned varint
//	unknown  = OCTET                        ; read over: a later version may append fields and keep the number 1
//	place    = 4OCTET                       ; where guard begins in the body, so that nobody has to walk there
//
// Times without a unit of their own are 8OCTET, the lowest first. The fields of every request come first and have a
// fixed size: they are read without a loop.
//
// If old readers could not skip a change, it takes the next number.
const bodyVersion = 1

const (
	flagRemember = 1 << iota
	flagRotation
	flagConfirmed
	flagGuard
	flagPlace
)

const placeLen = 4

// MaxAuths is the number of authentication events in a body; older ones are left out.
const MaxAuths = 8

// ErrDamaged says that a stored body cannot be read. Stores return it from Load for that record alone; sessions treat
// such a record as absent and report it, so one bad row never locks its visitor out for good.
var ErrDamaged = errors.New("store: record is damaged")

// AppendBody appends the record's body to b.
func (r *Record) AppendBody(b []byte) []byte {
	start := len(b)
	b = append(b, bodyVersion)
	b = append(b, r.Secret[:]...)
	b = appendInt64(b, r.CreatedAt.UnixMicro())
	b = appendInt64(b, r.ExpiresAt.UnixMicro())
	b = appendInt64(b, r.IdleTimeout.Microseconds())

	var flags byte
	rotated := !r.Rotation.At.IsZero()
	for _, f := range []struct {
		on  bool
		bit byte
	}{
		{r.Remember, flagRemember}, {rotated, flagRotation}, {rotated && r.Rotation.Confirmed, flagConfirmed},
		{r.Guard != "", flagGuard | flagPlace},
	} {
		if f.on {
			flags |= f.bit
		}
	}
	b = append(b, flags)
	if rotated {
		b = append(b, r.Rotation.Nonce[:]...)
		b = append(b, r.Rotation.Other[:]...)
		b = appendInt64(b, r.Rotation.At.UnixMicro())
		b = appendString(b, r.Rotation.Past)
	}
	b = appendString(b, r.User)

	auths := r.Auth[max(0, len(r.Auth)-MaxAuths):]
	b = binary.AppendUvarint(b, uint64(len(auths)))
	for _, a := range auths {
		b = appendString(b, a.Method)
		b = binary.AppendVarint(b, a.At.UnixMicro()-r.CreatedAt.UnixMicro())
		b = binary.AppendVarint(b, int64(a.Level))
	}
	b = appendString(b, r.Device.Address)
	b = appendString(b, r.Device.UserAgent)
	b = appendString(b, r.Device.Label)
	b = appendString(b, r.Data.entries)
	if r.Guard != "" {
		place := uint32(len(b) - start)
		b = appendString(b, r.Guard)
		b = binary.LittleEndian.AppendUint32(b, place)
	}
	return b
}

// SetBody fills the record from a body written by AppendBody; ID, Version and LastSeen stay as they are. The record's
// strings are parts of body. An error is ErrDamaged and leaves the record unspecified.
func (r *Record) SetBody(body string) error {
	d := decoder{rest: body}
	if v := d.byte(); v != bodyVersion {
		return fmt.Errorf("%w: its format is %d, this program reads %d", ErrDamaged, v, bodyVersion)
	}
	d.bytes(r.Secret[:])
	created := d.int64()
	r.CreatedAt = micro(created)
	r.ExpiresAt = micro(d.int64())
	r.IdleTimeout = time.Duration(d.int64()) * time.Microsecond

	flags := d.byte()
	r.Remember = flags&flagRemember != 0
	r.Rotation = Rotation{}
	if flags&flagRotation != 0 {
		d.bytes(r.Rotation.Nonce[:])
		d.bytes(r.Rotation.Other[:])
		r.Rotation.At = micro(d.int64())
		r.Rotation.Past = d.string()
		r.Rotation.Confirmed = flags&flagConfirmed != 0
	}
	r.User = d.string()

	r.Auth = nil
	n := d.uvarint()
	if n > MaxAuths {
		return ErrDamaged
	}
	if n > 0 {
		r.Auth = make([]Auth, n)
		for i := range r.Auth {
			r.Auth[i] = Auth{Method: d.string(), At: micro(created + d.varint()), Level: int(d.varint())}
		}
	}
	r.Device = Device{Address: d.string(), UserAgent: d.string(), Label: d.string()}
	data, err := parseData(d.string())
	r.Guard = d.guard(flags, body)
	if d.failed || err != nil {
		return ErrDamaged
	}
	r.Data = data
	return nil
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// A decoder reads fields off the front of a body. If a field is cut short it sets failed and yields zero values from
// there on, so one check at the end is enough.
type decoder struct {
	rest   string
	failed bool
}

func (d *decoder) fail() { d.rest, d.failed = "", true }

func (d *decoder) byte() byte {
	if d.rest == "" {
		d.fail()
		return 0
	}
	c := d.rest[0]
	d.rest = d.rest[1:]
	return c
}

func (d *decoder) bytes(dst []byte) {
	if len(d.rest) < len(dst) {
		d.fail()
		return
	}
	d.rest = d.rest[copy(dst, d.rest):]
}

func (d *decoder) skip(n int) {
	if n < 0 || len(d.rest) < n {
		d.fail()
		return
	}
	d.rest = d.rest[n:]
}

func appendInt64(b []byte, n int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(n)) }

func (d *decoder) int64() int64 {
	if len(d.rest) < 8 {
		d.fail()
		return 0
	}
	s := d.rest[:8]
	d.rest = d.rest[8:]
	return int64(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56) // one instruction
}

func (d *decoder) uvarint() uint64 {
	n, rest, ok := cutUvarint(d.rest)
	if !ok {
		d.fail()
		return 0
	}
	d.rest = rest
	return n
}

// varint undoes the zigzag encoding of binary.AppendVarint.
func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// numbers reads over n varints.
func (d *decoder) numbers(n int) {
	for range n {
		d.uvarint()
	}
}

// pass reads over n strings, which are mostly short ones.
func (d *decoder) pass(n int) {
	rest := d.rest
	for ; n > 0 && rest != "" && rest[0] < 0x80 && int(rest[0]) < len(rest); n-- {
		rest = rest[1+int(rest[0]):]
	}
	d.rest = rest
	for range n {
		d.string()
	}
}

func (d *decoder) string() string {
	s, rest, ok := cutStringChecked(d.rest)
	if !ok {
		d.fail()
		return ""
	}
	d.rest = rest
	return s
}
