package memory

import (
	"context"
	"maps"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// switches are the not-before switches by user, that of everybody under the empty user.
type switches struct {
	mu sync.Mutex
	at map[string]time.Time
}

// switchLife is how long a switch can matter: no session is older.
const switchLife = 400 * 24 * time.Hour

// SetNotBefore implements [store.Switchboard].
func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t = micro(t.UnixMicro())
	s.switches.set(user, t)
	s.Publish(store.Notice{Kind: store.Switched, User: user, At: t})
	return nil
}

func (w *switches) set(user string, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at == nil {
		w.at = make(map[string]time.Time)
	}
	maps.DeleteFunc(w.at, func(_ string, old time.Time) bool { return t.Sub(old) > switchLife })
	if t.After(w.at[user]) {
		w.at[user] = t
	}
}

// NotBefore implements [store.Switchboard].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.switches.mu.Lock()
	defer s.switches.mu.Unlock()
	return maps.Clone(s.switches.at), nil
}
