#!/usr/bin/env bash
# Redis 7.0.15 (Debian 12) made a replica by hand, seen by rueidis 1.0.79, go-redis 9.23.0 and redigo 1.9.3: a heartbeat
# by PUBLISH goes on beating for a node that has lost its master.
#
# REPLICAOF leaves connections open. PUBLISH counts as no write, so a read-only replica takes it, answers with the
# number of its own listeners, and tells nobody else; what the new master publishes does reach the replica's listeners.
# A process with old connections hears itself and the others, and nobody hears it. There is no error anywhere.
#
# Only writes tell. go-redis closes a connection that answered READONLY, dials the address anew and even repeats the
# write, so that it never fails, and messages arrive from then on; those before stay lost. rueidis and redigo hand the
# error on and keep the connection, redigo even with the usual PING in TestOnBorrow, because a replica answers PING.
set -euo pipefail
cd "$(dirname "$0")"
. lib/debian.sh
debian redis-server=5:7.0.15-1~deb12u10 redis-tools=5:7.0.15-1~deb12u10
export GOMODCACHE="$room/modules" GOFLAGS=-modcacherw GOWORK=off CGO_ENABLED=0

mkdir "$room/go" && cd "$room/go"
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

var ctx = context.Background()

// A client is what the three have in common.
type client struct {
	do     func(args ...string) error
	listen func(heard func()) // on the channel "feed"
}

func main() {
	one, stopOne := start()
	defer stopOne()
	two, stopTwo := start()
	defer stopTwo()
	fmt.Println("rueidis", play(one, two, openRueidis))
	fmt.Println("go-redis", play(one, two, openGoRedis))
	fmt.Println("redigo", play(one, two, openRedigo))
}

// play lets a client lose its master and returns what it and the others see.
func play(one, two string, open func(string) client) string {
	say(one, "REPLICAOF", "NO", "ONE")
	follow(two, one)
	address, lead := forward(one)
	c := open(address)
	var own, others atomic.Int64
	c.listen(func() { own.Add(1) })
	openGoRedis(two).listen(func() { others.Add(1) })
	check(c.do("SET", "key", "value"))

	say(two, "REPLICAOF", "NO", "ONE")
	lead(two)
	follow(one, two)

	publish := func() string {
		own.Store(0)
		others.Store(0)
		for range 50 {
			check(c.do("PUBLISH", "feed", "message"))
		}
		time.Sleep(time.Second)
		return fmt.Sprintf("50 sent: own ear %d, master %d", own.Load(), others.Load())
	}
	first := publish()
	refused := 0
	for range 50 {
		if c.do("SET", "key", "value") != nil {
			refused++
		}
	}
	return fmt.Sprintf("%s; %d of 50 writes refused; %s", first, refused, publish())
}

func start() (address string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	address = l.Addr().String()
	check(l.Close())
	_, port, _ := net.SplitHostPort(address)
	server := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port,
		"--save", "", "--repl-diskless-sync-delay", "0")
	server.Dir, err = os.MkdirTemp(".", "data")
	check(err)
	check(server.Start())
	for dial := error(errors.New("none yet")); dial != nil; time.Sleep(50 * time.Millisecond) {
		var c net.Conn
		if c, dial = net.Dial("tcp", address); dial == nil {
			c.Close()
		}
	}
	return address, func() { server.Process.Kill(); server.Wait() }
}

// say sends one command on a connection of its own.
func say(address string, words ...string) string {
	c, err := redis.Dial("tcp", address)
	check(err)
	defer c.Close()
	answer, err := redis.String(c.Do(words[0], redis.Args{}.AddFlat(words[1:])...))
	check(err)
	return answer
}

func follow(replica, master string) {
	host, port, _ := net.SplitHostPort(master)
	say(replica, "REPLICAOF", host, port)
	for !strings.Contains(say(replica, "INFO", "replication"), "master_link_status:up") {
		time.Sleep(50 * time.Millisecond)
	}
}

// forward listens on one address for new connections to whoever leads; old ones stay where they are.
func forward(to string) (address string, lead func(string)) {
	var leader atomic.Value
	leader.Store(to)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", leader.Load().(string))
			check(err)
			go func() { io.Copy(s, c); s.Close() }()
			go func() { io.Copy(c, s); c.Close() }()
		}
	}()
	return l.Addr().String(), func(to string) { leader.Store(to) }
}

func openRueidis(address string) client {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}})
	check(err)
	return client{
		do: func(args ...string) error { return c.Do(ctx, c.B().Arbitrary(args...).Build()).Error() },
		listen: func(heard func()) {
			go c.Receive(ctx, c.B().Subscribe().Channel("feed").Build(), func(rueidis.PubSubMessage) { heard() })
			time.Sleep(time.Second)
		},
	}
}

func openGoRedis(address string) client {
	c := goredis.NewClient(&goredis.Options{Addr: address})
	return client{
		do: func(args ...string) error {
			words := make([]any, len(args))
			for i, a := range args {
				words[i] = a
			}
			return c.Do(ctx, words...).Err()
		},
		listen: func(heard func()) {
			s := c.Subscribe(ctx, "feed")
			_, err := s.Receive(ctx)
			check(err)
			go func() {
				for range s.Channel() {
					heard()
				}
			}()
		},
	}
}

func openRedigo(address string) client {
	pool := &redis.Pool{
		MaxIdle:      4,
		Dial:         func() (redis.Conn, error) { return redis.Dial("tcp", address) },
		TestOnBorrow: func(c redis.Conn, _ time.Time) error { _, err := c.Do("PING"); return err },
	}
	return client{
		do: func(args ...string) error {
			c := pool.Get()
			defer c.Close()
			_, err := c.Do(args[0], redis.Args{}.AddFlat(args[1:])...)
			return err
		},
		listen: func(heard func()) {
			s := redis.PubSubConn{Conn: pool.Get()}
			check(s.Subscribe("feed"))
			go func() {
				for {
					switch s.Receive().(type) {
					case redis.Message:
						heard()
					case error:
						return
					}
				}
			}()
			time.Sleep(time.Second)
		},
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
GO
{
	go mod init finding
	go get github.com/redis/rueidis@v1.0.79 github.com/redis/go-redis/v9@v9.23.0 github.com/gomodule/redigo@v1.9.3
	go build -o finding .
} >build.log 2>&1 || { cat build.log >&2; exit 1; }
./finding >"$room/seen"

tell() { grep "^$1 " "$room/seen" | cut -d' ' -f2-; }
lost='50 sent: own ear 50, master 0' heard='50 sent: own ear 50, master 50'
saw rueidis "$lost; 50 of 50 writes refused; $lost" "$(tell rueidis)"
saw redigo "$lost; 50 of 50 writes refused; $lost" "$(tell redigo)"
saw go-redis "$lost; 0 of 50 writes refused; $heard" "$(tell go-redis)"
