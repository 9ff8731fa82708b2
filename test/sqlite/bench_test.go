package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// BenchmarkSQLiteSignIn creates sessions durably, one caller after the other and 64 at a time, who share the wait
// for the disk. Compare the sign-ins per second.
func BenchmarkSQLiteSignIn(b *testing.B) {
	for _, callers := range []int{1, 64} {
		name := strconv.Itoa(callers)
		if callers == 1 {
			name = "one"
		}
		b.Run(name, func(b *testing.B) {
			s := newBox(b, newFile(b))
			mustCreate(b, s)
			before, n := commits.Load(), (b.N+callers-1)/callers*callers
			b.ResetTimer()
			start := time.Now()
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for range n / callers {
						mustCreate(b, s)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(n)/time.Since(start).Seconds(), "sign-ins/s")
			b.ReportMetric(float64(n)/float64(commits.Load()-before), "sign-ins/commit")
		})
	}
}

// BenchmarkSQLiteLoad reads sessions at random.
func BenchmarkSQLiteLoad(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			s := newBox(b, newFile(b))
			ids := make([]store.ID, n)
			var wg sync.WaitGroup
			for lane := range 64 {
				wg.Go(func() {
					for i := lane; i < n; i += 64 {
						ids[i] = mustCreate(b, s).ID
					}
				})
			}
			wg.Wait()
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if _, err := s.Load(context.Background(), ids[rand.IntN(n)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
