package history

import (
	"context"
	"errors"
	"slices"
	"strconv"
)

var errErase = errors.New("the history of nobody cannot be erased: name a user")

// Erase removes all entries of a user, and those of the visitor that the user was before signing in. It returns how
// many there were. One entry stays that says who has done this, as by does, and how many they were, without the name.
func (h *History) Erase(ctx context.Context, user string, by Entry) (int, error) {
	if user == "" {
		return 0, errErase
	}
	if h == nil {
		return 0, nil
	}
	h.Flush(ctx)
	n := h.drop(user)
	erased, err := h.place.erase(ctx, user)
	if err != nil {
		return n, err
	}
	n += erased
	h.Note(Entry{
		At: by.At, Kind: Erased, Address: by.Address, Actor: by.Actor, Reason: by.Reason, Detail: strconv.Itoa(n),
	})
	h.Flush(ctx)
	return n, nil
}

// drop removes a user's entries from those that still wait because they could not be written.
func (h *History) drop(user string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.waiting)
	h.waiting = slices.DeleteFunc(h.waiting, func(e Entry) bool { return e.User == user })
	return before - len(h.waiting)
}

// erase removes a user's entries from the database, and from the pages and the log that they stood in.
func (p *place) erase(ctx context.Context, user string) (n int, err error) {
	for _, step := range []struct {
		where string
		args  []any
	}{
		{"who = ? AND handle IN (SELECT was FROM coatcheck_history WHERE who = ? AND was <> ?)",
			[]any{[]byte{}, []byte(user), []byte{}}},
		{"who = ?", []any{[]byte(user)}},
	} {
		m, err := p.delete(ctx, step.where, step.args...)
		if err != nil {
			return n, err
		}
		n += m
	}
	if p.path == "" {
		return n, nil
	}
	_, err = p.db.Load().ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return n, err
}
