package redis_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/storetest"
	"coatcheck.dev/test/internal/redisserver"
)

// doors are what a store needs of a client.
type doors struct {
	do        redisstore.Door
	subscribe redisstore.Subscribing
	together  redisstore.Together
}

func goRedis(rdb redis.UniversalClient) doors {
	return doors{redisserver.GoRedis(rdb), redisserver.GoRedisSubscribe(rdb), redisserver.GoRedisTogether(rdb)}
}

func viaRueidis(c rueidis.Client) doors {
	return doors{redisserver.Rueidis(c), redisserver.RueidisSubscribe(c), redisserver.RueidisTogether(c)}
}

// A shop is a store with its doors and its part of the server.
type shop struct {
	*redisstore.Store
	doors
	prefix string
}

func (d doors) open(t *testing.T, prefix string, durability redisstore.Durability) *shop {
	s := redisstore.New(d.do, redisstore.Options{Prefix: prefix, Subscribe: d.subscribe, Durability: durability})
	t.Cleanup(s.Close)
	return &shop{s, d, prefix}
}

// harness gives each case a prefix of its own on a server that all share.
func harness(d doors, durability redisstore.Durability) storetest.Harness {
	return storetest.Harness{
		New: func(t *testing.T) store.Store { return d.open(t, rand.Text()+":", durability) },
		Reopen: func(t *testing.T, s store.Store) store.Store {
			s.(*shop).Close()
			return d.open(t, s.(*shop).prefix, durability)
		},
		Damage: func(t *testing.T, s store.Store, id store.ID) { damage(t, s.(*shop), id) },
	}
}

func damage(t *testing.T, s *shop, id store.ID) {
	key := s.RecordKey(id)
	if _, err := s.do(context.Background(), key, "SETRANGE", key, 49, "\xff"); err != nil {
		t.Fatal(err)
	}
}

func TestOneNode(t *testing.T) {
	node := redisserver.Start(t)
	t.Run("go-redis", func(t *testing.T) {
		harness(goRedis(redisserver.GoRedisClient(t, node.Addr)), redisstore.Fast).Run(t)
	})
	t.Run("rueidis", func(t *testing.T) {
		harness(viaRueidis(redisserver.RueidisClient(t, node.Addr)), redisstore.Fast).Run(t)
	})
}
