package seal_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/seal"
)

func TestSealedMessageComesBack(t *testing.T) {
	ring := seal.New()
	for _, message := range []string{"", "dark", "a.b.c", strings.Repeat("x", 5000), "\x00\xff"} {
		sealed := ring.Seal("theme", []byte(message))
		if len(sealed) != len(message)+seal.SealOverhead {
			t.Errorf("Seal(%.20q) added %d bytes, want %d", message, len(sealed)-len(message), seal.SealOverhead)
		}
		if len(message) > 3 && bytes.Contains(sealed, []byte(message)) {
			t.Errorf("%.20q can be read", message)
		}
		if got, ok := ring.Open("theme", sealed); !ok || string(got) != message {
			t.Errorf("Open = %.20q, %v, want %.20q", got, ok, message)
		}
	}
}

// Rows: A30
func TestEveryBitOfASealedMessageCounts(t *testing.T) {
	ring := seal.New()
	good := ring.Seal("p", []byte("message"))
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if message, ok := ring.Open("p", bad); ok || message != nil {
				t.Fatalf("opened with bit %d of byte %d changed: %q", bit, i, message)
			}
		}
		if _, ok := ring.Open("p", good[:i]); ok {
			t.Fatalf("opened the first %d bytes", i)
		}
	}
	for name, c := range map[string]struct {
		purpose string
		sealed  []byte
	}{
		"one byte more":         {"p", append(bytes.Clone(good), 0)},
		"other purpose":         {"q", good},
		"no purpose":            {"", good},
		"longer purpose":        {"pp", good},
		"other ring":            {"p", seal.New().Seal("p", []byte("message"))},
		"signed and not sealed": {"p", []byte(ring.Sign("p", strings.Repeat("message", 9)))},
	} {
		if _, ok := ring.Open(c.purpose, c.sealed); ok {
			t.Errorf("%s: opened", name)
		}
	}
}

// No derived key seals more than it may, and no nonce and no salt comes twice.
//
// Rows: A30
func TestDerivedKeysAreChangedInTime(t *testing.T) {
	ring := seal.New()
	const messages = 1 << 16
	salts, nonces := map[string]int{}, map[string]bool{}
	for range 2*messages + 1 {
		sealed := ring.Seal("p", nil)
		salts[string(sealed[5:21])]++
		nonces[string(sealed[21:33])] = true
	}
	if len(salts) != 3 || len(nonces) != 2*messages+1 {
		t.Errorf("%d derived keys and %d nonces, want 3 and one for each message", len(salts), len(nonces))
	}
	for _, n := range salts {
		if n > messages {
			t.Errorf("one derived key has sealed %d messages", n)
		}
	}
}

// Rows: A29
func TestSealingFollowsRotationAndRetirement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ring, err := seal.Open(path)
	must(t, err)
	other, err := seal.Open(path)
	must(t, err)
	old := ring.Seal("p", []byte("old"))
	must(t, ring.Rotate())
	fresh := ring.Seal("p", []byte("fresh"))
	before, _ := seal.SealedBy(old)
	after, _ := seal.SealedBy(fresh)
	if keys := ring.Keys(); len(keys) != 2 || keys[0].ID != after || keys[1].ID != before || before == after {
		t.Errorf("the ring has %v; sealed by %v, then by %v", keys, before, after)
	}
	for _, sealed := range [][]byte{old, fresh} {
		if _, ok := other.Open("p", sealed); !ok {
			t.Error("the other program does not know the new key")
		}
	}
	if n, err := ring.Retire(time.Now().Add(time.Minute)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	must(t, other.Reload())
	for _, r := range []*seal.Ring{ring, other} {
		if _, ok := r.Open("p", old); ok {
			t.Error("a retired key opens")
		}
		if _, ok := r.Open("p", fresh); !ok {
			t.Error("the key that stays does not open")
		}
	}
}

// What somebody else has sealed by the same grammar: made with Node's crypto, apart from this package.
func TestFormatOfSealedMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	must(t, os.WriteFile(path,
		[]byte("coatcheck keys 1\n2026-01-02T03:04:05Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"), 0o600))
	ring, err := seal.Open(path)
	must(t, err)
	sealed, err := hex.DecodeString("019bf8d7c0000102030405060708090a0b0c0d0e0f6465666768696a6b6c6d6e6f05baeb44" +
		"ad79f7a43840b7f3827c65189e988fd9")
	must(t, err)
	if got, ok := ring.Open("theme", sealed); !ok || string(got) != "dark" {
		t.Errorf("Open = %q, %v", got, ok)
	}
}

func TestKeyIDsAreRead(t *testing.T) {
	id := seal.New().Keys()[0].ID
	if got, err := seal.ParseKeyID(id.String()); err != nil || got != id {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "zzzzzzzz", id.String() + "00", id.String()[2:]} {
		if _, err := seal.ParseKeyID(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestWhatFollowsFromAKeyIsItsOwn(t *testing.T) {
	ring := seal.New()
	id := ring.Keys()[0].ID
	a, ok := ring.Derive(id, "a", 32)
	again, _ := ring.Derive(id, "a", 32)
	b, _ := ring.Derive(id, "b", 32)
	if !ok || len(a) != 32 || !bytes.Equal(a, again) || bytes.Equal(a, b) {
		t.Errorf("derived %x, %x and %x, %v", a, again, b, ok)
	}
	must(t, ring.Rotate())
	if c, _ := ring.Derive(ring.Keys()[0].ID, "a", 32); bytes.Equal(a, c) {
		t.Error("the same follows from another key")
	}
	if again, ok := ring.Derive(id, "a", 32); !ok || !bytes.Equal(a, again) {
		t.Error("something else follows from the key after a rotation")
	}
	if _, ok := seal.New().Derive(id, "a", 32); ok {
		t.Error("something follows from a key that is not there")
	}
}

func TestZeroRingOpensNothing(t *testing.T) {
	var ring seal.Ring
	if _, ok := ring.Open("p", seal.New().Seal("p", nil)); ok {
		t.Error("a ring without keys opens a message")
	}
	defer func() {
		if recover() == nil {
			t.Error("a ring without keys seals")
		}
	}()
	ring.Seal("p", nil)
}

// For the race detector; nothing may be refused meanwhile.
func TestSealingUnderRotation(t *testing.T) {
	ring := seal.New()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				if _, ok := ring.Open("p", ring.Seal("p", []byte("m"))); !ok {
					t.Error("a fresh message was refused")
				}
			}
		})
	}
	for range seal.MaxKeys - 1 {
		must(t, ring.Rotate())
	}
	wg.Wait()
}

func FuzzOpen(f *testing.F) {
	ring := seal.New()
	f.Add("p", []byte("dark"))
	f.Add("p", ring.Seal("p", []byte("dark")))
	f.Add("", bytes.Repeat([]byte{1}, seal.SealOverhead))
	f.Fuzz(func(t *testing.T, purpose string, text []byte) {
		if message, ok := ring.Open(purpose, text); ok && string(message) != "dark" {
			t.Errorf("opened %x, which nobody sealed", text)
		}
		sealed := ring.Seal(purpose, text)
		if message, ok := ring.Open(purpose, sealed); !ok || !bytes.Equal(message, text) {
			t.Errorf("refused %x", sealed)
		}
		if message, ok := ring.Open(purpose+"x", sealed); ok {
			t.Errorf("opened %x for another purpose", message)
		}
	})
}
