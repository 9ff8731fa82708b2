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

// entryPage is how many entries of a user are read or removed at a time.
const entryPage = 500

// A pageFunc looks at entries of a user, newest first, which were read at the server's time now, in seconds.
type pageFunc func(page []string, now int64) (more bool, err error)

// eachPage calls f with the entries of a user from one downward, size at a time, until it wants no more.
func (s *Store) eachPage(ctx context.Context, user, from string, size int, f pageFunc) error {
	for {
		reply, err := texts(s.run(ctx, entriesScript, []string{s.userKey(user)}, from, size))
		if err == nil && len(reply) == 0 {
			err = errReply
		}
		if err != nil {
			return err
		}
		now, err := strconv.ParseInt(reply[0], 10, 64)
		if err != nil {
			return err
		}
		page := reply[1:]
		full := len(page) == size
		if full {
			from = "(" + page[size-1]
		}
		if more, err := f(page, now); err != nil || !more || !full {
			return err
		}
	}
}

// orphaned reports whether an entry was so old at the time now that its record, if it is still missing, will not come.
func orphaned(entry string, now int64) bool {
	if len(entry) != entryLen {
		return true
	}
	var added serverTime
	copy(added[:], entry[placeLen:])
	return now-added.seconds() > int64(orphanAge/time.Second)
}

// dropEntries removes entries from a user's index. If that fails, the next reader does it.
func (s *Store) dropEntries(ctx context.Context, user string, entries []string) {
	key := s.userKey(user)
	for some := range slices.Chunk(entries, entryPage) {
		_, _ = s.doer(ctx, key, command([]any{"ZREM"}, append([]string{key}, some...))...)
	}
}

const (
	gateClosed = 10 * time.Second  // without another page of entries, in case the program ends meanwhile
	gateKept   = 120 * time.Second // longer than any creation takes
)

// DeleteUser implements [store.Store]. It takes one step for each record. Every record from before the call is gone
// when it returns: while it runs, no new record of the user is accepted, and one that was under way finds out.
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if user == "" {
		return nil, nil
	}
	kept := make(map[store.ID]bool, len(keep))
	for _, id := range keep {
		kept[id] = true
	}
	began := s.feed.Clock().Time(time.Now()) // records are dated by it on all nodes
	var first *userDeletion
	err := s.revoke(ctx, revocation{user: user}, func(ctx context.Context) error {
		d := &userDeletion{Store: s, user: user, keep: kept, began: began, repeated: first != nil}
		if first == nil {
			first = d
		}
		return inSteps(ctx, d.run)
	})
	if err != nil {
		return nil, explain(ctx, "delete a user's sessions", err)
	}
	return first.removed, nil
}

// A userDeletion is one run of DeleteUser.
type userDeletion struct {
	*Store
	user     string
	keep     map[store.ID]bool
	began    time.Time
	repeated bool // in the background: it must spare sessions from after the call

	mu      sync.Mutex
	removed []store.ID
	gone    []string // entries
}

func (d *userDeletion) run(ctx context.Context) error {
	for {
		name := rand.Text()
		err := d.closeGate(ctx, name)
		isFull := diagnose(err) == full // then no session can begin either, and signing out must still be possible
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
		} else if err == nil {
			err = d.tell(ctx)
		}
		if err != nil || held {
			d.dropEntries(ctx, d.user, d.gone)
			return err
		}
		// The gate fell open in between: a session may have begun.
	}
}

// tell tells of the user without opening a gate.
func (d *userDeletion) tell(ctx context.Context) error {
	_, err := d.beat(ctx, d.gateKey(d.user), d.channel(), d.message())
	return err
}

func (d *userDeletion) message() string {
	return message(store.Notice{Kind: store.UserDeleted, User: d.user})
}

func (d *userDeletion) endAll(ctx context.Context) error {
	key := d.gateKey(d.user)
	return d.eachPage(ctx, d.user, "+", entryPage, func(page []string, _ int64) (more bool, err error) {
		if _, err := d.do(ctx, key, "PEXPIRE", key, gateClosed.Milliseconds()); err != nil {
			return false, err
		}
		return true, parallel(len(page), func(i int) error { return d.end(ctx, page[i]) })
	})
}

// closeGate waits until no other deletion of the user's records runs.
func (d *userDeletion) closeGate(ctx context.Context, name string) error {
	return awaitGate(ctx, func() (closed bool, err error) {
		n, err := integer(d.gate(ctx, closeScript, "c"+name, gateClosed.Milliseconds()))
		return n == 1, err
	})
}

// openGate reports whether the gate was closed to the end. If so it tells of the user, whether or not there was a
// record.
func (d *userDeletion) openGate(ctx context.Context, name string) (held bool, err error) {
	n, err := integer(d.gate(ctx, openScript, "c"+name, "o"+name, gateKept.Milliseconds(),
		d.channel(), d.message()))
	if diagnose(err) == full {
		return true, d.tell(ctx) // it opens by itself
	}
	return n == 1, err
}

func (d *userDeletion) gate(ctx context.Context, sc *script, args ...any) (any, error) {
	return d.Store.run(ctx, sc, []string{d.gateKey(d.user)}, args...)
}

// end deletes the record of an entry.
func (d *userDeletion) end(ctx context.Context, entry string) error {
	id, ok := idOf(entry)
	if !ok || d.keep[id] || d.repeated && entry[:8] > octets(order(d.began.UnixMicro())) {
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
