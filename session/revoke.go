package session

import (
	"context"
	"strings"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// Revoke ends the session of a handle and reports whether there was one. When it returns no error, the end is durable
// and holds everywhere.
func (m *Manager) Revoke(ctx context.Context, handle store.ID) (bool, error) {
	existed, err := m.store.Delete(ctx, handle)
	if existed {
		m.emitRevoked(ctx, handle, "")
	}
	return existed, err
}

// RevokeUser ends all sessions of a user, except those of the handles in keep, and returns how many it ended.
func (m *Manager) RevokeUser(ctx context.Context, user string, keep ...store.ID) (int, error) {
	ended, err := m.store.DeleteUser(ctx, user, keep)
	for _, id := range ended {
		m.emitRevoked(ctx, id, user)
	}
	return len(ended), err
}

// RevokeBefore ends all sessions of everybody that began at t or before, in one step however many there are: for the
// day on which tickets may have leaked. A t of [time.Now] is by this machine's clock, any other by the one that records
// go by, which is the store's. A t in the future is taken for now. When it returns nil the cut-off is durable, and
// holds here at once; other nodes have it as soon as the store's feed tells them.
func (m *Manager) RevokeBefore(ctx context.Context, t time.Time) error {
	return m.setCutoff(ctx, "", m.storeTime(t))
}

// RevokeUserBefore ends all sessions of one user that began at t or before. See [Manager.RevokeBefore].
func (m *Manager) RevokeUserBefore(ctx context.Context, user string, t time.Time) error {
	if user == "" {
		return errUser
	}
	return m.setCutoff(ctx, user, m.storeTime(t))
}

// storeTime translates what time.Now has told, which its monotonic reading shows.
func (m *Manager) storeTime(t time.Time) time.Time {
	if t == t.Round(0) {
		return t
	}
	return m.store.Time(t)
}

func (m *Manager) setCutoff(ctx context.Context, user string, t time.Time) error {
	if now := m.store.Now(); t.After(now) {
		t = now
	}
	if err := m.store.SetCutoff(ctx, user, t.UTC().Truncate(time.Microsecond)); err != nil {
		return err
	}
	m.emitRevoked(ctx, store.ID{}, user)
	return nil
}

type actorKey struct{}

type actor struct{ name, reason string }

// WithActor says who acts through ctx and why, for the events of what is done with it. Without it, revocations have
// no actor.
func WithActor(ctx context.Context, name, reason string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor{name, reason})
}

func (m *Manager) emitRevoked(ctx context.Context, handle store.ID, user string) {
	a, _ := ctx.Value(actorKey{}).(actor)
	if handle.IsZero() && user == "" {
		a.reason = strings.TrimSpace("everybody's sessions " + a.reason)
	}
	m.opts.Events.Send(event.Event{
		Kind: event.Revoked, Handle: handle, User: user, Actor: a.name, Reason: a.reason,
	})
}
