package bench

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"testing"

	"github.com/gorilla/securecookie"

	"coatcheck.dev/seal"
)

// sealedMessage is as long as what sites keep in such a cookie: some fields in JSON.
var sealedMessage = make([]byte, 400)

// secureCookie is securecookie with both of its keys. It serializes nothing, because the others do not either.
func secureCookie() *securecookie.SecureCookie {
	return securecookie.New(random(64), random(32)).SetSerializer(securecookie.NopEncoder{})
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// limitAEAD is AES-256-GCM under one key, made before.
func limitAEAD() cipher.AEAD {
	block, err := aes.NewCipher(random(32))
	must(err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(err)
	return aead
}

func BenchmarkSealSeal(b *testing.B) {
	b.Run("coatcheck", func(b *testing.B) {
		ring := seal.New()
		b.ReportAllocs()
		for b.Loop() {
			ring.Seal("cookie note", sealedMessage)
		}
	})
	b.Run("securecookie", func(b *testing.B) {
		codec := secureCookie()
		b.ReportAllocs()
		for b.Loop() {
			_, err := codec.Encode("note", sealedMessage)
			must(err)
		}
	})
	b.Run("limit", func(b *testing.B) {
		aead := limitAEAD()
		b.ReportAllocs()
		for b.Loop() {
			aead.Seal(nil, nil, sealedMessage, nil)
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	b.Run("coatcheck", func(b *testing.B) {
		ring := seal.New()
		sealed := ring.Seal("cookie note", sealedMessage)
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := ring.Open("cookie note", sealed); !ok {
				b.Fatal("refused")
			}
		}
	})
	b.Run("securecookie", func(b *testing.B) {
		codec := secureCookie()
		text, err := codec.Encode("note", sealedMessage)
		must(err)
		b.ReportAllocs()
		for b.Loop() {
			var message []byte
			must(codec.Decode("note", text, &message))
		}
	})
	b.Run("limit", func(b *testing.B) {
		aead := limitAEAD()
		sealed := aead.Seal(nil, nil, sealedMessage, nil)
		b.ReportAllocs()
		for b.Loop() {
			_, err := aead.Open(nil, nil, sealed, nil)
			must(err)
		}
	})
}

// BenchmarkSealOpenFirst opens what a key has sealed that this program knows nothing of yet: the first cookie after a
// restart.
func BenchmarkSealOpenFirst(b *testing.B) {
	path := b.TempDir() + "/keys"
	ring, err := seal.Open(path)
	must(err)
	sealed := ring.Seal("cookie note", sealedMessage)
	var rings [1024]*seal.Ring
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(rings) == 0 {
			b.StopTimer()
			for j := range rings {
				rings[j], err = seal.Open(path)
				must(err)
			}
			b.StartTimer()
		}
		if _, ok := rings[i%len(rings)].Open("cookie note", sealed); !ok {
			b.Fatal("refused")
		}
	}
}
