package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Data is an application's values in one session: at most one JSON value for each key, sorted by key. It is
// immutable and may be shared; [Data.With] makes a changed copy. The zero value is empty.
//
// It is one string, and nothing in it is decoded before somebody asks:
//
//	data  = *entry
//	entry = length key length flags value     ; length: unsigned varint; the second one counts flags and value
//	flags = byte                              ; bit 0: the value is carried over at sign-in
//
// Sealed data is one entry with the empty key, which no value has, and the sealed text as its value. A store keeps it
// like any other.
type Data struct{ entries string }

// A Value is one JSON value and its fate at sign-in.
type Value struct {
	JSON  string
	Carry bool // sign-in carries it over from the visitor's session into the new one
}

// A Change sets the value of a key, or deletes it.
type Change struct {
	Key    string
	Value  Value
	Delete bool
}

const flagCarry = 1

var errBadData = errors.New("store: data of a record is damaged")

// Len returns the size of the data in bytes.
func (d Data) Len() int { return len(d.entries) }

// Keys returns how many keys there are.
func (d Data) Keys() (n int) {
	for rest := d.entries; rest != ""; n++ {
		_, _, rest = cutEntry(rest)
	}
	return n
}

// Get returns the value of a key and whether there is one.
func (d Data) Get(key string) (Value, bool) {
	for rest := d.entries; rest != ""; {
		var k string
		var v Value
		if k, v, rest = cutEntry(rest); k == key {
			return v, true
		}
	}
	return Value{}, false
}

// All yields each key with its value, sorted by key.
func (d Data) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for rest := d.entries; rest != ""; {
			var k string
			var v Value
			if k, v, rest = cutEntry(rest); !yield(k, v) {
				return
			}
		}
	}
}

// With returns the data with changes applied in their order.
func (d Data) With(changes ...Change) Data {
	for i := range changes {
		d = d.with(&changes[i])
	}
	return d
}

// with puts the entry between the entries before and behind it.
func (d Data) with(c *Change) Data {
	at, end := d.find(c.Key)
	if c.Delete {
		return Data{d.entries[:at] + d.entries[end:]}
	}
	var buf [256]byte // most entries fit, so the string is the only allocation
	entry := appendEntry(buf[:0], c.Key, c.Value)
	return Data{d.entries[:at] + string(entry) + d.entries[end:]}
}

// find returns where the entry of a key begins and ends, or twice where it would be.
func (d Data) find(key string) (at, end int) {
	for rest := d.entries; rest != ""; at = len(d.entries) - len(rest) {
		var k string
		if k, _, rest = cutEntry(rest); k >= key {
			if k == key {
				return at, len(d.entries) - len(rest)
			}
			break
		}
	}
	return at, at
}

// Carried returns the values with Carry set.
func (d Data) Carried() Data {
	var b []byte
	for k, v := range d.All() {
		if v.Carry {
			b = appendEntry(b, k, v)
		}
	}
	return Data{string(b)}
}

// Seal returns the data in one piece that encrypt makes of it. Data that is empty, or sealed already, stays as it is.
func (d Data) Seal(encrypt func([]byte) []byte) Data {
	if _, sealed := d.Sealed(); sealed || d.entries == "" {
		return d
	}
	return Data{string(appendEntry(nil, "", Value{JSON: string(encrypt([]byte(d.entries)))}))}
}

// Sealed returns the sealed text, and false if the data is not sealed.
func (d Data) Sealed() (text string, ok bool) {
	if d.entries == "" || d.entries[0] != 0 { // the length of the key, and keys are sorted
		return "", false
	}
	_, v, _ := cutEntry(d.entries)
	return v.JSON, true
}

// Unseal returns the data that was sealed, by decrypt, which is not ok for what it cannot decrypt. Data that is not
// sealed stays as it is. An error is ErrDamaged.
func (d Data) Unseal(decrypt func([]byte) ([]byte, bool)) (Data, error) {
	text, sealed := d.Sealed()
	if !sealed {
		return d, nil
	}
	entries, ok := decrypt([]byte(text))
	if !ok {
		return Data{}, fmt.Errorf("%w: its data cannot be decrypted with any key", ErrDamaged)
	}
	plain, err := parseData(string(entries))
	if _, again := plain.Sealed(); err != nil || again {
		return Data{}, ErrDamaged
	}
	return plain, nil
}

func appendEntry(b []byte, key string, v Value) []byte {
	var flags byte
	if v.Carry {
		flags |= flagCarry
	}
	b = appendString(b, key)
	b = binary.AppendUvarint(b, uint64(len(v.JSON))+1)
	b = append(b, flags)
	return append(b, v.JSON...)
}

// cutEntry splits the first entry off. Data was checked when it was decoded, so nothing can be out of range here.
func cutEntry(s string) (key string, v Value, rest string) {
	key, s = cutString(s)
	body, rest := cutString(s)
	return key, Value{JSON: body[1:], Carry: body[0]&flagCarry != 0}, rest
}

// parseData checks every length and the order of keys, once, when a record is decoded.
func parseData(s string) (Data, error) {
	last, first := "", true
	for rest := s; rest != ""; first = false {
		key, after, ok := cutStringChecked(rest)
		if !ok || !first && key <= last {
			return Data{}, errBadData
		}
		body, after, ok := cutStringChecked(after)
		if !ok || body == "" {
			return Data{}, errBadData
		}
		last, rest = key, after
	}
	return Data{s}, nil
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// cutString splits off a string behind its length, which is mostly one byte.
func cutString(s string) (head, rest string) {
	if n := s[0]; n < 0x80 {
		return s[1 : 1+n], s[1+n:]
	}
	head, rest, _ = cutStringChecked(s)
	return head, rest
}

func cutStringChecked(s string) (head, rest string, ok bool) {
	n, s, ok := cutUvarint(s)
	if !ok || n > uint64(len(s)) {
		return "", "", false
	}
	return s[:n], s[n:], true
}

func cutUvarint(s string) (n uint64, rest string, ok bool) {
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		c := s[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break // more than 64 bits
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return n, s[i+1:], true
		}
	}
	return 0, "", false
}
