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
	most := m.opts.MaxSessions
	if most < 0 || m.opts.AtLimit != LimitRefuse {
		return nil
	}
	live, err := m.store.Live(ctx, user, most+1)
	if err != nil {
		return err
	}
	live = slices.DeleteFunc(live, func(s store.Summary) bool { return s.ID == replaces })
	if len(live) < most {
		return nil
	}
	m.opts.Events.Send(event.Event{Kind: event.Limit, User: user, Count: len(live), Reason: "sign-in refused"})
	return fmt.Errorf("%w: %d", ErrTooManySessions, len(live))
}

// maxTrim is how many sessions a sign-in ends one by one.
const maxTrim = 100

// trim ends sessions of a user who has more than the limit after the session of keep has begun. Its work and time are
// bounded: of so many that it does not see all, one cut-off ends those that are older than all that stay, and what a
// slow store has not ended in time is left to the next sign-in.
func (m *Manager) trim(ctx context.Context, keep *store.Record) error {
	user, most := keep.User, m.opts.MaxSessions
	if most < 0 || m.opts.AtLimit == LimitRefuse {
		return nil
	}
	live, err := m.store.Live(ctx, user, most+maxTrim)
	if err != nil || len(live) <= most {
		return err
	}
	slices.SortStableFunc(live, func(a, b store.Summary) int {
		switch {
		case a.ID == keep.ID:
			return -1
		case b.ID == keep.ID:
			return 1
		case m.opts.AtLimit == LimitEndLeastUsed:
			return b.LastSeen.Compare(a.LastSeen)
		}
		return 0 // newest first
	})
	kept, surplus := live[:most], live[most:]
	m.opts.Events.Send(event.Event{Kind: event.Limit, User: user, Count: len(surplus), Reason: "older sessions ended"})
	ctx = WithActor(ctx, "", "limit of sessions reached")
	if len(surplus) == maxTrim {
		oldest := keep.CreatedAt
		for _, s := range kept {
			if s.CreatedAt.Before(oldest) {
				oldest = s.CreatedAt
			}
		}
		if err := m.setCutoff(ctx, user, oldest.Add(-time.Microsecond)); err != nil {
			return err
		}
	}
	for began, i := time.Now(), len(surplus)-1; i >= 0 && time.Since(began) < m.opts.StoreTimeout; i-- {
		if _, err := m.Revoke(ctx, surplus[i].ID); err != nil {
			return err
		}
	}
	return nil
}
