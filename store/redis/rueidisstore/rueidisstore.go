// Package rueidisstore keeps sessions in Redis or Valkey through a rueidis client: one node, Sentinel or a Cluster.
//
//	option := rueidis.ClientOption{InitAddress: []string{"127.0.0.1:6379"}}
//	client, err := rueidisstore.NewClient(option)
//	...
//	sessions := session.New(rueidisstore.New(client, redisstore.Options{}), session.Options{})
//
// [NewClient] and [New] are all that most apps need. [Do], [Subscribe] and [Pipeline] are its parts: functions that any
// app may wrap, to count commands or to subscribe with a client of its own. The store is that of package redisstore,
// whose documentation says what is promised.
//
// The client stays the caller's: close the store first, then the client. Client-side caching is not used, so
// ClientOption.DisableCache may be set. Do not send commands to replicas (ClientOption.SendToReplicas): a session that
// has ended lives on there until the replica hears of it.
package rueidisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/redis/rueidis"

	redisstore "coatcheck.dev/store/redis"
)

// A Client is a [rueidis.Client] that can close all its connections. Without that, a client of a single server keeps
// its connections when that server becomes a replica.
type Client struct {
	rueidis.Client
	connections redisstore.Connections
}

// NewClient is [rueidis.NewClient] for a [Client].
func NewClient(o rueidis.ClientOption) (*Client, error) {
	c := new(Client)
	dial := o.DialCtxFn
	if dial == nil {
		dial = dialContext
	}
	o.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, t *tls.Config) (net.Conn, error) {
		conn, err := dial(ctx, addr, d, t)
		if err != nil {
			return nil, err
		}
		return c.connections.Add(conn), nil
	}
	var err error
	c.Client, err = rueidis.NewClient(o)
	return c, err
}

// dialContext dials as rueidis does.
func dialContext(ctx context.Context, addr string, d *net.Dialer, t *tls.Config) (net.Conn, error) {
	if t != nil {
		return (&tls.Dialer{NetDialer: d, Config: t}).DialContext(ctx, "tcp", addr)
	}
	return d.DialContext(ctx, "tcp", addr)
}

// Redial closes all connections: the next command is sent over a new one.
func (c *Client) Redial() { c.connections.Close() }

// New returns a store that sends its commands through the client, and is a feed: unless Options.Subscribe is set it
// subscribes with the same client. A [Client] is redialled when its server is no writer any more. It panics without a
// client.
func New(client rueidis.Client, o redisstore.Options) *redisstore.Store {
	if client == nil {
		panic(errors.New("rueidisstore: New needs a client: NewClient makes one"))
	}
	if o.Subscribe == nil {
		o.Subscribe = Subscribe(client)
	}
	if c, ok := client.(*Client); ok && o.Redial == nil && client.Mode() != rueidis.ClientModeCluster {
		o.Redial = c.Redial
	}
	return redisstore.New(Do(client), o)
}

// Do sends one command.
func Do(client rueidis.Client) redisstore.Doer {
	return func(ctx context.Context, key string, args ...any) (any, error) {
		reply, err := client.Do(ctx, command(client.B(), key, args)).ToAny()
		if err != nil {
			err = explain(client, err)
		}
		return reply, err
	}
}

// explain words errors that this client makes itself, or should not meet, so that the store does not repeat in vain.
func explain(client rueidis.Client, err error) error {
	if errors.Is(err, rueidis.ErrNoSlot) {
		return fmt.Errorf("CLUSTERDOWN: %w", err) // as a server would say
	}
	if reply, ok := rueidis.IsRedisErr(err); ok && client.Mode() == rueidis.ClientModeStandalone {
		if _, moved := reply.IsMoved(); moved {
			return errors.New("the client is for a single node, but the server belongs to a Cluster")
		}
	}
	return err
}

// command marks the key, because a client of a Cluster finds the node by it.
func command(b rueidis.Builder, key string, args []any) rueidis.Completed {
	c := b.Arbitrary()
	for _, arg := range args {
		switch text, ok := arg.(string); {
		case !ok:
			c = c.Args(fmt.Sprint(arg))
		case text == key && key != "":
			c = c.Keys(text)
		default:
			c = c.Args(text)
		}
	}
	return c.Build()
}

// Subscribe subscribes on a connection that ends with the subscription. The client's other ways to subscribe do it
// again by themselves after a broken connection, and nobody learns that messages were missed.
func Subscribe(client rueidis.Client) redisstore.Subscribe {
	return func(ctx context.Context, channels []string, message func(channel, payload string)) error {
		return client.Dedicated(func(c rueidis.DedicatedClient) error {
			ended := c.SetPubSubHooks(rueidis.PubSubHooks{
				OnMessage: func(m rueidis.PubSubMessage) { message(m.Channel, m.Message) },
			})
			if err := c.Do(ctx, c.B().Subscribe().Channel(channels...).Build()).Error(); err != nil {
				return err
			}
			select {
			case err := <-ended:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
}

// Pipeline sends commands on one connection. It is for [redisstore.Replicated]:
//
//	redisstore.Options{Durability: redisstore.Replicated(1, time.Second, rueidisstore.Pipeline(client))}
func Pipeline(client rueidis.Client) redisstore.Pipeline {
	return func(ctx context.Context, key string, commands ...[]any) ([]any, error) {
		replies := make([]any, len(commands))
		err := client.Dedicated(func(c rueidis.DedicatedClient) error {
			cmds := make([]rueidis.Completed, len(commands))
			for i, args := range commands {
				cmds[i] = command(c.B(), key, args)
			}
			for i, reply := range c.DoMulti(ctx, cmds...) {
				v, err := reply.ToAny()
				if replies[i] = v; err != nil {
					replies[i] = err
				}
			}
			return nil
		})
		return replies, err
	}
}
