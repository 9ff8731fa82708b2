package sqlstore

import (
	"database/sql"
	"errors"
	"slices"
	"time"

	"coatcheck.dev/store"
)

// create adds a record. Whatever can be refused is found out before anything changes, because the transaction goes on
// with the changes of others.
func (t *txn) create(v *values, replaces store.ID) error {
	var replaced string
	if !replaces.IsZero() {
		version, owner, err := t.look(replaces)
		if err != nil {
			return err
		}
		if version != v.version {
			return store.ErrConflict
		}
		replaced = owner
	}
	n, err := t.exec(liteInsert, v.id[:], v.version+1, v.owner, v.created, v.seen, v.expires, v.idle, v.body)
	if err != nil {
		return err
	}
	if n == 0 {
		return store.ErrExists
	}
	if !replaces.IsZero() {
		if _, err := t.exec(liteDelete, replaces[:]); err != nil {
			return err
		}
		t.tell(store.Notice{Kind: store.Replaced, ID: replaces, User: replaced, By: v.id})
	}
	t.tell(store.Notice{Kind: store.Created, ID: v.id, User: v.owner, Version: uint64(v.version) + 1})
	return nil
}

// look returns what there is of a record without reading it, or ErrNotFound.
func (t *txn) look(id store.ID) (version int64, owner string, err error) {
	stmt, err := t.prepare(liteLook)
	if err == nil {
		err = stmt.QueryRowContext(uncancelled, id[:]).Scan(&version, &owner)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrNotFound
	}
	return version, owner, err
}

func (t *txn) save(v *values) error {
	n, err := t.exec(liteSave, v.seen, v.expires, v.idle, v.body, v.id[:], v.version)
	if err != nil {
		return err
	}
	if n == 0 {
		if _, _, err := t.look(v.id); err != nil {
			return err
		}
		return store.ErrConflict
	}
	t.tell(store.Notice{Kind: store.Saved, ID: v.id, User: v.owner, Version: uint64(v.version) + 1})
	return nil
}

func (t *txn) touch(seen []store.Seen) error {
	for _, s := range seen {
		at := s.At.UnixMicro()
		if _, err := t.exec(liteTouch, at, s.ID[:], at); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a record, if it is there.
func (t *txn) remove(id store.ID, why store.NoticeKind) (found bool, err error) {
	_, owner, err := t.look(id)
	if errors.Is(err, store.ErrNotFound) {
		if why == store.Deleted {
			t.tell(store.Notice{Kind: why, ID: id})
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := t.exec(liteDelete, id[:]); err != nil {
		return false, err
	}
	t.tell(store.Notice{Kind: why, ID: id, User: owner})
	return true, nil
}

func (t *txn) removeUser(user string, keep []store.ID) ([]store.ID, error) {
	owned, err := t.ids(liteOwned, user)
	if err != nil {
		return nil, err
	}
	var removed []store.ID
	for _, id := range owned {
		if slices.Contains(keep, id) {
			continue
		}
		if _, err := t.exec(liteDelete, id[:]); err != nil {
			return nil, err
		}
		t.tell(store.Notice{Kind: store.Deleted, ID: id, User: user})
		removed = append(removed, id)
	}
	t.tell(store.Notice{Kind: store.UserDeleted, User: user})
	return removed, nil
}

func (t *txn) sweep(now time.Time, limit int) (int, error) {
	over, err := t.ids(liteDue, now.UnixMicro(), limit)
	if err != nil {
		return 0, err
	}
	for _, id := range over {
		if _, err := t.remove(id, store.Swept); err != nil {
			return 0, err
		}
	}
	return len(over), nil
}

func (t *txn) setCutoff(user string, at time.Time) error {
	if _, err := t.exec(liteSetNotBefore, user, at.UnixMicro()); err != nil {
		return err
	}
	if _, err := t.exec(liteOldNotBefore, at.Add(-store.MaxLifetime).UnixMicro()); err != nil {
		return err
	}
	t.tell(store.Notice{Kind: store.Cutoff, User: user, At: at})
	return nil
}
