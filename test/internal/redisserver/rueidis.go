package redisserver

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/rueidis"
)

// Rueidis is the door of a rueidis client of any kind.
func Rueidis(client rueidis.Client) func(ctx context.Context, key string, args ...any) (any, error) {
	return func(ctx context.Context, key string, args ...any) (any, error) {
		return client.Do(ctx, command(client.B(), key, args)).ToAny()
	}
}

// command marks the key, by which a cluster client finds the node.
func command(b rueidis.Builder, key string, args []any) rueidis.Completed {
	c := b.Arbitrary()
	for _, arg := range args {
		text, ok := arg.(string)
		switch {
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

// RueidisSubscribe subscribes with rueidis, on a connection of its own: the other ways to do it subscribe again in silence.
func RueidisSubscribe(client rueidis.Client) func(context.Context, []string, func(channel, payload string)) error {
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

// RueidisTogether runs commands on one connection with rueidis.
func RueidisTogether(client rueidis.Client) func(ctx context.Context, key string, commands ...[]any) ([]any, error) {
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

// RueidisClient connects to one node, or to the cluster that it belongs to.
func RueidisClient(t testing.TB, addrs ...string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: addrs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
