package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/scs/v2/memstore"

	"coatcheck.dev/store/memory"
)

// numbers are how many sessions there are.
var numbers = []int{1_000, 1_000_000}

// BenchmarkMemoryPerSession signs many users in, each with three small values, and reads their sessions in an order
// of its own. It reports what each session costs in memory, all in.
//
// The limit finds as many records in a map, as in limitSessionRead: what grows there from a thousand to a million is
// what it takes to fetch them from memory.
func BenchmarkMemoryPerSession(b *testing.B) {
	for _, n := range numbers {
		b.Run(fmt.Sprintf("limit/sessions=%d", n), func(b *testing.B) { limitMany(b, n) })
	}
	for _, open := range []func() site{
		func() site { return coatcheckSite(memory.New()) },
		func() site { return scsSite(memstore.NewWithCleanupInterval(0), 0) },
	} {
		probe := open()
		probe.close()
		b.Run(probe.name, func(b *testing.B) {
			for _, n := range numbers {
				b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) { benchMany(b, open, n) })
			}
		})
	}
}

func benchMany(b *testing.B, open func() site, n int) {
	before := heap()
	s := open()
	defer s.close()
	cookies := s.signInMany(n)
	b.ReportAllocs()
	h := s.wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if s.user(r) == "" {
			panic("not signed in")
		}
	}))
	r := request(cookies.at(0))
	line := r.Header["Cookie"]
	w := newNullWriter()
	size := float64(heap()-before-uint64(len(cookies.all))) / float64(n)
	i := 0
	for b.Loop() {
		clear(w.h)
		line[0] = cookies.at(i)
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

// limitMany does for each request what limitSessionRead does, with n sessions in the map.
func limitMany(b *testing.B, n int) {
	type record struct {
		hash [32]byte
		user string
	}
	type key struct{}
	records := make(map[[16]byte]*record, n)
	texts := make([]string, n)
	for i := range texts {
		var raw [40]byte
		copy(raw[:], rand.Text()+rand.Text())
		records[[16]byte(raw[:16])] = &record{sha256.Sum256(raw[16:]), fmt.Sprintf("user-%d", i)}
		texts[i] = "__Host-sid=" + base64.RawURLEncoding.EncodeToString(raw[:])
	}
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Context().Value(key{}).(*record).user == "" {
			panic("lost")
		}
	})
	cookies := oneText(texts)
	r, w := request(cookies.at(0)), newNullWriter()
	line := r.Header["Cookie"]
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		line[0] = cookies.at(i)
		value := line[0][strings.Index(line[0], "__Host-sid=")+11:]
		var raw [40]byte
		if n, err := base64.RawURLEncoding.Decode(raw[:], []byte(value)); err != nil || n != len(raw) {
			panic(err)
		}
		sum := sha256.Sum256(raw[16:])
		found := records[[16]byte(raw[:16])]
		if found == nil || subtle.ConstantTimeCompare(sum[:], found.hash[:]) != 1 {
			panic("no session")
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, found)))
		if i++; i == n {
			i = 0
		}
	}
	runtime.KeepAlive(records)
}

// lines are shuffled Cookie lines of one length in one piece of memory: going from one to the next costs next to
// nothing, while the sessions are found all over the store.
type lines struct {
	all  string
	size int
}

func (l lines) at(i int) string { return l.all[i*l.size:][:l.size] }

// signInMany signs n users in and returns the Cookie lines of their browsers.
func (s site) signInMany(n int) lines {
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
	return oneText(cookies)
}

func oneText(cookies []string) lines {
	mathrand.Shuffle(len(cookies), func(i, j int) { cookies[i], cookies[j] = cookies[j], cookies[i] })
	l := lines{strings.Join(cookies, ""), len(cookies[0])}
	if len(l.all) != len(cookies)*l.size {
		panic("the lines differ in length")
	}
	return l
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
