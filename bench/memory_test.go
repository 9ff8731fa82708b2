package bench

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/scs/v2/memstore"

	"coatcheck.dev/store/memory"
)

// BenchmarkMemoryPerSession signs many users in, each with three small values, and reads their sessions in an order of its
// own. It reports what each session costs in memory, all in.
func BenchmarkMemoryPerSession(b *testing.B) {
	for _, open := range []func() site{
		func() site { return coatcheckSite(memory.New()) },
		func() site { return scsSite(memstore.NewWithCleanupInterval(0), 0) },
	} {
		probe := open()
		probe.close()
		b.Run(probe.name, func(b *testing.B) {
			for _, n := range []int{1_000, 1_000_000} {
				b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) { benchCrowd(b, open, n) })
			}
		})
	}
}

func benchCrowd(b *testing.B, open func() site, n int) {
	before := heap()
	s := open()
	defer s.close()
	cookies := s.crowd(n)
	texts := len(cookies) * (len(cookies[0]) + 16) // what the benchmark itself keeps
	b.ReportAllocs()
	h := s.wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if s.user(r) == "" {
			panic("not signed in")
		}
	}))
	r := request(cookies[0])
	line := r.Header["Cookie"]
	w := &nullWriter{h: make(http.Header)}
	size := float64(heap()-before-uint64(texts)) / float64(n)
	i := 0
	for b.Loop() {
		clear(w.h)
		line[0] = cookies[i]
		h.ServeHTTP(w, r)
		if i++; i == n {
			i = 0
		}
	}
	if n >= 1_000_000 { // what else is in memory is then too little to count
		b.ReportMetric(size, "B/session")
	}
	runtime.KeepAlive(s)
}

// crowd signs n users in and returns the Cookie lines of their browsers, shuffled, in one piece of memory: reading them from one to the
// next costs next to nothing, while the sessions are found all over the store.
func (s site) crowd(n int) []string {
	cookies := make([]string, n)
	var next atomic.Int64
	var signers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		signers.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				cookies[i] = s.signedIn(fmt.Sprintf("user-%d", i), true)
			}
		})
	}
	signers.Wait()
	rand.Shuffle(n, func(i, j int) { cookies[i], cookies[j] = cookies[j], cookies[i] })
	all := strings.Join(cookies, "")
	for i := range cookies {
		size := len(cookies[i])
		cookies[i], all = all[:size], all[size:]
	}
	return cookies
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
