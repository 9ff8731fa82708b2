package session

import (
	"net/http"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// create stores a visitor's first values under a new ticket.
func (st *state) create() error {
	if st.view.Len() == 0 {
		st.changes, st.until = nil, time.Time{}
		return nil
	}
	if !st.ended.IsZero() {
		st.dropChanges("the session ended before the request arrived")
		return nil
	}
	if st.cookieKeptBack() {
		st.dropChanges("another site made the request, so that the browser kept its cookie back")
		return nil
	}
	if st.CookieProblem() != nil {
		st.dropChanges("the browser would drop the cookie")
		return nil
	}
	now := st.m.store.Now()
	if err := st.admit(now); err != nil {
		return err
	}
	t := newTicket(store.NewID(), st.m.opts.Realm)
	record := st.m.newRecord(st.request, t, "", now, false)
	record.Data, record.ExpiresAt = st.view, earlier(record.ExpiresAt, st.until)
	if err := st.put(record, t, store.ID{}); err != nil {
		return err
	}
	st.emit(event.Event{Kind: event.Created})
	return nil
}

// admit counts a record that a visitor is about to have stored, against Options.MaxVisitors.
func (st *state) admit(now time.Time) error {
	if most := st.m.opts.MaxVisitors; most >= 0 && !st.m.visitors.admit(most, now) {
		st.emit(event.Event{Kind: event.Limit, Reason: "too many new visitors"})
		return ErrTooManyVisitors
	}
	return nil
}

// put creates a record in place of another, or of none, and makes it the request's session.
func (st *state) put(record store.Record, t ticket, replaces store.ID) error {
	if err := st.m.store.Create(st.context(), &record, replaces); err != nil {
		return err
	}
	record.Version++
	st.adopt(&record)
	st.ticket = &t
	st.changes, st.until, st.cookie, st.ended = nil, time.Time{}, cookieSet, store.ID{}
	if record.User != "" && !st.bearer {
		st.m.store.Given(st.browser(), record.ID, record.User)
	}
	return nil
}

// newRecord returns the record of a session of the user that begins at the time now.
func (m *Manager) newRecord(r *http.Request, t ticket, user string, now time.Time, remember bool) store.Record {
	idle, lifetime := m.opts.lifetimes(remember)
	return store.Record{
		ID:          t.id,
		User:        user,
		Secret:      t.hash(),
		CreatedAt:   m.beginning(user, now),
		LastSeen:    now,
		ExpiresAt:   now.Add(lifetime),
		IdleTimeout: idle,
		Remember:    remember,
		Device: store.Device{
			Address:   event.ClientAddress(r, m.opts.TrustedProxies),
			UserAgent: clip(r.UserAgent(), maxUserAgent),
			Label:     m.label(r),
		},
	}
}

// beginning returns when a session of the user that begins now is to have begun. It is now, unless a cut-off of this
// moment would end the session at once, or one of later, as when the clock was set back since. Records keep
// microseconds.
func (m *Manager) beginning(user string, now time.Time) time.Time {
	now = now.Truncate(time.Microsecond)
	if cutoff := m.store.Cutoff(user); !now.After(cutoff) {
		return cutoff.Add(time.Microsecond)
	}
	return now
}

// label returns the application's name for the browser, if it has one.
func (m *Manager) label(r *http.Request) string {
	if m.opts.DeviceLabel == nil {
		return ""
	}
	return clip(m.opts.DeviceLabel(r), maxUserAgent)
}

// maxUserAgent is the longest User-Agent that is kept, in bytes; browsers send about 110.
const maxUserAgent = 512

func clip(s string, n int) string { return s[:min(len(s), n)] }
