package near_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

func session(user string) store.Record {
	now := time.UnixMicro(time.Now().UnixMicro()).UTC()
	return store.Record{
		ID: store.NewID(), User: user,
		CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(24 * time.Hour), IdleTimeout: time.Hour,
		Device: store.Device{
			Address: "192.0.2.7",
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 " +
				"Safari/537.36",
		},
		Data: store.Data{}.With(
			store.Change{Key: "cart", Value: store.Value{JSON: `["tea","milk"]`, Carry: true}},
			store.Change{Key: "theme", Value: store.Value{JSON: `"dark"`}},
			store.Change{Key: "visits", Value: store.Value{JSON: `12`}},
		),
	}
}

// BenchmarkPeek reads sessions that are kept, one after the other, from as many goroutines as there are processors.
func BenchmarkPeek(b *testing.B) {
	for _, feed := range []string{"process", "network"} {
		for _, n := range []int{1, 1_000, 100_000} {
			b.Run(fmt.Sprintf("feed=%s/sessions=%d", feed, n), func(b *testing.B) {
				st := near.New(openFeed(feed), near.Options{MaxBytes: 1 << 30})
				defer st.Close()
				ids := make([]store.ID, n)
				before := heap()
				for i := range ids {
					r := session(fmt.Sprintf("user-%d", i))
					ids[i] = r.ID
					if err := st.Create(context.Background(), r, store.ID{}); err != nil {
						b.Fatal(err)
					}
				}
				taken := float64(heap()-before) / float64(n)
				b.ReportAllocs()
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i++ {
						if i == n {
							i = 0
						}
						if s, ok := st.Peek(ids[i], time.Now()); !ok || s.Version == 0 {
							panic("not kept")
						}
					}
				})
				if n >= 100_000 {
					b.ReportMetric(taken, "B/session")
					b.ReportMetric(float64(st.Stats().Bytes)/float64(n), "estimated-B/session")
				}
				runtime.KeepAlive(st)
			})
		}
	}
}

// openFeed returns a store that forgets what it is told, so that the benchmark measures what is kept near.
func openFeed(kind string) store.Store {
	f := &forgetful{Store: memory.New()}
	if kind == "process" {
		return f
	}
	return &beating{forgetful: f}
}

type forgetful struct{ store.Store }

func (*forgetful) Create(context.Context, store.Record, store.ID) error { return nil }

func (*forgetful) Subscribe(func(store.Notice)) (stop func()) { return func() {} }

type beating struct{ *forgetful }

// Subscribe tells beats for an hour ahead, as if one had come just now, whenever that is.
func (*beating) Subscribe(tell func(store.Notice)) (stop func()) {
	done := make(chan struct{})
	tell(store.Notice{Kind: store.Beat, At: time.Now()})
	go func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case at := <-ticker.C:
				tell(store.Notice{Kind: store.Beat, At: at})
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
