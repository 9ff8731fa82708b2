package rueidisstore_test

import (
	"log"
	"net/http"
	"time"

	"github.com/redis/rueidis"

	"coatcheck.dev/session"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
)

func Example() {
	client, err := rueidisstore.NewClient(rueidis.ClientOption{
		InitAddress: []string{"127.0.0.1:6379"}, DisableCache: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	s := rueidisstore.New(client, redisstore.Options{})
	defer s.Close() // before the client
	sessions := session.New(s, session.Options{})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", sessions.Handler(http.DefaultServeMux)))
}

// A sign-out lasts even if the master is lost: a write counts when a replica has confirmed it.
func ExamplePipeline() {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"s1.internal:26379", "s2.internal:26379"},
		Sentinel:    rueidis.SentinelOption{MasterSet: "mymaster"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	s := rueidisstore.New(client, redisstore.Options{
		Durability: redisstore.Replicated(1, time.Second, rueidisstore.Pipeline(client)),
	})
	defer s.Close()
}
