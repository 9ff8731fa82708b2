package redis_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/test/internal/redisserver"
)

// What a server cannot do, or a user may not do, is said at the start, and by its name. Nothing is left behind.
func TestTry(t *testing.T) {
	node := redisserver.Start(t)
	for _, c := range []struct{ rights, says string }{
		{"+@all &*", ""},
		{"+@all &* -@scripting", "evalsha"},
		{"+@all &* -zadd", "ZADD"},
		{"+@all &* -zrevrangebylex", "ZREVRANGEBYLEX"},
		{"+@all &* -hdel", "HDEL"},
		{"+@all &* -subscribe", "hear the channel: nothing was heard"},
		{"+@all resetchannels", "channel"},
	} {
		t.Run(c.rights, func(t *testing.T) {
			node.Do("FLUSHALL")
			args := []any{"ACL", "SETUSER", "shop", "reset", "on", ">x", "~coatcheck:*"}
			for _, right := range strings.Fields(c.rights) {
				args = append(args, right)
			}
			node.Do(args...)
			rdb := redis.NewClient(&redis.Options{Addr: node.Addr, Username: "shop", Password: "x"})
			t.Cleanup(func() { rdb.Close() })
			s := goredisstore.New(rdb, redisstore.Options{})
			t.Cleanup(s.Close)
			err := s.Prepare(t.Context())
			switch {
			case c.says == "" && err != nil:
				t.Errorf("got %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, which does not name %s", err, c.says)
			case c.says == "" && node.Do("DBSIZE") != int64(0):
				t.Errorf("left behind: %v", node.Do("KEYS", "*"))
			}
		})
	}
}
