package main

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"coatcheck.dev/bench/figures"
	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
)

type redisServer struct {
	*server
	client rueidis.Client
	trips  atomic.Int64
	empty  float64 // bytes before there was anything
}

func startRedis() (*engine, error) {
	path, err := program("redis-server", "valkey-server")
	if err != nil {
		return nil, err
	}
	s, err := newServer("")
	if err != nil {
		return nil, err
	}
	r := &redisServer{server: s}
	args := []string{"--bind", "127.0.0.1", "--port", s.port, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"}
	err = s.start(func() (err error) {
		if r.client == nil {
			r.client, err = rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{"127.0.0.1:" + s.port}, DisableCache: true})
		}
		return err
	}, path, args...)
	if err != nil {
		return nil, err
	}
	r.empty = r.info("memory", "used_memory")
	return &engine{
		version: firstWords(firstLine(path), 3), settings: "one node, appendonly yes, appendfsync everysec; rueidis",
		open: func(place string) (store.Store, error) {
			return redisstore.New(r.door, redisstore.Options{Prefix: place + ":"}), nil
		},
		hear: func(place string) (store.Store, error) {
			return redisstore.New(r.door, redisstore.Options{Prefix: place + ":", Subscribe: rueidisstore.Subscribe(r.client)}), nil
		},
		lax:      func(bool) error { return nil },
		size:     r.size,
		trips:    r.trips.Load,
		commands: func() int64 { return int64(r.info("stats", "total_commands_processed")) },
		close: func() {
			r.client.Close()
			s.stop()
		},
	}, nil
}

// firstWords leaves out what a version says of its build.
func firstWords(s string, n int) string {
	words := strings.Fields(s)
	return strings.Join(words[:min(n, len(words))], " ")
}

func (r *redisServer) door(ctx context.Context, key string, args ...any) (any, error) {
	r.trips.Add(1)
	return r.do(ctx, key, args...)
}

func (r *redisServer) do(ctx context.Context, key string, args ...any) (any, error) {
	return rueidisstore.Do(r.client)(ctx, key, args...)
}

func (r *redisServer) info(section, name string) (n float64) {
	text, err := r.do(ctx, "", "INFO", section)
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(text.(string), "\r\n") {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ = strconv.ParseFloat(value, 64)
		}
	}
	return n
}

// size weighs the indexes of all shards, and those of a thousand users.
func (r *redisServer) size(place string, e *figures.Engine, n int) error {
	for r.info("persistence", "aof_rewrite_in_progress")+r.info("persistence", "aof_rewrite_scheduled") > 0 { // what is left of filling
		time.Sleep(100 * time.Millisecond)
	}
	e.Memory = (r.info("memory", "used_memory") - r.empty) / float64(n)
	var shards, users, seen float64
	cursor := "0"
	for {
		reply, err := r.do(ctx, "", "SCAN", cursor, "COUNT", 10000)
		if err != nil {
			return err
		}
		page := reply.([]any)
		for _, k := range page[1].([]any) {
			key := k.(string)
			isUser := strings.HasPrefix(key, place+":u:")
			if !isUser && !strings.HasSuffix(key, ":all") && !strings.HasSuffix(key, ":ends") || isUser && seen == 1000 {
				continue
			}
			size, err := r.do(ctx, key, "MEMORY", "USAGE", key, "SAMPLES", "0")
			if err != nil {
				return err
			}
			if isUser {
				users, seen = users+float64(size.(int64)), seen+1
			} else {
				shards += float64(size.(int64))
			}
		}
		if cursor = page[0].(string); cursor == "0" {
			break
		}
	}
	e.Index = shards/float64(n) + users/seen/perUser
	return nil
}
