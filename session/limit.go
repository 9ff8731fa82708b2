package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// makeRoom refuses a sign-in that is over the limit, if that is the policy. The session that is being replaced does
// not count.
func (m *Manager) makeRoom(ctx context.Context, user string, replaces store.ID) error {
	if m.opts.MaxSessions < 0 || m.opts.AtLimit != LimitRefuse {
		return nil
	}
	live, err := m.liveOver(ctx, user, m.opts.MaxSessions-1)
	if err != nil {
		return err
	}
	live = slices.DeleteFunc(live, func(r store.Record) bool { return r.ID == replaces })
	if len(live) < m.opts.MaxSessions {
		return nil
	}
	m.opts.Events.Send(event.Event{Kind: event.Limit, User: user, Count: len(live), Reason: "sign-in refused"})
	return fmt.Errorf("%w: %d", ErrTooManySessions, len(live))
}

// trim ends sessions of a user who has more than the limit after the session keep has begun.
func (m *Manager) trim(ctx context.Context, user string, keep store.ID) error {
	if m.opts.MaxSessions < 0 || m.opts.AtLimit == LimitRefuse {
		return nil
	}
	live, err := m.liveOver(ctx, user, m.opts.MaxSessions)
	if err != nil || len(live) <= m.opts.MaxSessions {
		return err
	}
	slices.SortFunc(live, func(a, b store.Record) int {
		if m.opts.AtLimit == LimitEndLeastUsed {
			return a.LastSeen.Compare(b.LastSeen)
		}
		return a.CreatedAt.Compare(b.CreatedAt)
	})
	surplus := len(live) - m.opts.MaxSessions
	m.opts.Events.Send(event.Event{Kind: event.Limit, User: user, Count: surplus, Reason: "older sessions ended"})
	ctx = WithActor(ctx, "", "limit of sessions reached")
	for _, r := range live {
		if surplus == 0 {
			break
		}
		if r.ID == keep {
			continue
		}
		if _, err := m.Revoke(ctx, r.ID); err != nil {
			return err
		}
		surplus--
	}
	return nil
}

// liveOver returns the live sessions of a user if there may be more than limit, and nothing otherwise: counting is
// cheap, and mostly enough.
func (m *Manager) liveOver(ctx context.Context, user string, limit int) ([]store.Record, error) {
	n, err := m.store.Count(ctx, user)
	if err != nil || n <= limit {
		return nil, err
	}
	var live []store.Record
	now := time.Now()
	for q := (store.Query{User: user, Limit: 1000}); ; {
		page, err := m.store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			if !r.Over(now) {
				live = append(live, r)
			}
		}
		if len(page) < q.PageLimit() {
			return live, nil
		}
		q.After = page[len(page)-1].Cursor()
	}
}
