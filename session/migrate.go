package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A Migration reads the sessions that another library has left behind; package migrate has those of scs and
// gorilla/sessions. Its methods may be called from any number of goroutines.
//
// A session moves in at the first request that shows the old cookie and no ticket. The old cookie then counts as the
// first ticket of a session here, and its successor is offered in the same way as in any rotation: requests in
// parallel and lost responses all end up in one session, and a copy of the old cookie that is shown after the browser
// has moved on is a theft ([Options].Theft). An old session moves in once: after the new one has ended, by sign-out
// or otherwise, the old cookie is worthless. A mark in the store remembers that, in a record of its own, for as long
// as the old cookie could be used.
type Migration interface {
	// Cookie returns the old library's cookie with the name, path and domain that it was set with, by which browsers
	// are told to forget it.
	Cookie() *cookie.Cookie

	// Check reports whether the value can be one of the old library's at all, by its form, signature and age, without
	// asking a store. The session that a value names must depend on each of its bytes: two texts for one session
	// would move in twice.
	Check(value string) bool

	// Load returns the old session that a value names, after Check, and nil if there is none or it has ended. An
	// error means that nobody can tell, and the request is answered as Options.OnFailure says; but one that wraps
	// store.ErrDamaged, for a session that cannot be read, counts as none: it is reported, and left as it is.
	Load(ctx context.Context, value string) (*OldSession, error)

	// Remove deletes what the old store has of the session, now that it has moved in.
	Remove(ctx context.Context, value string) error
}

// OldSession is what another library knew of a session. How and when the user signed in is not part of it, so that
// [Manager.RequireRecent] and [Manager.RequireLevel] ask for a new proof.
type OldSession struct {
	User     string    // who is signed in, "" if nobody is
	Began    time.Time // when it began at the latest: a later cut-off refuses it, and any refuses the zero time
	Expires  time.Time // the absolute end, which is kept if it is before ours; zero means none
	Remember bool      // the new session is as with the option Remember of a sign-in

	// Values sets the session's values, with keys; it must not do anything else with the session. What it cannot set is
	// left out and its error is reported. Nil means that there are none.
	Values func(*Session) error
}

// markMargin is how long a mark outlives the old cookie, because clocks differ.
const markMargin = time.Hour

// moveIn continues the session of the old cookie, if the request has one. It returns an error only if nobody can tell.
func (s *Session) moveIn() error {
	from := s.m.opts.Migrate
	if from == nil || s.bearer {
		return nil
	}
	name := from.Cookie().Name
	value, n := cookie.Lookup(s.request.Header["Cookie"], name)
	switch {
	case n == 0:
		return nil
	case n > 1:
		s.emit(event.Event{Kind: event.Duplicate, Count: n, Reason: "old cookie"})
		return nil
	case len(name)+len(value) > cookie.MaxNameValue || !from.Check(value):
		return nil
	case s.CookieProblem() != nil:
		return nil // its place is where the browser keeps it
	}
	s.passive = s.m.opts.Passive != nil && s.m.opts.Passive(s.request)
	now := s.m.store.Now()
	err := s.m.store.LoadCutoffs(s.context())
	if err == nil {
		err = s.follow(oldTicket{name, value}, now)
	}
	if err != nil {
		return s.guess(new(credential), err, now)
	}
	return nil
}

// follow finds the session that the old one has become. If there is none yet it makes one, unless another request
// does first.
func (s *Session) follow(old oldTicket, now time.Time) error {
	there, err := s.arrive(old, now)
	if there || err != nil {
		return err
	}
	done, err := s.take(old, now)
	if done || err != nil {
		return err
	}
	_, err = s.arrive(old, now)
	return err
}

// arrive lets the request into the session that the old one has become, and reports whether it has become one.
func (s *Session) arrive(old oldTicket, now time.Time) (there bool, err error) {
	mark, err := s.m.store.Load(s.context(), old.mark())
	if mark == nil || err != nil {
		return false, err
	}
	id, ok := markedID(mark)
	if !ok {
		return true, nil
	}
	record, err := s.m.store.Load(s.context(), id)
	if err != nil {
		return true, err
	}
	c := old.ticket(id, s.m.opts.Realm).credential()
	return true, s.enter(record, &c, now)
}

// take makes a session out of the old one. It is not done if another request may have been first: that one has made
// the mark, and then removed the old record.
//
// The mark decides: whoever creates it has moved the session. The session is created before, so that there never is a
// mark that points to nothing because a program stopped between the two; what can be left is a session that nobody
// has a ticket for, and its idle timeout ends it.
func (s *Session) take(old oldTicket, now time.Time) (done bool, err error) {
	found, err := s.loadOld(old.value)
	if found == nil || err != nil {
		return false, err
	}
	if !s.admits(found, now) {
		return true, nil
	}
	t := old.ticket(store.NewID(), s.m.opts.Realm)
	record := s.convert(found, t, now)
	if record.User == "" && record.Data.Len() == 0 {
		return true, nil // a visitor who stored nothing costs nothing
	}
	if err := s.m.store.Create(s.context(), &record, store.ID{}); err != nil {
		return false, err
	}
	mark := old.markFor(&record, found.Expires, now)
	err = s.m.store.Create(s.context(), &mark, store.ID{})
	switch {
	case errors.Is(err, store.ErrExists):
		_, _ = s.m.store.Delete(s.context(), record.ID) // nobody has its ticket; a failure is reported
		return false, nil
	case err != nil: // the mark may be there all the same, and then the next request needs the session
		return false, err
	}
	record.Version++
	s.emit(event.Event{Kind: event.Migrated, Handle: record.ID, User: record.User})
	s.removeOld(old.value)
	if record.User != "" {
		// A store that fails now is reported, and the next sign-in trims.
		_ = s.m.trim(s.context(), &record)
	}
	c := t.credential()
	return true, s.enter(&record, &c, now)
}

