package redis_test

import (
	"context"
	"errors"
	"slices"
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
	everysec := []string{"appendonly", "yes", "appendfsync", "everysec"}
	always := []string{"appendonly", "yes", "appendfsync", "always"}
	lru := []string{"maxmemory", "100mb", "maxmemory-policy", "allkeys-lru"}
	ttl := []string{"maxmemory", "100mb", "maxmemory-policy", "volatile-ttl"}
	type options = redisstore.Options
	for _, c := range []struct {
		name    string
		at      *redisserver.Node
		config  []string
		options options
		refused bool
		says    string // of the worst finding with these words
		worst   store.Severity
	}{
		{"no append-only file", node, nil, options{}, false, "appendonly no", store.Limit},
		{"appendfsync everysec", node, everysec, options{}, false, "appendfsync everysec", store.Limit},
		{"appendfsync always", node, always, options{}, false, "appendfsync always", store.Good},
		{"eviction", node, lru, options{}, true, "allkeys-lru", store.Danger},
		{"eviction of what has a time to live", node, ttl, options{}, true, "volatile-ttl", store.Danger},
		{"eviction, allowed", node, lru, options{AllowEviction: true}, false, "allkeys-lru", store.Limit},
		{"too few replicas", node, nil, options{Durability: replicated}, true, "0 replicas", store.Danger},
		{"too few replicas, allowed", node, nil, options{Durability: replicated, AllowFewReplicas: true}, false,
			"0 replicas", store.Limit},
		{"nobody waits for the replica", set.Nodes[0], nil, options{}, false,
			"1 replica, and a write waits for none", store.Limit},
		{"all replicas confirm", set.Nodes[0], nil, options{Durability: replicated}, false,
			"1 replica, and a write waits for 1", store.Good},
		{"a replica", set.Nodes[1], nil, options{}, true, "a replica", store.Danger},
	} {
		t.Run(c.name, func(t *testing.T) {
			reset := []string{
				"appendonly", "no", "appendfsync", "everysec", "maxmemory-policy", "noeviction", "maxmemory", "0",
			}
			for _, config := range [][]string{reset, c.config} {
				for i := 0; i < len(config); i += 2 {
					c.at.Do("CONFIG", "SET", config[i], config[i+1])
				}
			}
			for name, do := range map[string]redisstore.Doer{
				"go-redis": goredisstore.Do(redisserver.GoRedisClient(t, c.at.Addr)),
				"rueidis":  rueidisstore.Do(redisserver.RueidisClient(t, c.at.Addr)),
			} {
				st := redisstore.New(do, c.options)
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
					found = found || strings.Contains(f.What, c.says) && f.Severity == c.worst &&
						(f.Severity == store.Good || f.Fix != "")
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
	wantUnknown(t, findings, "INFO", "version", "maxmemory-policy", "replicas", "appendonly", "min-replicas-to-write",
		"cluster_state")

	node.Do("ACL", "SETUSER", "shop", "+info", "+cluster")
	findings, err = s.Check(t.Context())
	if err != nil {
		t.Error(err)
	}
	wantUnknown(t, findings, "appendfsync")
}

// wantUnknown checks that no finding is passed over: these are unknown, and no others.
func wantUnknown(t *testing.T, findings []store.Finding, want ...string) {
	t.Helper()
	var unknown []string
	for _, f := range findings {
		if f.Severity == store.Unknown {
			unknown = append(unknown, f.Name)
			if f.What == "" || f.Means == "" || f.Fix == "" {
				t.Errorf("finding %+v is not whole", f)
			}
		}
	}
	if !slices.Equal(unknown, want) {
		t.Errorf("unknown: got %q, want %q", unknown, want)
	}
}

// A server that says little of itself, as those that only speak like Redis do.
func TestCheckOfWhatIsNotTold(t *testing.T) {
	for text, want := range map[string][]string{
		"# Clients\r\nconnected_clients:1\r\n": {"version", "maxmemory-policy", "replicas", "appendonly",
			"min-replicas-to-write", "cluster_state"},
		"redis_version:7.0.0\nmaxmemory_policy:allkeys-lru\nrole:master\naof_enabled:1\ncluster_enabled:0\n": {
			"maxmemory-policy", "replicas", "appendfsync", "min-replicas-to-write"},
	} {
		s := redisstore.New(func(_ context.Context, _ string, args ...any) (any, error) {
			switch args[0] {
			case "EVALSHA", "EVAL":
				return text, nil
			case "CONFIG":
				return []any{}, nil // nothing of that name
			}
			return nil, errors.New("ERR unknown command")
		}, redisstore.Options{})
		findings, err := s.Check(t.Context())
		if err != nil {
			t.Error(err)
		}
		wantUnknown(t, findings, want...)
	}
}

// Of a Cluster each node says what INFO tells, and one of them its configuration: the others' is unknown.
func TestCheckOfACluster(t *testing.T) {
	c := redisserver.StartCluster(t)
	for _, n := range c.Nodes {
		n.Do("CONFIG", "SET", "appendonly", "yes")
		n.Do("CONFIG", "SET", "appendfsync", "always")
	}
	findings, err := redisstore.New(rueidisstore.Do(c.Rueidis()), redisstore.Options{}).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range findings {
		found = found || f.Name == "appendfsync"
		if f.Name == "appendfsync" &&
			(f.Severity != store.Unknown || !strings.Contains(f.What, "always, on one node")) {
			t.Errorf("got %+v", f)
		}
	}
	if !found {
		t.Errorf("nothing is said of appendfsync: %+v", findings)
	}
}
