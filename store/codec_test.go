package store_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// fullRecord has something in every field.
func fullRecord() store.Record {
	return store.Record{
		User: "ada", Secret: store.Hash{0: 1, 31: 2},
		Rotation: store.Rotation{
			Nonce: store.Nonce{0: 3, 15: 4}, Other: store.Hash{0: 5, 31: 6}, At: noon.Add(time.Minute), Confirmed: true,
			Past: "12345678",
		},
		CreatedAt: noon, ExpiresAt: noon.Add(24 * time.Hour), IdleTimeout: time.Hour, Remember: true,
		Auth: []store.Auth{
			{Method: "password", At: noon, Level: 1}, {Method: "passkey", At: noon.Add(time.Second), Level: -2},
		},
		Device: store.Device{Address: "192.0.2.7", UserAgent: "curl/8", Label: "Küche"},
		Data: store.Data{}.With(
			set("cart", `["tea"]`), store.Change{Key: "theme", Value: store.Value{JSON: `"dark"`, Carry: true}},
		),
	}
}

func set(key, json string) store.Change {
	return store.Change{Key: key, Value: store.Value{JSON: json}}
}

// decode reads a body that must be good.
func decode(t *testing.T, body []byte) store.Record {
	t.Helper()
	var r store.Record
	if err := r.SetBody(string(body)); err != nil {
		t.Fatalf("SetBody: %v", err)
	}
	return r
}

func TestBodyRoundTrip(t *testing.T) {
	full := fullRecord()
	pending := full
	pending.Rotation.Confirmed = false
	plain := full
	plain.Rotation, plain.Auth, plain.Data, plain.Remember = store.Rotation{}, nil, store.Data{}, false
	past := full
	past.CreatedAt = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	past.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	negative := full
	negative.IdleTimeout, negative.Auth = -time.Hour, []store.Auth{{Level: math.MinInt}, {Level: math.MaxInt}}
	for i := range negative.Auth {
		negative.Auth[i].At = noon
	}
	guarded := full
	guarded.Guard = "\x01\xff"
	for name, want := range map[string]store.Record{
		"guarded": guarded, "full": full, "pending": pending, "plain": plain, "far times": past, "negative": negative,
	} {
		if got := decode(t, want.AppendBody(nil)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v\nwant %+v", name, got, want)
		}
	}
	empty := store.Record{}
	if got := decode(t, empty.AppendBody(nil)); !reflect.DeepEqual(got, empty) {
		t.Errorf("empty: got %+v", got)
	}
}

// What follows is where a body has its flags, and what it has to do with the place of a guard.
const (
	flagsAt   = 1 + len(store.Hash{}) + 3*8
	flagPlace = 1 << 4
	placeLen  = 4
)

// goldenBody is the body of fullRecord, field by field as the grammar has them.
const goldenBody = "01" + // version
	"0100000000000000000000000000000000000000000000000000000000000002" + // secret
	"00f09eb9fa4c0600" + "005076d70e4d0600" + "00a493d600000000" + "07" + // created, expires, idle, flags
	"03000000000000000000000000000004" + // nonce
	"0500000000000000000000000000000000000000000000000000000000000006" + // other
	"007732bdfa4c0600" + "083132333435363738" + // at, past
	"03616461" + // user
	"02" + "0870617373776f7264" + "00" + "02" + "07706173736b6579" + "80897a" + "03" + // auths
	"093139322e302e322e37" + "066375726c2f38" + "064bc3bc636865" + // device
	"1c" + "0463617274" + "08005b22746561225d" + "057468656d65" + "0701226461726b22" // data

// Bodies of this version lie in databases: their bytes may not change. What is new goes to the end, or takes a new
// number.
func TestBodyBytes(t *testing.T) {
	r := fullRecord()
	got := hex.EncodeToString(r.AppendBody(nil))
	if got != goldenBody {
		t.Errorf("the body is\n%s\nwant\n%s", got, goldenBody)
	}
}

// goldenGuard is what a guard adds to that body, beside the bits 3 and 4 of the flags: the guard itself, and its place.
const goldenGuard = "0201ff" + "cc000000"

func TestGuardBytes(t *testing.T) {
	r := fullRecord()
	r.Guard = "\x01\xff"
	want := strings.Replace(goldenBody, "00a493d600000000"+"07", "00a493d600000000"+"1f", 1) + goldenGuard
	if got := hex.EncodeToString(r.AppendBody([]byte("before"))[len("before"):]); got != want {
		t.Errorf("the body is\n%s\nwant\n%s", got, want)
	}
}

