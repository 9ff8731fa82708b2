//go:build unix

package index_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// Figures of an index of as many sessions as COATCHECK_SCALE says, in SQLite or in the store of COATCHECK_SCALE_STORE.
// They are shown and not judged: what a machine takes is no property of the code.
func TestScale(t *testing.T) {
	sessions, err := strconv.Atoi(os.Getenv("COATCHECK_SCALE"))
	if err != nil {
		t.Skip("COATCHECK_SCALE=1000000 measures an index of so many sessions")
	}
	c := newMultitude(t, sessions)
	c.fill()
	c.build()
	c.search()
	c.live()
	c.reopen()
}

// A multitude is a store with many sessions, five of each user, one in ten of a visitor.
type multitude struct {
	*index.Index
	t        *testing.T
	n        int
	store    *backend.Backend
	sessions *session.Manager
	options  index.Options
	some     store.Record
	now      time.Time
}

func newMultitude(t *testing.T, n int) *multitude {
	dir := t.TempDir()
	address := backend.File(filepath.Join(dir, "sessions.db"))
	if text := os.Getenv("COATCHECK_SCALE_STORE"); text != "" {
		var err error
		if address, err = backend.Parse(text, "COATCHECK_SCALE_STORE"); err != nil {
			t.Fatal(err)
		}
	}
	b, err := backend.Open(t.Context(), address)
	if err == nil {
		err = b.Prepare(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	c := &multitude{t: t, n: n, store: b, now: time.Now()}
	c.sessions = session.New(b, session.Options{SweepInterval: -1, StoreTimeout: time.Minute})
	c.options = index.Options{Path: filepath.Join(dir, "index.db"), Store: "scale", Source: c.sessions, Feed: b}
	t.Logf("%d sessions in %s", n, address.Engine)
	return c
}

func (c *multitude) record(i int, r *rand.Rand) store.Record {
	began := c.now.Add(-time.Duration(r.Int64N(int64(7 * 24 * time.Hour))))
	s := store.Record{
		ID: store.NewID(), User: fmt.Sprintf("user-%06d", i/5), CreatedAt: began,
		LastSeen: began.Add(time.Duration(r.Int64N(int64(c.now.Sub(began) + 1)))), ExpiresAt: began.Add(lifetime),
		IdleTimeout: 14 * 24 * time.Hour, Remember: r.IntN(5) == 0,
		Device: store.Device{
			Address:   fmt.Sprintf("10.%d.%d.%d", r.IntN(100), r.IntN(256), r.IntN(256)),
			UserAgent: fmt.Sprintf("Product%d/1.0 (X11; Linux x86_64)", r.IntN(40)*r.IntN(2)),
		},
	}
	if r.IntN(10) == 0 {
		s.User = ""
		return s
	}
	s.Auth = []store.Auth{{Method: []string{"password", "password", "passkey", "sso"}[r.IntN(4)], At: began,
		Level: 1 + r.IntN(2)}}
	return s
}

func (c *multitude) fill() {
	began := time.Now()
	if there, err := c.sessions.Count(c.t.Context(), ""); err == nil && there >= c.n {
		c.some = c.any()
		return
	}
	var next atomic.Int64
	var filling sync.WaitGroup
	for range 1000 {
		filling.Go(func() {
			r := rand.New(rand.NewPCG(uint64(next.Add(0)), rand.Uint64()))
			for i := int(next.Add(1)) - 1; i < c.n; i = int(next.Add(1)) - 1 {
				s := c.record(i, r)
				if err := c.store.Create(c.t.Context(), s, store.ID{}); err != nil {
					c.t.Error(err)
					return
				}
				if i == c.n/2 {
					c.some = s
				}
			}
		})
	}
	filling.Wait()
	c.t.Logf("fill the store: %v", time.Since(began).Round(time.Second))
}

// any returns a session of a store that was full before.
func (c *multitude) any() store.Record {
	records, err := c.store.List(c.t.Context(), store.Query{Limit: 1000})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range records {
		if r.User != "" {
			return r
		}
	}
	c.t.Fatal("all are visitors")
	return store.Record{}
}

// peak returns the most memory that this process ever had, in MB, of all kinds.
func peak(what string) int {
	text, _ := os.ReadFile("/proc/self/status")
	m := regexp.MustCompile(what + `:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		return 0
	}
	kb, _ := strconv.Atoi(string(m[1]))
	return kb / 1024
}

// processor returns the processor time of this process, user and system, in which the store's has its part.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (c *multitude) build() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // begins the peak anew
	before, began, used := peak("VmRSS"), time.Now(), processor()
	c.Index = index.Open(c.options)
	c.t.Cleanup(c.Close)
	if err := c.Await(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	info, _ := os.Stat(c.options.Path)
	c.t.Logf("build: %v, of one processor %v, memory %d MB more at most (%d MB before), file %d MB",
		time.Since(began).Round(time.Second/10), (processor() - used).Round(time.Second/10),
		peak("VmHWM")-before, before, info.Size()>>20)
}

func (c *multitude) search() {
	for _, text := range []string{
		"", "user=" + c.some.User, "name=user-1", "name=user-012345", "name=user-", "handle=" + c.some.ID.String(),
		"handle=" + c.some.ID.String()[:4], "address=" + c.some.Device.Address, "address=10.7.0.0/16",
		"address=10.0.0.0/9", "browser=product7", "browser=linux", "signed_in=no", "signed_in=yes", "remembered=yes",
		"bound=no", "method=passkey", "level=2", "label=none", "created_after=2h", "created_before=2d", "seen_after=1d",
		"ends_before=10d", "ends_after=1d", "address=10.7.0.0/16&created_after=2d",
		"address=10.0.0.0/9&created_after=1d", "address=10.0.0.0/9&created_before=1d",
		"address=10.0.0.0/10&created_after=3d", "address=10.0.0.0/9&seen_after=1d",
		"address=10.0.0.0/9&ends_before=10d", "address=10.0.0.0/9&ends_after=10d",
		"address=10.7.0.0/16&seen_after=1d", "sort=seen", "sort=ends",
		"sort=-user",
		"sort=address", "sort=browser", "sort=-method", "name=user-1&browser=product7&created_after=3d",
	} {
		values, _ := url.ParseQuery(text)
		q, err := index.Parse(values)
		if err != nil {
			c.t.Fatal(err)
		}
		found, count := 0, 0
		pages := c.times(func() {
			page, err := c.Select(c.t.Context(), q, "", 50)
			if err != nil {
				c.t.Fatal(text, err)
			}
			found = len(page.Sessions)
		})
		counts := c.times(func() {
			if count, err = c.Count(c.t.Context(), q); err != nil {
				c.t.Fatal(text, err)
			}
		})
		c.t.Logf("%-50s page of %2d %-22s count of %7d %s", text, found, pages, count, counts)
	}
}

func (c *multitude) times(do func()) string {
	var took []time.Duration
	for range 7 {
		began := time.Now()
		do()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return fmt.Sprintf("%5.1f ms (max %.1f)", ms(took[3]), ms(took[6]))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// live makes 500 changes a second, and measures how long each takes to be in the index.
func (c *multitude) live() {
	const changes, perSecond = 5000, 500
	r := rand.New(rand.NewPCG(5, 6))
	var late []time.Duration
	var mu sync.Mutex
	var watching sync.WaitGroup
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	var mine []store.ID
	for i := range changes {
		<-tick.C
		want := 1
		var id store.ID
		if i%3 == 2 {
			id, mine, want = mine[0], mine[1:], 0
			if _, err := c.store.Delete(c.t.Context(), id); err != nil {
				c.t.Fatal(err)
			}
		} else {
			s := c.record(i, r)
			s.CreatedAt, s.LastSeen = time.Now(), time.Now()
			id, mine = s.ID, append(mine, s.ID)
			if err := c.store.Create(c.t.Context(), s, store.ID{}); err != nil {
				c.t.Fatal(err)
			}
		}
		if i%50 != 49 {
			continue
		}
		began := time.Now()
		watching.Go(func() {
			for {
				n, err := c.Count(c.t.Context(), index.Query{Handle: id.String()})
				if err != nil || n == want {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			late = append(late, time.Since(began))
		})
	}
	watching.Wait()
	slices.Sort(late)
	c.t.Logf("live at %d changes a second: %.0f ms at the median, %.0f ms at most", perSecond, ms(late[len(late)/2]),
		ms(late[len(late)-1]))
}

// reopen measures what a start takes with an index that is there.
func (c *multitude) reopen() {
	c.Close()
	began := time.Now()
	c.Index = index.Open(c.options)
	c.t.Cleanup(c.Close)
	for !c.Status().Ready {
		time.Sleep(time.Millisecond)
	}
	ready := time.Since(began)
	if err := c.Await(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("open again: ready after %v, checked after %v", ready.Round(time.Millisecond),
		time.Since(began).Round(time.Second/10))
}
