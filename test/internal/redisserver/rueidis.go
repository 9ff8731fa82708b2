package redisserver

import (
	"testing"

	"github.com/redis/rueidis"
)

// RueidisClient connects to one node, or to the cluster that it belongs to.
func RueidisClient(t testing.TB, addrs ...string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: addrs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
