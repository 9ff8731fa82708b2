package redis_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/trial"
)

// Browsers cancel requests at any point. A connection that still waits for the answer to a cancelled command must not
// give that answer to the next one: it would be somebody else's session.
func TestCancelledRequestsPoisonNoConnection(t *testing.T) {
	requests := trial.Times(2_000, 10_000)
	node := redisserver.Start(t)
	for name, d := range map[string]adapter{
		"rueidis":  viaRueidis(redisserver.RueidisClient(t, node.Addr)),
		"go-redis": goRedis(redisserver.GoRedisClient(t, node.Addr)),
	} {
		t.Run(name, func(t *testing.T) {
			s := d.open(t, name+":", redisstore.Fast)
			var records [32]store.Record
			for i := range records {
				records[i] = session(fmt.Sprint("user-", i))
				records[i].Device.Label = records[i].ID.String()
				if err := s.Create(t.Context(), records[i], store.ID{}); err != nil {
					t.Fatal(err)
				}
			}
			var clients sync.WaitGroup
			for lane := range 8 {
				clients.Go(func() {
					for i := range requests / 8 {
						cancelled(t, s, &records[(lane+i)%len(records)])
						answers(t, s, &records[(lane*7+i)%len(records)])
					}
				})
			}
			clients.Wait()
		})
	}
}

// cancelled makes a call and leaves at a random moment.
func cancelled(t *testing.T, s *testStore, r *store.Record) {
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(rand.N(time.Millisecond), cancel).Stop()
	defer cancel()
	var err error
	switch rand.IntN(4) {
	case 0:
		_, err = s.Load(ctx, r.ID)
	case 1:
		err = s.Save(ctx, *r) // of version 0, and so a conflict
	case 2:
		err = s.Touch(ctx, []store.Seen{{ID: r.ID, At: time.Now()}})
	case 3:
		_, err = s.List(ctx, store.Query{User: r.User})
	}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, store.ErrConflict) {
		t.Errorf("a cancelled call: %v", err)
	}
}

// answers checks that every answer belongs to its question.
func answers(t *testing.T, s *testStore, r *store.Record) {
	got, err := s.Load(t.Context(), r.ID)
	if err != nil || got.User != r.User || got.Device.Label != r.ID.String() {
		t.Errorf("asked for the session of %s, got that of %s (%v)", r.User, got.User, err)
	}
	if list, err := s.List(t.Context(), store.Query{User: r.User}); err != nil || len(list) != 1 || list[0].ID != r.ID {
		t.Errorf("asked for the sessions of %s, got %d (%v)", r.User, len(list), err)
	}
}
