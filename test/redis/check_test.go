package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/store/redis/rueidisstore"
	"coatcheck.dev/test/internal/redisserver"
)

func TestCheck(t *testing.T) {
	node := redisserver.Start(t)
	set := redisserver.StartSentinels(t, 1)
	replicated := redisstore.Replicated(1, time.Second, rueidisstore.Pipeline(nil))
	for _, c := range []struct {
		name    string
		at      *redisserver.Node
		config  []string
		options redisstore.Options
		refused bool
		says    string // of the worst finding with these words
		worst   store.Severity
	}{
		{name: "no append-only file", at: node, says: "appendonly no", worst: store.Limit},
		{name: "appendfsync everysec", at: node, config: []string{"appendonly", "yes", "appendfsync", "everysec"}, says: "appendfsync everysec", worst: store.Limit},
		{name: "appendfsync always", at: node, config: []string{"appendonly", "yes", "appendfsync", "always"}, says: "appendfsync always", worst: store.Good},
		{name: "eviction", at: node, config: []string{"maxmemory", "100mb", "maxmemory-policy", "allkeys-lru"}, refused: true, says: "allkeys-lru", worst: store.Danger},
		{name: "eviction of what has a time to live", at: node, config: []string{"maxmemory", "100mb", "maxmemory-policy", "volatile-ttl"}, refused: true, says: "volatile-ttl", worst: store.Danger},
		{name: "eviction, allowed", at: node, config: []string{"maxmemory", "100mb", "maxmemory-policy", "allkeys-lru"}, options: redisstore.Options{AllowEviction: true}, says: "allkeys-lru", worst: store.Limit},
		{name: "too few replicas", at: node, options: redisstore.Options{Durability: replicated}, refused: true, says: "0 replicas", worst: store.Danger},
		{name: "too few replicas, allowed", at: node, options: redisstore.Options{Durability: replicated, AllowFewReplicas: true}, says: "0 replicas", worst: store.Limit},
		{name: "nobody waits for the replica", at: set.Nodes[0], says: "1 replica, and a write waits for none", worst: store.Limit},
		{name: "all replicas confirm", at: set.Nodes[0], options: redisstore.Options{Durability: replicated}, says: "1 replica, and a write waits for 1", worst: store.Good},
		{name: "a replica", at: set.Nodes[1], refused: true, says: "a replica", worst: store.Danger},
	} {
		t.Run(c.name, func(t *testing.T) {
			reset := []string{"appendonly", "no", "appendfsync", "everysec", "maxmemory-policy", "noeviction", "maxmemory", "0"}
			for _, config := range [][]string{reset, c.config} {
				for i := 0; i < len(config); i += 2 {
					c.at.Do("CONFIG", "SET", config[i], config[i+1])
				}
			}
			for name, door := range map[string]redisstore.Door{
				"go-redis": goredisstore.Do(redisserver.GoRedisClient(t, c.at.Addr)),
				"rueidis":  rueidisstore.Do(redisserver.RueidisClient(t, c.at.Addr)),
			} {
				st := redisstore.New(door, c.options)
				findings, err := st.Check(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				err = st.Prepare(t.Context())
				if errors.Is(err, redisstore.ErrRefused) != c.refused || err != nil && !c.refused {
					t.Errorf("%s: got error %v, want refused %t", name, err, c.refused)
				}
				if c.refused && !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s: the refusal %q does not say %q", name, err, c.says)
				}
				found := false
				for _, f := range findings {
					found = found || strings.Contains(f.What, c.says) && f.Severity == c.worst && (f.Severity == store.Good || f.Fix != "")
				}
				if !found {
					t.Errorf("%s: no finding says %q and is %v: %+v", name, c.says, c.worst, findings)
				}
			}
		})
	}
}

// Managed services forbid much. What may not be asked is unknown, and nothing fails because of it.
func TestCheckWithFewRights(t *testing.T) {
	node := redisserver.Start(t, "--appendonly", "yes")
	node.Do("ACL", "SETUSER", "shop", "on", "nopass", "~*", "&*", "+@all", "-config", "-info", "-cluster")
	rdb := redisserver.GoRedisClient(t, node.Addr)
	rdb.Options().Username = "shop"
	rdb.Options().Password = "x"
	s := redisstore.New(goredisstore.Do(rdb), redisstore.Options{})
	findings, err := s.Check(t.Context())
	if err != nil {
		t.Error(err)
	}
	if len(findings) == 0 || findings[0].Severity != store.Unknown {
		t.Errorf("want a finding that is unknown, got %+v", findings)
	}
}
