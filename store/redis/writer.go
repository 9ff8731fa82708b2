package redisstore

import (
	"context"
	"time"
)

// A server that was a master once may have become a replica while connections to it stand. Whatever it answers then may
// be out of date, so nothing is believed until a server has shown again that it is a writer.

// redialPause is the time between two calls of [Options.Redial].
const redialPause = 250 * time.Millisecond

// guard returns a Doer that notes when a server says that it is no writer. From then on it sends no command before one
// has shown that it is.
func (s *Store) guard(send Doer) Doer {
	return func(ctx context.Context, key string, command ...any) (any, error) {
		if s.demoted.Load() {
			if _, err := s.beat(ctx, key, "", ""); err != nil {
				return nil, err
			}
		}
		reply, err := send(ctx, key, command...)
		s.judge(err)
		return reply, err
	}
}

// beat proves that the node with the key is a writer, publishes a message if there is a channel, and returns the time
// by the node's clock.
func (s *Store) beat(ctx context.Context, key, channel, message string) (time.Time, error) {
	us, err := integer(s.runWith(ctx, s.doer, beatScript, []string{s.besideKey(key, "beat")}, []any{channel, message}))
	if err == nil {
		s.demoted.Store(false)
	}
	s.judge(err)
	return micro(us), err
}

// judge looks for an error by which a server says that it is no writer.
func (s *Store) judge(err error) {
	if !noWriter(err) {
		return
	}
	s.demoted.Store(true)
	last, now := s.redialed.Load(), time.Now().UnixNano()
	if s.options.Redial != nil && now-last >= int64(redialPause) && s.redialed.CompareAndSwap(last, now) {
		s.options.Redial()
	}
}

// noWriter reports whether an error says that the server is no writer: another one may be by now.
func noWriter(err error) bool {
	switch diagnose(err) {
	case readOnly, masterDown, loading, noReplicas:
		return true
	}
	return false
}
