package redisserver

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"
)

// GoRedis is the door of a go-redis client of any kind. (It is what the documentation of package redisstore shows.)
func GoRedis(rdb redis.UniversalClient) func(ctx context.Context, key string, args ...any) (any, error) {
	return func(ctx context.Context, _ string, args ...any) (any, error) { return rdb.Do(ctx, args...).Result() }
}

// GoRedisSubscribe subscribes with go-redis.
func GoRedisSubscribe(rdb redis.UniversalClient) func(context.Context, []string, func(channel, payload string)) error {
	return func(ctx context.Context, channels []string, message func(channel, payload string)) error {
		sub := rdb.Subscribe(ctx, channels...)
		defer sub.Close()
		defer context.AfterFunc(ctx, func() { sub.Close() })() // Receive does not look at the context
		for {
			switch m, err := sub.Receive(ctx); m := m.(type) {
			case *redis.Message:
				message(m.Channel, m.Payload)
			default:
				if err != nil {
					return err // and not subscribe again, as the next Receive would
				}
			}
		}
	}
}

// GoRedisTogether runs commands on one connection with go-redis.
func GoRedisTogether(rdb redis.UniversalClient) func(ctx context.Context, key string, commands ...[]any) ([]any, error) {
	return func(ctx context.Context, key string, commands ...[]any) ([]any, error) {
		node, ok := rdb.(*redis.Client)
		if cluster, is := rdb.(*redis.ClusterClient); is {
			var err error
			if node, err = cluster.MasterForKey(ctx, key); err != nil {
				return nil, err
			}
		} else if !ok {
			return nil, errors.New("a go-redis client of an unknown kind")
		}
		cmds, _ := node.Pipelined(ctx, func(p redis.Pipeliner) error { // its error is that of the first command that failed
			for _, c := range commands {
				p.Do(ctx, c...)
			}
			return nil
		})
		replies := make([]any, len(cmds))
		for i, c := range cmds {
			reply, err := c.(*redis.Cmd).Result()
			if replies[i] = reply; err != nil {
				replies[i] = err
			}
		}
		return replies, nil
	}
}

// GoRedisClient connects to one node.
func GoRedisClient(t testing.TB, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { c.Close() })
	return c
}