// Bodies were written without the place of the guard once, and still lie in databases.
func TestGuardWithoutItsPlace(t *testing.T) {
	want := fullRecord()
	want.Guard = strings.Repeat("g", 300)
	body := want.AppendBody(nil)
	body = body[:len(body)-placeLen]
	body[flagsAt] &^= flagPlace
	if got := decode(t, body); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	encoded := store.Encoded{Body: string(body)}
	if got, ok := encoded.Head(); !ok || got.Guard != want.Guard {
		t.Errorf("head %+v, %v", got, ok)
	}
	if got, ok := encoded.Data(); !ok || got != want.Data {
		t.Errorf("data %v, %v", got, ok)
	}
}

// Another place than the guard's makes a body damaged, and nobody panics on the way there.
func TestWrongPlaceOfAGuard(t *testing.T) {
	r := fullRecord()
	r.Guard = "\x01\xff"
	body := r.AppendBody(nil)
	front := body[:len(body)-placeLen]
	right := binary.LittleEndian.Uint32(body[len(front):])
	for _, place := range []uint32{
		0, 1, uint32(flagsAt), right - 1, right + 1, uint32(len(body)), 1 << 31, math.MaxUint32,
	} {
		encoded := store.Encoded{Body: string(binary.LittleEndian.AppendUint32(bytes.Clone(front), place))}
		if _, err := encoded.Record(); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("place %d: error %v", place, err)
		}
		if _, ok := encoded.Data(); ok {
			t.Errorf("place %d: there is data", place)
		}
		if _, ok := encoded.Head(); ok && place <= uint32(flagsAt) {
			t.Errorf("place %d: the head goes back", place)
		}
	}
}

func TestAppendBodyAppends(t *testing.T) {
	r := fullRecord()
	if got := r.AppendBody([]byte("before")); !bytes.HasPrefix(got, []byte("before\x01")) {
		t.Errorf("got %q", got)
	}
}

func TestBodyKeepsMicroseconds(t *testing.T) {
	r := fullRecord()
	zone := time.FixedZone("Kathmandu", 5*3600+45*60)
	r.CreatedAt = time.Date(2026, 1, 1, 0, 0, 0, 123456999, zone)
	r.IdleTimeout = 1500 * time.Nanosecond
	got := decode(t, r.AppendBody(nil))
	if want := time.Date(2025, 12, 31, 18, 15, 0, 123456000, time.UTC); got.CreatedAt != want {
		t.Errorf("created at %v, want %v", got.CreatedAt, want)
	}
	if got.IdleTimeout != time.Microsecond {
		t.Errorf("idle timeout %v, want 1µs", got.IdleTimeout)
	}
}

func TestBodyKeepsTheNewestAuths(t *testing.T) {
	r := fullRecord()
	r.Auth = nil
	for i := range store.MaxAuths + 2 {
		r.Auth = append(r.Auth, store.Auth{Method: fmt.Sprint(i), At: noon})
	}
	got := decode(t, r.AppendBody(nil))
	if !reflect.DeepEqual(got.Auth, r.Auth[2:]) {
		t.Errorf("got %v, want the newest %d", got.Auth, store.MaxAuths)
	}
}

// ID, Version and LastSeen are not in the body, so that a store may keep them beside it.
func TestSetBodyLeavesTheRest(t *testing.T) {
	r := fullRecord()
	got := store.Record{
		ID: store.ID{1}, Version: 2, LastSeen: noon, User: "before", Auth: []store.Auth{{Method: "before"}},
		Rotation: store.Rotation{Past: "before"},
	}
	plain := store.Record{CreatedAt: noon}
	if err := got.SetBody(string(plain.AppendBody(nil))); err != nil {
		t.Fatal(err)
	}
	want := decode(t, plain.AppendBody(nil))
	want.ID, want.Version, want.LastSeen = store.ID{1}, 2, noon
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if r.ID != (store.ID{}) {
		t.Error("encoding changed the record")
	}
}

