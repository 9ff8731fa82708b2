package redisstore

import (
	"context"
	"errors"
	"time"

	"coatcheck.dev/store"
)

const (
	createLimit = 30 * time.Second // between the entry in the user's index and the record
	orphanAge   = 60 * time.Second // of an entry without a record, from which no creation can be under way any more
	stepsLimit  = 10 * time.Second // for a change of several steps, however soon its caller leaves
	stepsGrace  = time.Second      // for the steps that are left when the caller leaves
)

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if err := ctx.Err(); err != nil {
		return explain(ctx, "create a session", err)
	}
	if replaces.IsZero() {
		_, err := s.createRecord(ctx, &r, told, store.Notice{Kind: store.Created, ID: r.ID, User: r.User})
		return explain(ctx, "create a session", err)
	}
	r.Auth = append([]store.Auth(nil), r.Auth...) // the caller may leave before the steps are done
	err := inSteps(ctx, func(ctx context.Context) error { return s.replace(ctx, &r, replaces) })
	return explain(ctx, "replace a session", err)
}

// createRecord adds a record, first to the index of its user, so that nobody who lists or ends all of them misses it.
func (s *Store) createRecord(ctx context.Context, r *store.Record, state byte, n store.Notice) (gate string, err error) {
	var added moment
	var latest any = ""
	if r.User != "" {
		if added, gate, err = s.addEntry(ctx, r); err != nil {
			return "", err
		}
		latest = added.seconds() + int64(createLimit/time.Second)
	}
	var told string
	if n.Kind != 0 {
		told = message(n)
	}
	stored, place := newValue(r, state, added)
	shard := shardOf(r.ID)
	keys := []string{s.RecordKey(r.ID), s.shardKey(shard, "all"), s.shardKey(shard, "ends")}
	code, err := integer(s.write(ctx, s.shardKey(shard, "n"), createScript, keys,
		stored, life(r, time.Now()), place, r.Ends().UnixMicro(), s.channel(), told, latest))
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

// addEntry returns the moment of the entry, and what the gate of the user said.
func (s *Store) addEntry(ctx context.Context, r *store.Record) (added moment, gate string, err error) {
	keys := []string{s.userKey(r.User), s.gateKey(r.User)}
	for pause := time.Millisecond; ; pause = min(2*pause, passingPause) {
		reply, err := texts(s.run(ctx, addScript, keys, placeOf(order(r.CreatedAt.UnixMicro()), r.ID)))
		if err != nil {
			return added, "", err
		}
		if len(reply) == 2 && len(reply[0]) == len(added) {
			copy(added[:], reply[0])
			return added, reply[1], nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return added, "", errors.Join(errGate, ctx.Err())
		}
	}
}

// replace puts a record in the place of another. The two may lie on different nodes, so it takes steps: the new record is
// created, untold; the old one is deleted if it is what the new one was made from; the new one is told. Where a step
// refuses, the new record goes again before anybody has heard of it.
func (s *Store) replace(ctx context.Context, r *store.Record, replaces store.ID) error {
	for {
		gate, err := s.createRecord(ctx, r, untold, store.Notice{})
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
		err = s.giveWay(ctx, r, replaces)
		if err == nil || errors.Is(err, errUnconfirmed) {
			s.tellReplaced(ctx, r, replaces)
		}
		return err
	}
}

// tellReplaced tells of the new record. If that fails, only those who list sessions as they come miss one: nobody can have
// asked for its ID before.
func (s *Store) tellReplaced(ctx context.Context, r *store.Record, replaces store.ID) {
	n := message(store.Notice{Kind: store.Created, ID: r.ID, User: r.User, By: replaces})
	_ = patientlyUnknown(ctx, func() error {
		_, err := s.run(ctx, tellScript, []string{s.RecordKey(r.ID)}, s.channel(), n)
		return err
	})
}

// giveWay deletes the old record, or the new one if the old one is not what it was. If there is no telling, both
// stay, which is one too many, and their user can see and end it.
func (s *Store) giveWay(ctx context.Context, r *store.Record, replaces store.ID) error {
	n := store.Notice{Kind: store.Replaced, ID: replaces, By: r.ID}
	var found bool
	err := patientlyUnknown(ctx, func() (err error) {
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

// patientlyUnknown repeats once what failed in an unknown way: the connection may have broken with the answer on it.
func patientlyUnknown(ctx context.Context, f func() error) error {
	err := f()
	if err != nil && !errors.Is(err, errChanged) && !errors.Is(err, errUnconfirmed) && ctx.Err() == nil {
		err = f()
	}
	return err
}

// sameGate is errGate if DeleteUser has begun since the user's entry was added: it may have looked for the record before it
// was there.
func (s *Store) sameGate(ctx context.Context, user, gate string) error {
	if user == "" {
		return nil
	}
	now, err := text(s.run(ctx, gateScript, []string{s.gateKey(user)}))
	if err == nil && now != gate {
		err = errGate
	}
	return err
}

func (s *Store) undo(ctx context.Context, id store.ID) {
	_, _ = s.remove(ctx, id, "", store.Notice{Kind: store.Deleted, ID: id}) // untold, so it tells nobody
}

// inSteps makes a change of several steps. Its caller may leave, but the steps go on to the end, for half of them would
// be seen; and as they take but a moment, the caller stays for that.
func inSteps(ctx context.Context, f func(context.Context) error) error {
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
