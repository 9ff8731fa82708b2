package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"coatcheck.dev/store"
)

var errSilent = errors.New("nothing was heard on it; allow the Redis user the channels of the prefix")

// Try uses the store once, under throw-away keys within the prefix: it runs every script and hears the channel. What
// the server lacks, or what the Redis user may not do, is an error now instead of at the first sign-in. A server that
// accepts no writes at the time, because its memory or its disk is full, is no error.
func (s *Store) Try(ctx context.Context) error {
	t := New(s.doer, Options{Prefix: s.prefix + "{try-" + rand.Text() + "}:", Subscribe: s.options.Subscribe})
	defer t.Close()
	whole := make(chan struct{}, 1)
	defer t.Subscribe(func(n store.Notice) {
		if n.Kind == store.Beat {
			select {
			case whole <- struct{}{}:
			default:
			}
		}
	})()
	err := t.useOnce(ctx)
	if s.options.Subscribe != nil && err == nil {
		select {
		case <-whole:
		case <-time.After(beatLimit):
			err = explain(ctx, "hear the channel", errSilent)
		case <-ctx.Done():
			err = explain(ctx, "hear the channel", ctx.Err())
		}
	}
	switch diagnose(err) {
	case full, noDisk, noReplicas:
		return nil
	}
	return err
}

// useOnce calls every method, and every script that these do not need for so few sessions.
func (s *Store) useOnce(ctx context.Context) error {
	now := time.Now()
	visitor := store.Record{ID: store.NewID(), CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Minute)}
	user := visitor
	user.ID, user.User, user.Version = store.NewID(), "try", 2
	by, gate := s.shardKey(shardOf(visitor.ID), "by:"+visitor.ID.String()), s.gateKey(user.User)
	defer s.doer(ctx, by, "DEL", by, gate)
	for _, step := range []func() error{
		func() error { return s.Create(ctx, visitor, store.ID{}) },
		func() error { visitor.Version = 1; return s.Save(ctx, visitor) },
		func() error { return s.Touch(ctx, []store.Seen{{ID: visitor.ID, At: now.Add(time.Second)}}) },
		func() error { return s.Create(ctx, user, visitor.ID) },
		func() error { _, err := s.Load(ctx, user.ID); return err },
		func() error { _, err := s.List(ctx, store.Query{User: user.User}); return err },
		func() error { _, err := s.List(ctx, store.Query{}); return err },
		func() error { _, err := s.Live(ctx, user.User, time.Time{}, now, 1); return err },
		func() error { _, err := s.Count(ctx, user.User, now); return err },
		func() error { _, err := s.DeleteUser(ctx, user.User); return err },
		func() error { _, err := s.Sweep(ctx, now, 1); return err },
		func() error { return s.SetNotBefore(ctx, user.User, now) },
		func() error { _, err := s.NotBefore(ctx); return err },
		func() error { return s.dropCutoff(ctx, user.User, octets(order(now.UnixMicro()))) },
		func() error { _, err := s.run(ctx, forgetScript, s.recordKeys(visitor.ID), ""); return err },
		func() error { _, err := s.run(ctx, laterScript, []string{by, by}, "", 0, "", ""); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
