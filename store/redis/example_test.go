package redisstore_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
)

// A door is one function. This one leads to a Redis that refuses everybody; with go-redis it would be
//
//	func(ctx context.Context, _ string, args ...any) (any, error) { return rdb.Do(ctx, args...).Result() }
//
// and with rueidis
//
//	func(ctx context.Context, key string, args ...any) (any, error) {
//		c := client.B().Arbitrary()
//		for _, arg := range args {
//			if text := fmt.Sprint(arg); text == key && key != "" {
//				c = c.Keys(text)
//			} else {
//				c = c.Args(text)
//			}
//		}
//		return client.Do(ctx, c.Build()).ToAny()
//	}
func Example() {
	door := func(ctx context.Context, key string, args ...any) (any, error) {
		return nil, fmt.Errorf("NOAUTH Authentication required.")
	}
	s := redisstore.New(door, redisstore.Options{})
	defer s.Close()
	_, err := s.Load(context.Background(), store.NewID())
	fmt.Println(err)
	// Output: redisstore: load a session: Redis wants a user and a password, or other ones, give them to the client: NOAUTH Authentication required.
}

// With go-redis, a function that subscribes is
//
//	func(ctx context.Context, channels []string, message func(channel, payload string)) error {
//		sub := rdb.Subscribe(ctx, channels...)
//		defer sub.Close()
//		defer context.AfterFunc(ctx, func() { sub.Close() })() // Receive does not look at the context
//		for {
//			m, err := sub.Receive(ctx)
//			if err != nil {
//				return err // and not subscribe again, as the next Receive would
//			}
//			if m, ok := m.(*redis.Message); ok {
//				message(m.Channel, m.Payload)
//			}
//		}
//	}
//
// and with rueidis
//
//	func(ctx context.Context, channels []string, message func(channel, payload string)) error {
//		return client.Dedicated(func(c rueidis.DedicatedClient) error {
//			ended := c.SetPubSubHooks(rueidis.PubSubHooks{
//				OnMessage: func(m rueidis.PubSubMessage) { message(m.Channel, m.Message) },
//			})
//			if err := c.Do(ctx, c.B().Subscribe().Channel(channels...).Build()).Error(); err != nil {
//				return err
//			}
//			select {
//			case err := <-ended:
//				return err
//			case <-ctx.Done():
//				return ctx.Err()
//			}
//		})
//	}
func ExampleOptions() {
	var door redisstore.Door             // as above
	var subscribe redisstore.Subscribing // as above
	s := redisstore.New(door, redisstore.Options{Prefix: "shop:", Subscribe: subscribe})
	defer s.Close()
}

// Whoever signs out must stay signed out, also if the master is lost: every write waits for both replicas. With go-redis,
// the function that runs commands on one connection is
//
//	func(ctx context.Context, key string, commands ...[]any) ([]any, error) {
//		cmds, _ := rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // of a ClusterClient: of its MasterForKey(ctx, key)
//			for _, c := range commands {
//				p.Do(ctx, c...)
//			}
//			return nil
//		})
//		replies := make([]any, len(cmds))
//		for i, c := range cmds {
//			reply, err := c.(*redis.Cmd).Result()
//			if replies[i] = reply; err != nil {
//				replies[i] = err
//			}
//		}
//		return replies, nil
//	}
//
// and with rueidis it is DoMulti of a client that Dedicated hands out.
func ExampleReplicated() {
	var door redisstore.Door
	var together redisstore.Together
	s := redisstore.New(door, redisstore.Options{Durability: redisstore.Replicated(2, time.Second, together)})
	defer s.Close()
}

// What a check finds is for an operator to read, before the first session is lost.
func ExampleStore_Check() {
	var door redisstore.Door = func(ctx context.Context, key string, args ...any) (any, error) {
		switch args[0] {
		case "CONFIG":
			return []any{args[2], "everysec"}, nil
		}
		return "redis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n", nil
	}
	findings, err := redisstore.New(door, redisstore.Options{}).Check(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range findings {
		if f.Severity > store.Good {
			fmt.Printf("%s: %s\n  %s\n  %s\n", f.Severity, f.What, f.Means, f.Fix)
		}
	}
	// Output:
	// limit: appendfsync everysec
	//   a power cut loses what was acknowledged in the last second or two, a revoke included
	//   appendfsync always
}
