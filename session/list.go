package session

import (
	"context"
	"fmt"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// Info is what a list shows of a session. Nothing in it is a secret.
type Info struct {
	Handle      store.ID      `json:"handle"`
	User        string        `json:"user"`
	CreatedAt   time.Time     `json:"created_at"`
	LastSeen    time.Time     `json:"last_seen"` // stale by up to Options.TouchInterval
	ExpiresAt   time.Time     `json:"expires_at"`
	IdleTimeout time.Duration `json:"-"`
	Remember    bool          `json:"remember"`
	Device      store.Device  `json:"device"`
	Current     bool          `json:"current"` // whether it is the session of the request whose context was given
}

// Ends returns when the session is over if it is not used any more.
func (i Info) Ends() time.Time {
	r := store.Record{LastSeen: i.LastSeen, ExpiresAt: i.ExpiresAt, IdleTimeout: i.IdleTimeout}
	return r.Ends()
}

func (m *Manager) info(r *store.Record) Info {
	return Info{
		Handle: r.ID, User: r.User, CreatedAt: r.CreatedAt, LastSeen: m.touches.latest(r.ID, r.LastSeen),
		ExpiresAt: r.ExpiresAt, IdleTimeout: r.IdleTimeout, Remember: r.Remember, Device: r.Device,
	}
}

// List returns the live sessions of a user, newest first, at most 1,000. The one of the request that ctx belongs to
// is marked.
func (m *Manager) List(ctx context.Context, user string) ([]Info, error) {
	if user == "" {
		return nil, nil
	}
	infos, _, err := m.Browse(ctx, store.Query{User: user, Limit: 1000})
	return infos, err
}

// Browse returns one page of live sessions, newest first, of one user or of everybody, and the place where the next
// page begins; it is zero after the last page.
func (m *Manager) Browse(ctx context.Context, q store.Query) ([]Info, store.Cursor, error) {
	records, err := m.list(ctx, q)
	if err != nil {
		return nil, store.Cursor{}, err
	}
	var next store.Cursor
	if len(records) == q.PageLimit() {
		next = records[len(records)-1].Cursor()
	}
	current, now := m.currentHandle(ctx), time.Now()
	infos := make([]Info, 0, len(records))
	for i := range records {
		info := m.info(&records[i])
		if !now.Before(info.Ends()) || m.switches.refuses(&records[i]) {
			continue
		}
		info.Current = info.Handle == current
		infos = append(infos, info)
	}
	return infos, next, nil
}

func (m *Manager) list(ctx context.Context, q store.Query) (records []store.Record, err error) {
	err = m.loadSwitches(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	err = m.guard.do(ctx, m.opts.StoreTimeout, func(ctx context.Context) error {
		records, err = m.store.List(ctx, q)
		return err
	})
	return records, m.storeErr("list", store.ID{}, err)
}

func (m *Manager) currentHandle(ctx context.Context) store.ID { return m.From(ctx).Handle() }

// Count returns how many sessions a user has, or how many there are in all for the empty user. Those whose time is
// over count until they are swept.
func (m *Manager) Count(ctx context.Context, user string) (n int, err error) {
	err = m.guard.do(ctx, m.opts.StoreTimeout, func(ctx context.Context) error {
		n, err = m.store.Count(ctx, user)
		return err
	})
	return n, m.storeErr("count", store.ID{}, err)
}

// Revoke ends the session of a handle and reports whether there was one. When it returns no error, the end is durable
// and holds everywhere.
func (m *Manager) Revoke(ctx context.Context, handle store.ID) (bool, error) {
	existed, err := m.delete(ctx, handle)
	if existed {
		m.emit(revoked(ctx, event.Event{Handle: handle}))
	}
	return existed, err
}

// RevokeUser ends all sessions of a user, except those of the handles in keep, and returns how many it ended.
func (m *Manager) RevokeUser(ctx context.Context, user string, keep ...store.ID) (int, error) {
	var ended []store.ID
	err := m.write(ctx, func(ctx context.Context) (err error) {
		ended, err = m.store.DeleteUser(ctx, user, keep...)
		return err
	})
	if err != nil {
		return 0, m.storeErr(fmt.Sprintf("revoke sessions of user %q", user), store.ID{}, err)
	}
	for _, id := range ended {
		m.notice(store.Notice{Kind: store.Deleted, ID: id})
		m.emit(revoked(ctx, event.Event{Handle: id, User: user}))
	}
	return len(ended), nil
}

type actorKey struct{}

type actor struct{ name, reason string }

// WithActor says who acts through ctx and why, for the events of what is done with it. Without it, revocations have
// no actor.
func WithActor(ctx context.Context, name, reason string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor{name, reason})
}

func revoked(ctx context.Context, e event.Event) event.Event {
	a, _ := ctx.Value(actorKey{}).(actor)
	e.Kind, e.Actor, e.Reason = event.Revoked, a.name, a.reason
	return e
}
