// Package rueidisdoor is how benchmarks and measurements reach Redis: package redisstore's two doors, made of rueidis.
package rueidisdoor

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
)

// Do returns what sends one command.
func Do(client rueidis.Client) func(ctx context.Context, key string, args ...any) (any, error) {
	return func(ctx context.Context, key string, args ...any) (any, error) {
		c := client.B().Arbitrary()
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
		return client.Do(ctx, c.Build()).ToAny()
	}
}

// Subscribe returns what listens to channels on a connection of its own.
func Subscribe(client rueidis.Client) func(ctx context.Context, channels []string, message func(channel, payload string)) error {
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
