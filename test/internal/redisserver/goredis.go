package redisserver

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// GoRedisClient connects to one node.
func GoRedisClient(t testing.TB, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { c.Close() })
	return c
}
