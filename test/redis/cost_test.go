package redis_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/store/redis/rueidisstore"
	"coatcheck.dev/test/internal/redisserver"
)

// A round trip is what a call costs, so they are counted.
func TestRoundTrips(t *testing.T) {
	var trips atomic.Int64
	do := goredisstore.Do(redisserver.GoRedisClient(t, redisserver.Start(t).Addr))
	s := redisstore.New(func(ctx context.Context, key string, args ...any) (any, error) {
		trips.Add(1)
		return do(ctx, key, args...)
	}, redisstore.Options{})
	ctx := t.Context()
	visitor, user, next := session(""), session("ada"), session("ada")
	warm := session("grace")
	for _, c := range []struct {
		name string
		want int64
		do   func() error
	}{
		{"", -1, func() error { // now the server knows the scripts
			if err := s.Create(ctx, warm, store.ID{}); err != nil {
				return err
			}
			warm.Version = 1
			if err := s.Save(ctx, warm); err != nil {
				return err
			}
			w := session("grace")
			w.Version = 2
			if err := s.Create(ctx, w, warm.ID); err != nil {
				return err
			}
			if err := s.Touch(ctx, []store.Seen{{ID: w.ID, At: time.Now()}}); err != nil {
				return err
			}
			_, err := s.DeleteUser(ctx, "grace")
			return err
		}},
		{"create a visitor's session", 1, func() error { return s.Create(ctx, visitor, store.ID{}) }},
		{"create a user's session", 2, func() error { return s.Create(ctx, user, store.ID{}) }},
		{"load", 1, func() error { _, err := s.Load(ctx, user.ID); return err }},
		{"save", 1, func() error { user.Version = 1; return s.Save(ctx, user) }},
		{"touch", 1, func() error { return s.Touch(ctx, []store.Seen{{ID: user.ID, At: time.Now()}}) }},
		{"sign in", 5, func() error { next.Version = 1; return s.Create(ctx, next, visitor.ID) }},
		{"delete", 2, func() error { _, err := s.Delete(ctx, next.ID); return err }},
		{"end all of a user's", 6, func() error { _, err := s.DeleteUser(ctx, "ada"); return err }},
	} {
		before := trips.Load()
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n := trips.Load() - before; c.want >= 0 && n != c.want {
			t.Errorf("%s takes %d round trips, want %d", c.name, n, c.want)
		}
	}
}

// BenchmarkLoad and BenchmarkSave compare with the least that anyone could do with the same client, in the same run.
func BenchmarkLoad(b *testing.B) {
	c := redisserver.RueidisClient(b, redisserver.Start(b).Addr)
	do := rueidisstore.Do(c)
	s := redisstore.New(do, redisstore.Options{})
	r := session("ada")
	if err := s.Create(b.Context(), r, store.ID{}); err != nil {
		b.Fatal(err)
	}
	key := s.RecordKey(r.ID)
	compare(b, func() error { _, err := do(b.Context(), key, "GET", key); return err },
		func() error { _, err := s.Load(b.Context(), r.ID); return err })
}

func BenchmarkSave(b *testing.B) {
	c := redisserver.RueidisClient(b, redisserver.Start(b).Addr)
	do := rueidisstore.Do(c)
	s := redisstore.New(do, redisstore.Options{})
	r := session("ada")
	if err := s.Create(b.Context(), r, store.ID{}); err != nil {
		b.Fatal(err)
	}
	sha, err := do(b.Context(), "", "SCRIPT", "LOAD", "return redis.call('SET', KEYS[1], ARGV[1])")
	if err != nil {
		b.Fatal(err)
	}
	body := string(r.AppendBody(nil))
	compare(b, func() error { _, err := do(b.Context(), "raw", "EVALSHA", sha, 1, "raw", body); return err },
		func() error { r.Version++; return s.Save(b.Context(), r) })
}

// compare takes turns, so that whatever else the machine does meets both.
func compare(b *testing.B, limit, ours func() error) {
	var took [2][]time.Duration
	for b.Loop() {
		for i, f := range []func() error{limit, ours} {
			began := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	median := func(i int) float64 { return float64(took[i][len(took[i])/2]) }
	b.ReportMetric(median(1)/median(0), "x-limit")
	b.ReportMetric(median(0), "limit-ns")
}
