// Package goredisstore keeps sessions in Redis or Valkey through a go-redis client: one node, Sentinel or a Cluster.
//
//	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
//	sessions := session.New(goredisstore.New(rdb, redisstore.Options{}), session.Options{})
//
// [New] is all that most apps need. [Do], [Subscribe] and [Pipeline] are its parts: functions that any app may wrap,
// to count commands or to subscribe with a client of its own. The store is that of package redisstore, whose
// documentation says what is promised.
//
// The client stays the caller's: close the store first, then the client. A ClusterClient must ask masters (do not set
// ReadOnly, RouteByLatency or RouteRandomly): a session that has ended lives on in a replica until that hears of it.
package goredisstore

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"

	redisstore "coatcheck.dev/store/redis"
)

// New returns a store that sends its commands through the client, and is a feed: unless Options.Subscribe is set it
// subscribes with the same client. Unless Options.Redial is set, a [redis.Client] gets a hook for it; see [Redial]. It
// panics without a client.
func New(rdb redis.UniversalClient, o redisstore.Options) *redisstore.Store {
	if rdb == nil {
		panic(errors.New("goredisstore: New needs a client: redis.NewClient makes one"))
	}
	if o.Subscribe == nil {
		o.Subscribe = Subscribe(rdb)
	}
	if c, ok := rdb.(*redis.Client); ok && o.Redial == nil {
		o.Redial = Redial(c)
	}
	return redisstore.New(Do(rdb), o)
}

// Do sends one command. The client finds the node of a Cluster by itself.
func Do(rdb redis.UniversalClient) redisstore.Doer {
	return func(ctx context.Context, _ string, args ...any) (any, error) { return rdb.Do(ctx, args...).Result() }
}

// Subscribe subscribes on a connection that ends with the subscription. The client's channels do it again by
// themselves after a broken connection, and nobody learns that messages were missed.
func Subscribe(rdb redis.UniversalClient) redisstore.Subscribe {
	return func(ctx context.Context, channels []string, message func(channel, payload string)) error {
		sub := rdb.Subscribe(ctx, channels...)
		defer sub.Close()
		defer context.AfterFunc(ctx, func() { sub.Close() })() // Receive does not look at the context
		for {
			m, err := sub.Receive(ctx)
			if err != nil {
				return err // the next Receive would subscribe again
			}
			if m, ok := m.(*redis.Message); ok {
				message(m.Channel, m.Payload)
			}
		}
	}
}

// Redial returns a function that closes all connections that the client dials from now on: the next command is sent
// over a new one. It adds a hook to the client. Without it, reads go on over connections to a server that has become a
// replica, because go-redis drops only those that a write was refused on.
func Redial(rdb *redis.Client) func() {
	d := new(dialler)
	rdb.AddHook(d)
	return d.connections.Close
}

// A dialler is a hook that knows the connections.
type dialler struct{ connections redisstore.Connections }

func (d *dialler) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return d.connections.Add(conn), nil
	}
}

func (*dialler) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (*dialler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// Pipeline sends commands on one connection, with a [redis.Client] or a [redis.ClusterClient]. It is for
// [redisstore.Replicated]:
//
//	redisstore.Options{Durability: redisstore.Replicated(1, time.Second, goredisstore.Pipeline(rdb))}
func Pipeline(rdb redis.UniversalClient) redisstore.Pipeline {
	return func(ctx context.Context, key string, commands ...[]any) ([]any, error) {
		node, err := nodeOf(ctx, rdb, key)
		if err != nil {
			return nil, err
		}
		// The error is that of the first command that failed, which stands among the replies.
		cmds, _ := node.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, c := range commands {
				p.Do(ctx, c...)
			}
			return nil
		})
		replies := make([]any, len(cmds))
		for i, c := range cmds {
			reply, err := c.(*redis.Cmd).Result()
			if replies[i] = reply; err != nil {
				replies[i] = err
			}
		}
		return replies, nil
	}
}

// nodeOf returns a client of the one node that has the key: a pipeline of a Cluster would be spread over several.
func nodeOf(ctx context.Context, rdb redis.UniversalClient, key string) (*redis.Client, error) {
	switch rdb := rdb.(type) {
	case *redis.Client:
		return rdb, nil
	case *redis.ClusterClient:
		return rdb.MasterForKey(ctx, key)
	}
	return nil, fmt.Errorf("goredisstore: %T cannot run commands on one connection", rdb)
}
