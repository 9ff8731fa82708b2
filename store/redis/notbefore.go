package redisstore

import (
	"context"
	"encoding/binary"
	"time"

	"coatcheck.dev/store"
)

// SetNotBefore implements [store.Store].
func (s *Store) SetNotBefore(ctx context.Context, user string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return explain(ctx, "set a not-before switch", err)
	}
	at = micro(at.UnixMicro())
	set := func(ctx context.Context) error {
		key := s.switchesKey()
		n := message(store.Notice{Kind: store.Cutoff, User: user, At: at})
		_, err := s.write(ctx, s.prefix+"{"+key+"}:n", switchScript, []string{key}, user, octets(order(at.UnixMicro())), s.channel(), n)
		return err
	}
	err := set(ctx)
	if err != nil {
		s.outbox.add(revoke{user: user, isSwitched: true}, set)
	}
	return explain(ctx, "set a not-before switch", err)
}

// NotBefore implements [store.Store].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	flat, err := texts(s.run(ctx, switchesScript, []string{s.switchesKey()}))
	if err != nil {
		return nil, explain(ctx, "load not-before switches", err)
	}
	all := make(map[string]time.Time, len(flat)/2)
	forgotten := time.Now().Add(-store.MaxLifetime)
	for i := 0; i+1 < len(flat); i += 2 {
		user, stored := flat[i], flat[i+1]
		if len(stored) != 8 {
			continue
		}
		at := micro(int64(binary.BigEndian.Uint64([]byte(stored)) ^ 1<<63))
		if at.Before(forgotten) {
			_, _ = s.run(ctx, unswitchScript, []string{s.switchesKey()}, user, stored) // the next look tries again
			continue
		}
		all[user] = at
	}
	return all, nil
}
