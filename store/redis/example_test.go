package redisstore_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
)

// A Doer is one function. This one leads to a Redis that refuses everybody; packages goredisstore and rueidisstore have
// Doers for these two clients.
func Example() {
	doer := func(ctx context.Context, key string, args ...any) (any, error) {
		return nil, fmt.Errorf("NOAUTH Authentication required.")
	}
	s := redisstore.New(doer, redisstore.Options{})
	defer s.Close()
	_, err := s.Load(context.Background(), store.NewID())
	fmt.Println(err)
	// Output: redisstore: load a session: Redis rejected the credentials; set user and password on the client: NOAUTH Authentication required.
}

func ExampleOptions() {
	var doer redisstore.Doer           // as above
	var subscribe redisstore.Subscribe // as above
	s := redisstore.New(doer, redisstore.Options{Prefix: "shop:", Subscribe: subscribe})
	defer s.Close()
}

// A sign-out must last even if the master is lost, so every write waits for both replicas. goredisstore and
// rueidisstore have a Pipeline.
func ExampleReplicated() {
	var doer redisstore.Doer
	var pipeline redisstore.Pipeline
	s := redisstore.New(doer, redisstore.Options{Durability: redisstore.Replicated(2, time.Second, pipeline)})
	defer s.Close()
}

// What a check finds is for an operator to read, before the first session is lost.
func ExampleStore_Check() {
	var doer redisstore.Doer = func(ctx context.Context, key string, args ...any) (any, error) {
		switch args[0] {
		case "CONFIG":
			return []any{args[2], "everysec"}, nil
		}
		return "redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n" +
			"role:master\r\nconnected_slaves:0\r\ncluster_enabled:0\r\n", nil
	}
	findings, err := redisstore.New(doer, redisstore.Options{}).Check(context.Background())
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
	//   a power cut loses the last second or two of acknowledged changes, revocations included
	//   appendfsync always
}
