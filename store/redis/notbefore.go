package redisstore

import (
	"context"
	"encoding/binary"
	"time"

	"coatcheck.dev/store"
)

// SetNotBefore implements [store.Store].
func (s *Store) SetNotBefore(ctx context.Context, user string, at time.Time) error {
	at = micro(at.UnixMicro())
	n := message(store.Notice{Kind: store.Cutoff, User: user, At: at})
	err := s.revoke(ctx, revocation{user: user, isCutoff: true}, func(ctx context.Context) error {
		_, err := s.write(ctx, cutoffScript, []string{s.cutoffsKey()},
			user, octets(order(at.UnixMicro())), s.channel(), n)
		return err
	})
	return explain(ctx, "set a cutoff", err)
}

// NotBefore implements [store.Store].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	flat, err := texts(s.run(ctx, cutoffsScript, []string{s.cutoffsKey()}))
	if err != nil {
		return nil, explain(ctx, "load cutoffs", err)
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
			_ = s.dropCutoff(ctx, user, stored) // if it fails, the next call tries again
			continue
		}
		all[user] = at
	}
	return all, nil
}

func (s *Store) dropCutoff(ctx context.Context, user, stored string) error {
	_, err := s.run(ctx, dropCutoffScript, []string{s.cutoffsKey()}, user, stored)
	return err
}
