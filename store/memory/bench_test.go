package memory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

func session(i int) store.Record {
	now := time.Now()
	return store.Record{
		ID: store.NewID(), User: fmt.Sprintf("user-%d", i),
		CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(24 * time.Hour), IdleTimeout: time.Hour,
		Data: store.Data{}.With(
			store.Change{Key: "cart", Value: store.Value{JSON: `["tea","milk"]`, Carry: true}},
			store.Change{Key: "theme", Value: store.Value{JSON: `"dark"`}},
			store.Change{Key: "visits", Value: store.Value{JSON: `12`}},
		),
	}
}

func fill(b *testing.B, n int) (*memory.Store, []store.ID) {
	s, ids := memory.New(), make([]store.ID, n)
	for i := range ids {
		r := session(i)
		ids[i] = r.ID
		if err := s.Create(context.Background(), r, store.ID{}); err != nil {
			b.Fatal(err)
		}
	}
	return s, ids
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkPeek reads sessions at random and reports what each of them costs in memory.
func BenchmarkPeek(b *testing.B) {
	for _, n := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			before := heap()
			s, ids := fill(b, n)
			size := heap() - before - uint64(n*16)
			b.ReportAllocs()
			for b.Loop() {
				if r, ok := s.Peek(ids[rand.IntN(n)], time.Time{}); !ok || r.Version == 0 {
					b.Fatal("not found")
				}
			}
			b.ReportMetric(float64(size)/float64(n), "B/session")
			runtime.KeepAlive(s)
		})
	}
}
