package redisstore_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
)

// A door is one function. This one leads to a Redis that refuses everybody; packages goredisstore and rueidisstore have
// doors for these two clients.
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

func ExampleOptions() {
	var door redisstore.Door             // as above
	var subscribe redisstore.Subscribing // as above
	s := redisstore.New(door, redisstore.Options{Prefix: "shop:", Subscribe: subscribe})
	defer s.Close()
}

// Whoever signs out must stay signed out, also if the master is lost: every write waits for both replicas. goredisstore
// and rueidisstore have the function that runs commands on one connection (Pipeline).
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
