package session

import (
	"context"
	"time"

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
	Method      string        `json:"method,omitempty"` // by which the user proved last who they are
	Level       int           `json:"level,omitempty"`  // the highest one of the user's proofs
	Device      store.Device  `json:"device"`
	Guard       string        `json:"-"`       // what Options.Guard keeps of it; package bound reads it
	Current     bool          `json:"current"` // whether it is the session of the request whose context was given
}

// Ends returns when the session is over if it is not used any more.
func (i Info) Ends() time.Time {
	r := store.Record{LastSeen: i.LastSeen, ExpiresAt: i.ExpiresAt, IdleTimeout: i.IdleTimeout}
	return r.Ends()
}

func (m *Manager) info(r *store.Record, current store.ID) Info {
	info := Info{
		Handle: r.ID, User: r.User, CreatedAt: r.CreatedAt, LastSeen: m.store.LastSeen(r.ID, r.LastSeen),
		ExpiresAt: r.ExpiresAt, IdleTimeout: r.IdleTimeout, Remember: r.Remember, Device: r.Device, Guard: r.Guard,
		Current: r.ID == current,
	}
	for _, proof := range r.Auth {
		info.Method, info.Level = proof.Method, max(info.Level, proof.Level)
	}
	return info
}

// Info returns what a list of sessions shows of this one, and false if nothing is stored for the visitor.
func (s *Session) Info() (Info, bool) {
	st := s.use()
	defer s.mu.Unlock()
	if !st.exists() {
		return Info{}, false
	}
	return st.info(), true
}

func (st *state) info() Info {
	info := st.m.info(&st.record, st.record.ID)
	info.ExpiresAt = earlier(info.ExpiresAt, st.until)
	return info
}

// Left returns how much time the session has left if it is not used after this request, and at most. Without a session
// both are 0.
func (s *Session) Left() (idle, total time.Duration) {
	st := s.use()
	defer s.mu.Unlock()
	if !st.exists() {
		return 0, 0
	}
	info := st.info()
	if !st.usedAt.IsZero() && st.touchDue() {
		info.LastSeen = st.usedAt
	}
	now := s.m.store.Now()
	return max(info.Ends().Sub(now), 0), max(info.ExpiresAt.Sub(now), 0)
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
	records, err := m.store.List(ctx, q)
	if err != nil {
		return nil, store.Cursor{}, err
	}
	var next store.Cursor
	if len(records) == q.PageLimit() {
		next = records[len(records)-1].Cursor()
	}
	current, now := store.ID{}, m.store.Now()
	if v := m.visit(ctx); v != nil {
		current = v.asked().Handle()
	}
	infos := make([]Info, 0, len(records))
	for i := range records {
		info := m.info(&records[i], current)
		if now.Before(info.Ends()) && !m.store.Refuses(info.User, info.CreatedAt) {
			infos = append(infos, info)
		}
	}
	return infos, next, nil
}

// Lookup returns what a list shows of the session of a handle, and false if it has ended or never was. To the session
// that is no use, and a cache keeps nothing because of it.
func (m *Manager) Lookup(ctx context.Context, handle store.ID) (Info, bool, error) {
	if err := m.store.LoadCutoffs(ctx); err != nil {
		return Info{}, false, err
	}
	ctx = store.Glance(ctx)
	record, err := m.store.Load(ctx, handle)
	if err != nil {
		return Info{}, false, err
	}
	now := m.store.Now()
	if record != nil && m.store.Over(record, now) { // a copy that is near may not know of the latest use
		if record, err = m.store.Reload(ctx, record); err != nil {
			return Info{}, false, err
		}
	}
	if record == nil || m.store.Over(record, now) || m.store.Refuses(record.User, record.CreatedAt) {
		return Info{}, false, nil
	}
	return m.info(record, store.ID{}), true, nil
}

// Count returns how many sessions a user has, or how many there are in all for the empty user. Those that a not-before
// has ended do not count; if more than 100 users have one of their own, the count of all knows only the latest 100.
// Those whose time is over count until they are swept.
func (m *Manager) Count(ctx context.Context, user string) (int, error) {
	return m.store.Count(ctx, user)
}

// Explain says what a ticket is worth, and to which session it belongs, for whoever looks into a complaint. Nothing
// comes of it: the session does not count as used, and a stolen ticket ends nothing. What it is worth is one of
//
//	live        its session goes on with it
//	superseded  its session has gone on to newer secrets; whoever still shows this one counts as a thief
//	expired     the time of its session is over
//	ended       a not-before has ended its session
//	forged      its session never had this secret, as far as is known
//	unknown     there is no session of its handle: it was ended or swept, or never was
//	malformed   it is no ticket
//
// The session is that of the handle, whoever made the secret up; "unknown" has a handle alone, and "malformed" not even
// that. An error means that the store did not answer. Explain may be called by several goroutines at once.
func (m *Manager) Explain(ctx context.Context, text string) (worth string, of Info, err error) {
	t := ticket{}
	if !t.parse(text) {
		return "malformed", Info{}, nil
	}
	t.realm = m.opts.Realm
	if err := m.store.LoadCutoffs(ctx); err != nil {
		return "", Info{}, err
	}
	r, err := m.store.Reload(ctx, &store.Record{ID: t.id})
	if err != nil {
		return "", Info{}, err
	}
	if r == nil {
		return "unknown", Info{Handle: t.id}, nil
	}
	hash, now := t.hash(), m.store.Now()
	switch is := matchOf(r, &hash); {
	case is == matchNone:
		worth = "forged"
	case m.store.Over(r, now):
		worth = "expired"
	case m.store.Refuses(r.User, r.CreatedAt):
		worth = "ended"
	case is == matchPast, m.late(r, is, now):
		worth = "superseded"
	default:
		worth = "live"
	}
	return worth, m.info(r, store.ID{}), nil
}
