package store_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
)

func TestEncodedRecord(t *testing.T) {
	want := fullRecord()
	want.ID, want.Version, want.LastSeen = store.ID{1}, 7, noon.Add(time.Minute)
	encoded := want.Encode()
	if got, err := encoded.Record(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	apart := want
	apart.Device.UserAgent = ""
	encoded = apart.Encode()
	encoded.UserAgent = want.Device.UserAgent
	if got, err := encoded.Record(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with the User-Agent apart: got %+v, %v\nwant %+v", got, err, want)
	}
	encoded.Body = encoded.Body[:20]
	if _, err := encoded.Record(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("cut short: got %v, want ErrDamaged", err)
	}
}

// As many proofs as a record has at most are not in the way of its values.
func TestDataBehindManyProofs(t *testing.T) {
	r := fullRecord()
	for len(r.Auth) < store.MaxAuths {
		r.Auth = append(r.Auth, store.Auth{Method: "password", At: noon, Level: 1})
	}
	encoded := r.Encode()
	if got, ok := encoded.Data(); !ok || got != r.Data {
		t.Errorf("got %v, %v, want %v", got, ok, r.Data)
	}
}

// headOf is what Head has to return, taken from the decoded record.
func headOf(r store.Record) store.Head {
	h := store.Head{
		User: r.User, Secret: r.Secret,
		CreatedAt: r.CreatedAt.UnixMicro(), LastSeen: r.LastSeen.UnixMicro(), ExpiresAt: r.ExpiresAt.UnixMicro(),
		IdleTimeout: r.IdleTimeout.Microseconds(), RotatedAt: r.CreatedAt.UnixMicro(), Pending: r.Rotation.Pending(),
		Guard: r.Guard,
	}
	if !r.Rotation.At.IsZero() {
		h.RotatedAt = r.Rotation.At.UnixMicro()
	}
	return h
}

func TestHeadIsTheFrontOfTheRecord(t *testing.T) {
	confirmed := fullRecord()
	pending := confirmed
	pending.Rotation.Confirmed = false
	plain := confirmed
	plain.Rotation, plain.User, plain.IdleTimeout = store.Rotation{}, "", 0
	guarded, long := confirmed, confirmed
	guarded.Guard = "\x01\x00"
	long.Guard, long.Device.UserAgent, long.Data = strings.Repeat("g", 300), strings.Repeat("a", 200), store.Data{}
	for name, r := range map[string]store.Record{
		"confirmed": confirmed, "pending": pending, "plain": plain, "empty": {}, "guarded": guarded, "long": long,
	} {
		encoded := r.Encode()
		got, ok := encoded.Head()
		if want := headOf(r); !ok || got != want {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, ok, want)
		}
		if got := encoded.User(); got != r.User {
			t.Errorf("%s: user %q, want %q", name, got, r.User)
		}
		if got := encoded.CreatedAt(); got != r.CreatedAt.UnixMicro() {
			t.Errorf("%s: created at %d, want %d", name, got, r.CreatedAt.UnixMicro())
		}
	}
}

// A body that ends within its front has no head, and none of it makes anybody panic.
func TestHeadOfADamagedBody(t *testing.T) {
	r := fullRecord()
	r.Auth, r.Data, r.Device = nil, store.Data{}, store.Device{}
	body := string(r.AppendBody(nil))
	front := len(body) - len("\x08"+r.Rotation.Past) - 5 // what follows is count, three strings and data
	for n := range front {
		encoded := store.Encoded{Body: body[:n]}
		if _, ok := encoded.Head(); ok {
			t.Errorf("a body of %d bytes has a head", n)
		}
		_, _ = encoded.User(), encoded.CreatedAt()
	}
	for _, other := range []string{"", "\x00" + body[1:], "\x02" + body[1:]} {
		encoded := store.Encoded{Body: other}
		if _, ok := encoded.Head(); ok {
			t.Errorf("a body that begins with %.1q has a head", other)
		}
	}
}

func TestHeadOver(t *testing.T) {
	for _, idle := range []time.Duration{0, -time.Minute, time.Minute, 2 * time.Hour} {
		r := fullRecord()
		r.LastSeen, r.ExpiresAt, r.IdleTimeout = noon, noon.Add(time.Hour), idle
		encoded := r.Encode()
		head, _ := encoded.Head()
		for _, at := range []time.Time{noon, r.Ends().Add(-time.Microsecond), r.Ends(), r.Ends().Add(time.Hour)} {
			if got, want := head.Over(at.UnixMicro()), r.Over(at); got != want {
				t.Errorf("idle %v, at %v: over is %v, the record says %v", idle, at, got, want)
			}
		}
	}
}

func TestDataOfAnEncodedRecord(t *testing.T) {
	r := fullRecord()
	for name, change := range map[string]func(*store.Record){
		"full":    func(*store.Record) {},
		"plain":   func(r *store.Record) { r.Rotation, r.Auth, r.Device = store.Rotation{}, nil, store.Device{} },
		"no data": func(r *store.Record) { r.Data = store.Data{} },
		"guarded": func(r *store.Record) { r.Guard = "\x01\x00" },
	} {
		r := r
		change(&r)
		encoded := r.Encode()
		if got, ok := encoded.Data(); !ok || got != r.Data {
			t.Errorf("%s: got %v, %v, want %v", name, got, ok, r.Data)
		}
		whole := encoded.Body
		for n := range whole {
			encoded.Body = whole[:n]
			if _, ok := encoded.Data(); ok {
				t.Errorf("%s: a body of %d bytes of %d has data", name, n, len(whole))
			}
		}
	}
	encoded := store.Encoded{Body: tooManyAuths()}
	if _, ok := encoded.Data(); ok {
		t.Error("a body with too many proofs has data")
	}
}

// FuzzHead checks that the short ways to a record's front and to its data lead to the same as the long one.
func FuzzHead(f *testing.F) {
	full, guarded, empty := fullRecord(), fullRecord(), store.Record{}
	guarded.Guard = "\x01\x00"
	f.Add(string(full.AppendBody(nil)))
	f.Add(string(guarded.AppendBody(nil)))
	f.Add(string(empty.AppendBody(nil)))
	f.Add("\x01")
	f.Fuzz(func(t *testing.T, body string) {
		encoded := store.Encoded{Body: body}
		head, ok := encoded.Head()
		user := encoded.User()
		data, readable := encoded.Data()
		r, err := encoded.Record()
		if readable != (err == nil) || data != r.Data {
			t.Fatalf("data %v, %v of record %+v, %v", data, readable, r, err)
		}
		if err != nil {
			return
		}
		if !ok {
			t.Fatal("the record can be read and its head cannot")
		}
		if head.User != r.User || user != r.User || head.Guard != r.Guard || head.Secret != r.Secret ||
			head.CreatedAt != r.CreatedAt.UnixMicro() ||
			head.ExpiresAt != r.ExpiresAt.UnixMicro() {
			t.Errorf("head %+v of record %+v", head, r)
		}
	})
}