// admits reports whether an old session is to move in.
func (s *Session) admits(found *OldSession, now time.Time) bool {
	if found.User != "" {
		if err := CheckUser(found.User); err != nil {
			s.emit(event.Event{Kind: event.StoreError, Err: fmt.Errorf("move old session in: %w", err)})
			return false
		}
	}
	cutoff := s.m.store.Cutoff(found.User)
	switch {
	case !found.Expires.IsZero() && !now.Before(found.Expires):
		s.emit(event.Event{Kind: event.UsedExpired, User: found.User, Reason: "old cookie"})
		return false
	case !cutoff.IsZero() && !found.Began.After(cutoff):
		s.emit(event.Event{Kind: event.UsedExpired, User: found.User, Reason: "old cookie, cut-off"})
		return false
	}
	return true
}

// convert returns the record that an old session becomes. Its successor is pending from the start: only that reaches
// the browser.
func (s *Session) convert(found *OldSession, t ticket, now time.Time) store.Record {
	record := s.m.newRecord(s.request, t, found.User, now, found.Remember)
	if !found.Began.IsZero() && found.Began.Before(now) {
		record.CreatedAt = found.Began
	}
	if !found.Expires.IsZero() && found.Expires.Before(record.ExpiresAt) {
		record.ExpiresAt = found.Expires
	}
	record = rotating(&record, t, now)
	if found.Values == nil {
		return record
	}
	st := s.newState() // for the keys
	st.adopt(&record)
	if err := found.Values(s); err != nil {
		s.emit(event.Event{Kind: event.KeyUnreadable, Err: fmt.Errorf("session: move values in: %w", err)})
	}
	record.Data = st.view
	s.known.Store(nil)
	return record
}

// loadOld asks the old store, which has calls of its own.
func (s *Session) loadOld(value string) (found *OldSession, err error) {
	err = s.m.old.Do(s.context(), time.Now(), func(ctx context.Context) error {
		found, err = s.m.opts.Migrate.Load(ctx, value)
		return err
	})
	if err == nil {
		return found, nil
	}
	err = s.m.store.Report("load old session", store.ID{}, err)
	if errors.Is(err, store.ErrDamaged) {
		return nil, nil
	}
	return nil, err
}

// removeOld tidies up in the old store. If that fails nothing is at risk, for the mark is there; it is reported.
func (s *Session) removeOld(value string) {
	err := s.m.old.Do(s.context(), time.Now(), func(ctx context.Context) error {
		return s.m.opts.Migrate.Remove(ctx, value)
	})
	if err != nil {
		_ = s.m.store.Report("remove old session", store.ID{}, err)
	}
}

// dropOldCookie takes the old cookie away, with every response that changes the ticket: a browser that is left with
// both would be back in the old session when it signs out of the new one.
func (st *state) dropOldCookie(header http.Header) {
	if st.m.opts.Migrate == nil || st.bearer {
		return
	}
	old := st.m.opts.Migrate.Cookie()
	if _, n := cookie.Lookup(st.request.Header["Cookie"], old.Name); n > 0 {
		st.setCookie(header, old.Deletion())
	}
}

// An oldTicket is an old cookie as a request shows it. Everything else follows from it, so that every node comes to the
// same, and no store can: neither the mark nor the session tells the cookie.
type oldTicket struct{ name, value string }

func (o oldTicket) derive(purpose string, id []byte) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, []byte(o.value))
	mac.Write([]byte("coatcheck moving in\x00" + purpose + "\x00" + o.name + "\x00"))
	mac.Write(id)
	mac.Sum(sum[:0])
	return sum
}

// mark returns the ID of the record that remembers that the session has moved in.
func (o oldTicket) mark() (id store.ID) {
	sum := o.derive("mark", nil)
	copy(id[:], sum[:])
	return id
}

// ticket returns what the old cookie is to the session of an ID.
func (o oldTicket) ticket(id store.ID, realm string) ticket {
	t := ticket{id: id, realm: realm}
	sum := o.derive("secret", id[:])
	copy(t.secret[:], sum[:])
	return t
}

// markKey is where a mark has the handle of the session.
const markKey = "moved-in-as"

// markFor returns a mark that points to a session. Nobody has a secret for it, so no ticket finds it.
func (o oldTicket) markFor(r *store.Record, expires, now time.Time) store.Record {
	if expires.IsZero() {
		expires = now.Add(cookie.MaxLifetime)
	}
	t := newTicket(o.mark(), "")
	text, _ := json.Marshal(r.ID) // an ID always has a text
	return store.Record{
		ID: t.id, Secret: t.hash(), CreatedAt: now, LastSeen: now, ExpiresAt: expires.Add(markMargin),
		Data: store.Data{}.With(store.Change{Key: markKey, Value: store.Value{JSON: string(text)}}),
	}
}

func markedID(mark *store.Record) (id store.ID, ok bool) {
	value, _ := mark.Data.Get(markKey)
	err := json.Unmarshal([]byte(value.JSON), &id)
	return id, err == nil && !id.IsZero()
}
