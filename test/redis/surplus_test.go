package redis_test

import (
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/servers"
)

// A sign-in of a user with 100,001 sessions is bounded work.
//
// Rows: A43, I9
func TestSignInOverManySessions(t *testing.T) {
	t.Parallel()
	s := redisstore.New(rueidisstore.Do(redisserver.RueidisClient(t, redisserver.Start(t).Addr)), redisstore.Options{})
	servers.Surplus(t, s, func(like store.ID, n int) {
		r, err := s.Load(t.Context(), like)
		if err != nil {
			t.Fatal(err)
		}
		const workers = 100
		var done sync.WaitGroup
		for w := range workers {
			done.Go(func() {
				for i := w; i < n && !t.Failed(); i += workers {
					older := r
					older.ID, older.CreatedAt = store.NewID(), r.CreatedAt.Add(-time.Duration(i+1)*time.Microsecond)
					if err := s.Create(t.Context(), older, store.ID{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done.Wait()
	})
}