func TestDamagedBodies(t *testing.T) {
	r := fullRecord()
	good := string(r.AppendBody(nil))
	for n := range len(good) {
		var got store.Record
		if err := got.SetBody(good[:n]); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("cut after %d of %d bytes: got %v, want ErrDamaged", n, len(good), err)
		}
	}
	for name, body := range map[string]string{
		"another version":       "\x02" + good[1:],
		"version 0":             "\x00" + good[1:],
		"endless length":        "\x01" + strings.Repeat("\xff", 20),
		"length beyond the end": "\x01\x7fada",
		"too many auths":        tooManyAuths(),
	} {
		var got store.Record
		if err := got.SetBody(body); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
	if err := new(store.Record).SetBody("\x02"); err == nil || !strings.Contains(err.Error(), "format is 2") {
		t.Errorf("an unknown version is named: got %v", err)
	}
}

// tooManyAuths returns a body that promises more authentications than there may be, and has them.
func tooManyAuths() string {
	var r store.Record
	body := r.AppendBody(nil)
	head := body[:len(body)-5] // count, three strings of the device, data
	auths := string(rune(store.MaxAuths+1)) + strings.Repeat("\x00\x00\x00", store.MaxAuths+1)
	return string(head) + auths + "\x00\x00\x00\x00"
}

// Old programs read what newer ones have appended to.
func TestUnknownFieldsAreReadOver(t *testing.T) {
	want := fullRecord()
	if got := decode(t, append(want.AppendBody(nil), "of the future"...)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// Data inside a body is checked once, here, so that nobody who reads it later can run out of range.
func TestDamagedData(t *testing.T) {
	r := fullRecord()
	r.Data = store.Data{}
	head := r.AppendBody(nil)
	head = head[:len(head)-1] // the length of the data
	for name, data := range map[string]string{
		"no value":        "\x01a",
		"value cut short": "\x01a\x05\x00tr",
		"no flags":        "\x01a\x00",
		"key cut short":   "\x09a",
		"keys not sorted": "\x01b\x02\x001" + "\x01a\x02\x002",
		"key twice":       "\x01a\x02\x001" + "\x01a\x02\x002",
		"endless length":  strings.Repeat("\xff", 12),
	} {
		body := string(head) + string(rune(len(data))) + data
		if err := new(store.Record).SetBody(body); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
}

// The strings of a record are parts of the body: decoding must not copy a session's data.
func TestSetBodyAllocatesForAuthsOnly(t *testing.T) {
	r := fullRecord()
	r.Data = r.Data.With(set("big", `"`+strings.Repeat("x", 10_000)+`"`))
	body := string(r.AppendBody(nil))
	var got store.Record
	if n := testing.AllocsPerRun(100, func() {
		if err := got.SetBody(body); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("%v allocations, want 1, for Auth", n)
	}
}

// FuzzSetBody checks that no body makes SetBody panic, that what it accepts can be used, and that encoding settles: a
// body that was read and written is the same when it is read and written again.
func FuzzSetBody(f *testing.F) {
	full, empty := fullRecord(), store.Record{}
	f.Add(string(full.AppendBody(nil)))
	f.Add(string(empty.AppendBody(nil)))
	f.Add(tooManyAuths())
	f.Add("")
	f.Add("\x01")
	f.Fuzz(func(t *testing.T, body string) {
		var first store.Record
		if err := first.SetBody(body); err != nil {
			if !errors.Is(err, store.ErrDamaged) {
				t.Fatalf("got %v, want ErrDamaged", err)
			}
			return
		}
		n := 0
		for k, v := range first.Data.All() {
			if got, ok := first.Data.Get(k); !ok || got != v {
				t.Errorf("Get(%q) = %v, %v; want %v", k, got, ok, v)
			}
			if n++; n > len(body) {
				t.Fatal("the data has no end")
			}
		}
		first.Data.With(set("k", "1"))
		first.Data.Carried()

		written := first.AppendBody(nil)
		second := decode(t, written)
		if again := second.AppendBody(nil); !bytes.Equal(again, written) {
			t.Errorf("written as\n%x\nand then as\n%x", written, again)
		}
		if third := decode(t, second.AppendBody(nil)); !reflect.DeepEqual(third, second) {
			t.Errorf("read as\n%+v\nand then as\n%+v", second, third)
		}
	})
}

func BenchmarkSetBody(b *testing.B) {
	r := fullRecord()
	body := string(r.AppendBody(nil))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.SetBody(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendBody(b *testing.B) {
	r := fullRecord()
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendBody(buf[:0])
	}
}
