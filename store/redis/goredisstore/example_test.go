package goredisstore_test

import (
	"log"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"coatcheck.dev/session"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
)

func Example() {
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	defer rdb.Close()
	s := goredisstore.New(rdb, redisstore.Options{})
	defer s.Close() // before the client
	sessions := session.New(s, session.Options{})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", sessions.Handler(http.DefaultServeMux)))
}

// A sign-out lasts even if the master is lost: a write counts when a replica has confirmed it.
func ExamplePipeline() {
	rdb := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:    "mymaster",
		SentinelAddrs: []string{"s1.internal:26379", "s2.internal:26379"},
	})
	defer rdb.Close()
	s := goredisstore.New(rdb, redisstore.Options{
		Durability: redisstore.Replicated(1, time.Second, goredisstore.Pipeline(rdb)),
	})
	defer s.Close()
}
