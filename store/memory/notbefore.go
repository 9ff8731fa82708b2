package memory

import (
	"context"
	"maps"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// cutoffs are the not-before cutoffs by user; everybody's is under the empty user.
type cutoffs struct {
	mu sync.Mutex
	at map[string]time.Time
}

// SetNotBefore implements [store.Store].
func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t = micro(t.UnixMicro())
	s.cutoffs.set(user, t)
	s.Publish(store.Notice{Kind: store.Cutoff, User: user, At: t})
	return nil
}

func (c *cutoffs) set(user string, t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = make(map[string]time.Time)
	}
	maps.DeleteFunc(c.at, func(_ string, old time.Time) bool { return t.Sub(old) > store.MaxLifetime })
	if t.After(c.at[user]) {
		c.at[user] = t
	}
}

// NotBefore implements [store.Store].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.cutoffs.mu.Lock()
	defer s.cutoffs.mu.Unlock()
	return maps.Clone(s.cutoffs.at), nil
}
