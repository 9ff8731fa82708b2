package redisstore

import (
	"context"
	"errors"
	"time"

	"coatcheck.dev/store"
)

const (
	createLimit = 30 * time.Second // between the entry in the user's index and the record
	orphanAge   = 60 * time.Second // of an entry without a record, when no creation can be under way any more
	stepsLimit  = 10 * time.Second // for a change of several steps, however soon its caller leaves
	stepsGrace  = time.Second      // for the remaining steps after the caller has left
)

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if replaces.IsZero() {
		n := store.Notice{Kind: store.Created, ID: r.ID, User: r.User, Version: r.Version + 1}
		_, err := s.createRecord(ctx, &r, message(n))
		return explain(ctx, "create a session", err)
	}
	r.Auth = append([]store.Auth(nil), r.Auth...) // the caller may leave before the steps are done
	err := inSteps(ctx, func(ctx context.Context) error { return s.replace(ctx, &r, replaces) })
	return explain(ctx, "replace a session", err)
}

// createRecord adds a record, first to the index of its user, so that nobody who lists or ends the user's sessions
// misses it. Without a notice, the record is not announced yet.
func (s *Store) createRecord(ctx context.Context, r *store.Record, notice string) (gate string, err error) {
	var added serverTime
	var latest any = ""
	if r.User != "" {
		if added, gate, err = s.addEntry(ctx, r); err != nil {
			return "", err
		}
		latest = added.seconds() + int64(createLimit/time.Second)
	}
	state := byte(announced)
	if notice == "" {
		state = unannounced
	}
	stored, place := newValue(r, state, added)
	code, err := integer(s.write(ctx, createScript, s.recordKeys(r.ID),
		stored, life(r, time.Now()), place, r.Ends().UnixMicro(), s.channel(), notice, latest))
	switch {
	case err != nil:
		return "", err
	case code == 1:
		return gate, nil
	}
	s.unlist(ctx, r.ID, stored)
	if code == 2 {
		return "", errSlow
	}
	return "", store.ErrExists
}

// addEntry returns the time of the entry, and what the gate of the user said.
func (s *Store) addEntry(ctx context.Context, r *store.Record) (added serverTime, gate string, err error) {
	keys := []string{s.userKey(r.User), s.gateKey(r.User)}
	place := placeOf(order(r.CreatedAt.UnixMicro()), r.ID)
	err = awaitGate(ctx, func() (open bool, err error) {
		reply, err := texts(s.run(ctx, addScript, keys, place))
		if open = len(reply) == 2 && len(reply[0]) == len(added); open {
			copy(added[:], reply[0])
			gate = reply[1]
		}
		return open, err
	})
	return added, gate, err
}

// awaitGate repeats a try until it gets past a user's gate.
func awaitGate(ctx context.Context, try func() (passed bool, err error)) error {
	err := retry(ctx, func() (again bool, err error) {
		passed, err := try()
		return !passed && err == nil, err
	})
	if err != nil && ctx.Err() != nil {
		err = errors.Join(errGate, err)
	}
	return err
}

// replace puts a record in the place of another. The two may lie on different nodes, so it takes three steps: the new
// record is created in secret, the old one is deleted if it is what the new one was made from, and the new one is
// announced. If a step is refused, the new record is removed before anybody has heard of it.
func (s *Store) replace(ctx context.Context, r *store.Record, replaces store.ID) error {
	for {
		gate, err := s.createRecord(ctx, r, "")
		if err != nil {
			if !isOutcome(err) {
				s.undo(ctx, r.ID) // it may be there
			}
			return err
		}
		if err := s.sameGate(ctx, r.User, gate); err != nil {
			s.undo(ctx, r.ID)
			if errors.Is(err, errGate) {
				continue // a sign-out everywhere came between, and may have ended what is to be replaced
			}
			return err
		}
		err = s.removeReplaced(ctx, r, replaces)
		if err == nil || errors.Is(err, errUnconfirmed) {
			s.announce(ctx, r, replaces)
		}
		return err
	}
}

// announce tells of the new record. If that fails, only those who collect sessions from notices miss one: nobody can
// have asked for its ID before.
func (s *Store) announce(ctx context.Context, r *store.Record, replaces store.ID) {
	n := message(store.Notice{Kind: store.Created, ID: r.ID, User: r.User, By: replaces, Version: r.Version + 1})
	_ = repeatUnknown(ctx, func() error {
		_, err := s.run(ctx, announceScript, []string{s.RecordKey(r.ID)}, s.channel(), n)
		return err
	})
}

// removeReplaced deletes the old record, or the new one if the old one has changed. If there is no telling, both stay:
// that is one too many, and their user can see and end it.
func (s *Store) removeReplaced(ctx context.Context, r *store.Record, replaces store.ID) error {
	n := store.Notice{Kind: store.Replaced, ID: replaces, By: r.ID}
	var found bool
	err := repeatUnknown(ctx, func() (err error) {
		found, err = s.remove(ctx, replaces, octets(r.Version), n)
		return err
	})
	switch {
	case errors.Is(err, errChanged):
		err = store.ErrConflict
	case err != nil:
		return err
	case !found:
		err = store.ErrNotFound
	}
	if err != nil {
		s.undo(ctx, r.ID)
	}
	return err
}

// repeatUnknown repeats once what failed with an unknown result: the connection may have broken with the answer on it.
func repeatUnknown(ctx context.Context, f func() error) error {
	err := f()
	if err != nil && !errors.Is(err, errChanged) && !errors.Is(err, errUnconfirmed) && ctx.Err() == nil {
		err = f()
	}
	return err
}

// sameGate returns errGate if DeleteUser has begun after the user's entry was added: it may have looked for the record
// before that was there.
func (s *Store) sameGate(ctx context.Context, user, gate string) error {
	if user == "" {
		return nil
	}
	now, err := text(s.do(ctx, s.gateKey(user), "GETRANGE", s.gateKey(user), 0, -1))
	if err == nil && now != gate {
		err = errGate
	}
	return err
}

// undo removes a record that was not announced, so nobody is told.
func (s *Store) undo(ctx context.Context, id store.ID) {
	_, _ = s.remove(ctx, id, "", store.Notice{Kind: store.Deleted, ID: id})
}

// inSteps makes a change of several steps. If its caller leaves, the steps go on, because half of them would be seen.
// They take little time, so the caller stays for stepsGrace.
func inSteps(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepsLimit)
	done := make(chan error, 1)
	go func() {
		defer cancel()
		done <- f(whole)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
	case <-time.After(stepsGrace):
	}
	return ctx.Err()
}
