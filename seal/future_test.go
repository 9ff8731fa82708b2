package seal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/seal"
)

// A key that was made while the clock was years ahead signs, and is retired after a rotation, like any other: not only
// when that time has come.
//
// Rows: A29
func TestKeysFromTheFuture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	secret := strings.Repeat("A", 42)
	text := "coatcheck keys 1\n2099-01-01T00:00:00Z " + secret + "A\n2098-01-01T00:00:00Z " + secret + "E\n" +
		"2026-01-01T00:00:00Z " + secret + "I\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ring, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	names := ring.Keys()
	old := ring.Sign("test", "message")
	if err := ring.Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, ok := ring.Verify("test", old); !ok {
		t.Error("the rotation has refused what the key from the future has signed")
	}
	again, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range again.Keys()[1:] {
		if k.ID != names[i].ID || k.Created.After(time.Now()) {
			t.Errorf("key %d is now %v, it was %v", i, k, names[i])
		}
	}
	if n, err := ring.Retire(time.Now()); n != 3 || err != nil {
		t.Errorf("retired %d, %v", n, err)
	}
	if _, ok := ring.Verify("test", old); ok {
		t.Error("a retired key is good")
	}
}
