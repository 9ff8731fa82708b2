package seal_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/seal"
)

func TestSignedTextComesBack(t *testing.T) {
	ring := seal.New()
	for _, message := range []string{"", "dark", "a.b.c", "ümlaut; = \"x\"", strings.Repeat("x", 5000), "\x00\xff"} {
		text := ring.Sign("theme", message)
		if len(text) != len(message)+seal.Overhead {
			t.Errorf("Sign(%.20q) added %d bytes, want %d", message, len(text)-len(message), seal.Overhead)
		}
		if got, ok := ring.Verify("theme", text); !ok || got != message {
			t.Errorf("Verify = %.20q, %v, want %.20q", got, ok, message)
		}
	}
}

func TestForgedTextIsRefused(t *testing.T) {
	ring := seal.New()
	good := ring.Sign("theme", "dark")
	tag := good[len("dark"):]
	for name, text := range map[string]string{
		"nothing":               "",
		"no tag":                "dark",
		"tag alone":             tag[1:],
		"empty tag":             "dark.",
		"other message":         "dusk" + tag,
		"longer message":        "darks" + tag,
		"shorter message":       "dar" + tag,
		"cut off":               good[:len(good)-1],
		"one character more":    good + "A",
		"newline in the tag":    good[:len(good)-1] + "\n",
		"padding":               good + "=",
		"other key":             seal.New().Sign("theme", "dark"),
		"signed for other use":  ring.Sign("cart", "dark"),
		"use and message moved": ring.Sign("them", "edark"),
		"dot replaced":          strings.Replace(good, ".", ",", 1),
		"only dots":             strings.Repeat(".", 60),
	} {
		if message, ok := ring.Verify("theme", text); ok || message != "" {
			t.Errorf("%s: Verify = %q, %v, want refusal", name, message, ok)
		}
	}
}

// Base64 leaves two bits of the last character unused. Texts that differ only there would be two names for one thing.
func TestEveryBitOfTheTagCounts(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	ring := seal.New()
	good := ring.Sign("p", "m")
	for i := 2; i < len(good); i++ {
		for _, c := range alphabet {
			text := good[:i] + string(c) + good[i+1:]
			if _, ok := ring.Verify("p", text); ok != (text == good) {
				t.Fatalf("Verify(%q) = %v for the tag of %q", text, ok, good)
			}
		}
	}
}

// A purpose must not be able to swallow the beginning of a message.
func TestPurposeAndMessageStayApart(t *testing.T) {
	ring := seal.New()
	tag := strings.TrimPrefix(ring.Sign("ab", "c"), "c")
	if _, ok := ring.Verify("a", "bc"+tag); ok {
		t.Error("the tag of (ab, c) was accepted for (a, bc)")
	}
}

func TestRotationNeitherRefusesNorRevives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := seal.New()
		first := ring.Sign("p", "first")
		time.Sleep(24 * time.Hour)
		must(t, ring.Rotate())
		rotatedAt := time.Now()
		second := ring.Sign("p", "second")
		if first[6:] == ring.Sign("p", "first")[6:] {
			t.Fatal("after Rotate the old key still signs")
		}
		for _, text := range []string{first, second} {
			if _, ok := ring.Verify("p", text); !ok {
				t.Errorf("after Rotate %.6q is refused", text)
			}
		}
		if n, err := ring.Retire(rotatedAt.Add(-time.Second)); n != 0 || err != nil {
			t.Errorf("Retire before the rotation = %d, %v: the old key may have signed later than that", n, err)
		}
		if n, err := ring.Retire(rotatedAt); n != 1 || err != nil {
			t.Fatalf("Retire = %d, %v, want 1", n, err)
		}
		if _, ok := ring.Verify("p", first); ok {
			t.Error("a text of a retired key is accepted")
		}
		if _, ok := ring.Verify("p", second); !ok {
			t.Error("a text of the present key is refused")
		}
		if n, err := ring.Retire(time.Now().Add(1000 * time.Hour)); n != 0 || err != nil {
			t.Errorf("Retire of the key that signs = %d, %v, want 0", n, err)
		}
	})
}

func TestRingIsBounded(t *testing.T) {
	ring := seal.New()
	for range seal.MaxKeys - 1 {
		must(t, ring.Rotate())
	}
	if err := ring.Rotate(); err == nil || !strings.Contains(err.Error(), "retire old ones first") {
		t.Errorf("Rotate beyond MaxKeys = %v, want an error that says what to do", err)
	}
}

func TestZeroRingAcceptsNothing(t *testing.T) {
	var ring seal.Ring
	if _, ok := ring.Verify("p", seal.New().Sign("p", "m")); ok {
		t.Error("a ring without keys accepts a text")
	}
	defer func() {
		if recover() == nil {
			t.Error("a ring without keys signs")
		}
	}()
	ring.Sign("p", "m")
}

func TestRingsDoNotPrintTheirKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ring, err := seal.Open(path)
	must(t, err)
	secret := lastField(t, path)
	var out strings.Builder
	slog.New(slog.NewJSONHandler(&out, nil)).Info("ring", "ring", ring)
	fmt.Fprintf(&out, "%v %+v %#v", ring, ring, ring)
	if strings.Contains(out.String(), secret) || len(out.String()) > 2000 {
		t.Errorf("printing a ring shows its keys: %s", out.String())
	}
}

// Signing, verifying and rotating at the same time is for the race detector; no text may be refused meanwhile.
func TestRotationUnderLoad(t *testing.T) {
	ring := seal.New()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				m := fmt.Sprint(i)
				if _, ok := ring.Verify("p", ring.Sign("p", m)); !ok {
					t.Error("a fresh text was refused")
				}
			}
		})
	}
	for range seal.MaxKeys - 1 {
		must(t, ring.Rotate())
	}
	wg.Wait()
}

func FuzzVerify(f *testing.F) {
	ring := seal.New()
	f.Add("p", "dark")
	f.Add("p", ring.Sign("p", "dark"))
	f.Add("", strings.Repeat(".", 44))
	f.Fuzz(func(t *testing.T, purpose, text string) {
		if message, ok := ring.Verify(purpose, text); ok && ring.Sign(purpose, message) != text {
			t.Errorf("accepted %q, which nobody signed", text)
		}
		signed := ring.Sign(purpose, text)
		if message, ok := ring.Verify(purpose, signed); !ok || message != text {
			t.Errorf("refused %q", signed)
		}
		if message, ok := ring.Verify(purpose+"x", signed); ok {
			t.Errorf("accepted %q for another purpose", message)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func lastField(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	fields := strings.Fields(string(text))
	return fields[len(fields)-1]
}
