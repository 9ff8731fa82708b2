package scale

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/scale/figures"
)

func startRedis(t testing.TB) *engine {
	node := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "everysec")
	client := redisserver.RueidisClient(t, node.Addr)
	r := &redisServer{t: t, do: rueidisstore.Do(client)}
	var trips atomic.Int64
	counted := func(ctx context.Context, key string, args ...any) (any, error) {
		trips.Add(1)
		return r.do(ctx, key, args...)
	}
	version, _ := r.info("server", "redis_version")
	_, empty := r.info("memory", "used_memory")
	return &engine{
		version: "Redis " + version, settings: "one node, appendonly yes, appendfsync everysec; rueidis",
		open: func(place string) store.Store {
			return redisstore.New(counted, redisstore.Options{Prefix: place + ":"})
		},
		hear: func(place string) store.Store {
			o := redisstore.Options{Prefix: place + ":", Subscribe: rueidisstore.Subscribe(client)}
			return redisstore.New(counted, o)
		},
		size:  func(place string, e *figures.Engine, n int) { r.size(place, e, n, empty) },
		trips: trips.Load,
		commands: func() int64 {
			_, n := r.info("stats", "total_commands_processed")
			return int64(n)
		},
	}
}

// A redisServer is asked without being counted.
type redisServer struct {
	t  testing.TB
	do redisstore.Doer
}

func (r *redisServer) ask(key string, args ...any) any {
	reply, err := r.do(ctx, key, args...)
	must(r.t, err)
	return reply
}

// info returns one field of the server's INFO, as text and as a number.
func (r *redisServer) info(section, name string) (text string, n float64) {
	for line := range strings.SplitSeq(r.ask("", "INFO", section).(string), "\r\n") {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ = strconv.ParseFloat(value, 64)
			return value, n
		}
	}
	return "", 0
}

// size weighs the indexes of all shards, and those of a thousand users.
func (r *redisServer) size(place string, e *figures.Engine, n int, empty float64) {
	for r.rewrites() { // what is left of filling
		time.Sleep(100 * time.Millisecond)
	}
	_, used := r.info("memory", "used_memory")
	e.Memory = (used - empty) / float64(n)
	var shards, users, seen float64
	for key := range r.keys {
		isUser := strings.HasPrefix(key, place+":u:")
		if !isUser && !strings.HasSuffix(key, ":all") && !strings.HasSuffix(key, ":ends") || isUser && seen == 1000 {
			continue
		}
		size := float64(r.ask(key, "MEMORY", "USAGE", key, "SAMPLES", "0").(int64))
		if isUser {
			users, seen = users+size, seen+1
		} else {
			shards += size
		}
	}
	e.Index = shards/float64(n) + users/seen/perUser
}

func (r *redisServer) rewrites() bool {
	_, running := r.info("persistence", "aof_rewrite_in_progress")
	_, planned := r.info("persistence", "aof_rewrite_scheduled")
	return running+planned > 0
}

// keys yields all keys, some perhaps twice.
func (r *redisServer) keys(yield func(string) bool) {
	for cursor := "0"; ; {
		page := r.ask("", "SCAN", cursor, "COUNT", 10000).([]any)
		for _, key := range page[1].([]any) {
			if !yield(key.(string)) {
				return
			}
		}
		if cursor = page[0].(string); cursor == "0" {
			return
		}
	}
}
