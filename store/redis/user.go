package redisstore

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// entryPage is how many entries of a user are read at a time.
const entryPage = 500

// entries returns entries of a user from one downward, newest first, and the time of the server when it looked.
func (s *Store) entries(ctx context.Context, user, from string, limit int) (page []string, now int64, err error) {
	reply, err := texts(s.run(ctx, entriesScript, []string{s.userKey(user)}, from, limit))
	if err != nil {
		return nil, 0, err
	}
	if len(reply) == 0 {
		return nil, 0, errReply
	}
	now, err = strconv.ParseInt(reply[0], 10, 64)
	return reply[1:], now, err
}

// allEntries calls f with the entries of a user, a page at a time.
func (s *Store) allEntries(ctx context.Context, user string, f func(page []string, now int64) error) error {
	for from := "+"; ; {
		page, now, err := s.entries(ctx, user, from, entryPage)
		if err != nil {
			return err
		}
		full := len(page) == entryPage
		if full {
			from = "(" + page[len(page)-1]
		}
		if err := f(page, now); err != nil || !full {
			return err
		}
	}
}

// orphaned reports whether an entry was so old when it was read that its record, if it is missing after that, will not come.
func orphaned(entry string, now int64) bool {
	if len(entry) != entryLen {
		return true
	}
	var added moment
	copy(added[:], entry[placeLen:])
	return now-added.seconds() > int64(orphanAge/time.Second)
}

// strike removes entries from a user's index. If that fails, the next who reads them does it.
func (s *Store) strike(ctx context.Context, user string, entries []string) {
	key := s.userKey(user)
	for some := range slices.Chunk(entries, entryPage) {
		command := []any{"ZREM", key}
		for _, entry := range some {
			command = append(command, entry)
		}
		_, _ = s.door(ctx, key, command...)
	}
}

const (
	gateClosed = 10 * time.Second  // without another page of entries, in case the program ends meanwhile
	gateKept   = 120 * time.Second // longer than any creation takes
)

// DeleteUser implements [store.Store]. It takes one step for each record. What was there when it began is gone when it
// returns: while it runs, no new record of the user comes in, and what was coming in finds that out.
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if err := ctx.Err(); err != nil {
		return nil, explain(ctx, "delete a user's sessions", err)
	}
	if user == "" {
		return nil, nil
	}
	d := &userDeletion{Store: s, user: user, keep: make(map[store.ID]bool, len(keep)), began: time.Now()}
	for _, id := range keep {
		d.keep[id] = true
	}
	err := inSteps(ctx, d.run)
	if err != nil {
		s.outbox.add(revoke{user: user}, d.again)
		return nil, explain(ctx, "delete a user's sessions", err)
	}
	return d.removed, nil
}

// A userDeletion is one run of DeleteUser.
type userDeletion struct {
	*Store
	user  string
	keep  map[store.ID]bool
	began time.Time
	late  bool // it is repeated in the background, and must spare who has signed in since

	mu      sync.Mutex
	removed []store.ID
	gone    []string // entries
}

func (d *userDeletion) again(ctx context.Context) error {
	repeated := &userDeletion{Store: d.Store, user: d.user, keep: d.keep, began: d.began, late: true}
	return repeated.run(ctx)
}

func (d *userDeletion) run(ctx context.Context) error {
	for {
		name := rand.Text()
		err := d.closeGate(ctx, name)
		isFull := diagnose(err) == full // then nothing comes in either, and signing out must still be possible
		if err != nil && !isFull {
			return err
		}
		err = d.endAll(ctx)
		held := true
		if !isFull {
			var openErr error
			if held, openErr = d.openGate(ctx, name); err == nil {
				err = openErr
			}
		}
		if err != nil || held {
			d.strike(ctx, d.user, d.gone)
			return err
		}
		// The gate fell open in between: somebody may have slipped through.
	}
}

func (d *userDeletion) endAll(ctx context.Context) error {
	key := d.gateKey(d.user)
	return d.allEntries(ctx, d.user, func(page []string, _ int64) error {
		if _, err := d.door(ctx, key, "PEXPIRE", key, gateClosed.Milliseconds()); err != nil {
			return err
		}
		return each(len(page), func(i int) error { return d.end(ctx, page[i]) })
	})
}

// openGate reports whether the gate was closed to the end.
func (d *userDeletion) openGate(ctx context.Context, name string) (held bool, err error) {
	n, err := integer(d.gate(ctx, openScript, "c"+name, "o"+name, gateKept.Milliseconds()))
	if diagnose(err) == full {
		return true, nil // it opens by itself
	}
	return n == 1, err
}

func (d *userDeletion) gate(ctx context.Context, sc *script, args ...any) (any, error) {
	return d.Store.run(ctx, sc, []string{d.gateKey(d.user)}, args...)
}

// closeGate waits until no other deletion of the user's records runs.
func (d *userDeletion) closeGate(ctx context.Context, name string) error {
	for pause := time.Millisecond; ; pause = min(2*pause, passingPause) {
		closed, err := integer(d.gate(ctx, closeScript, "c"+name, gateClosed.Milliseconds()))
		if err != nil || closed == 1 {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errGate
		}
	}
}

// end deletes the record of an entry.
func (d *userDeletion) end(ctx context.Context, entry string) error {
	id, ok := idOf(entry)
	if !ok || d.keep[id] || d.late && entry[:8] > octets(order(d.began.UnixMicro())) {
		return nil
	}
	_, found, err := d.removeRecord(ctx, id, "", store.Notice{Kind: store.Deleted, ID: id, User: d.user})
	if err != nil || !found {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone = append(d.gone, entry)
	d.removed = append(d.removed, id)
	return nil
}
