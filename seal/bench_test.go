package seal_test

import (
	"testing"

	"coatcheck.dev/seal"
)

func BenchmarkVerify(b *testing.B) {
	ring := seal.New()
	text := ring.Sign("theme", "dark")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ring.Verify("theme", text); !ok {
			b.Fatal("refused")
		}
	}
}
