package history

import (
	"context"
	"database/sql"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/network"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// write adds entries in one transaction. A file that turns out to be damaged is set aside, and a new one takes them.
func (p *place) write(ctx context.Context, batch []Entry) error {
	err := p.insert(ctx, batch)
	if p.path != "" && damaged(err) {
		if err := p.renew(ctx, err); err != nil {
			return err
		}
		err = p.insert(ctx, batch)
	}
	return err
}

func (p *place) insert(ctx context.Context, batch []Entry) error {
	tx, err := p.db.Load().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	add, err := tx.PrepareContext(ctx, p.dialect.rebind(
		"INSERT INTO coatcheck_history ("+columns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
	if err != nil {
		return err
	}
	defer add.Close()
	for i := range batch {
		e := &batch[i]
		if e.Kind == Kind(event.Revoked) && e.User == "" && !e.Handle.IsZero() {
			if e.User, err = p.userOf(ctx, tx, e.Handle); err != nil {
				return err
			}
		}
		if _, err := add.ExecContext(ctx, e.fields()...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// userOf returns whose session a handle was. Whoever ends a session by its handle need not know.
func (p *place) userOf(ctx context.Context, tx *sql.Tx, handle store.ID) (string, error) {
	var user []byte
	const last = "SELECT who FROM coatcheck_history WHERE handle = ? ORDER BY happened DESC LIMIT 1"
	err := tx.QueryRowContext(ctx, p.dialect.rebind(last), bytesOf(handle)).Scan(&user)
	if err == sql.ErrNoRows {
		err = nil
	}
	return string(user), err
}

func (e *Entry) fields() []any {
	return []any{
		e.At.UnixMicro(), []byte(e.Kind), bytesOf(e.Handle), bytesOf(e.Was), bytesIn(e.User), bytesIn(e.Address),
		network.Key(e.Address), bytesIn(e.Actor), bytesIn(e.Reason), bytesIn(e.Detail),
	}
}

// bytesIn is a text as it is kept: never nil, which would be NULL.
func bytesIn(s string) []byte { return append([]byte{}, clip(s)...) }

func bytesOf(id store.ID) []byte {
	if id.IsZero() {
		return []byte{}
	}
	return id[:]
}

// selectEntries reads entries that a condition holds for.
func (p *place) selectEntries(ctx context.Context, where string, args ...any) (found []Entry, err error) {
	rows, err := p.db.Load().QueryContext(ctx,
		p.dialect.rebind("SELECT seq, "+columns+" FROM coatcheck_history "+where), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var micros int64
		var kind, handle, was, user, address, ip, actor, reason, detail []byte
		err := rows.Scan(&e.seq, &micros, &kind, &handle, &was, &user, &address, &ip, &actor, &reason, &detail)
		if err != nil {
			return nil, err
		}
		copy(e.Handle[:], handle)
		copy(e.Was[:], was)
		e.At, e.Kind, e.User, e.Address = time.UnixMicro(micros).UTC(), Kind(kind), string(user), string(address)
		e.Actor, e.Reason, e.Detail = string(actor), string(reason), string(detail)
		found = append(found, e)
	}
	return found, rows.Err()
}

// sweep removes at most limit entries that are older than oldest or, if there are more entries than most, the first
// ones. It returns how many.
func (p *place) sweep(ctx context.Context, oldest time.Time, most int64, limit int) (int, error) {
	n, err := p.delete(ctx, "happened < ? ORDER BY happened LIMIT ?", oldest.UnixMicro(), limit)
	if err != nil || n > 0 {
		return n, err
	}
	var first, last sql.NullInt64
	err = p.db.Load().QueryRowContext(ctx, "SELECT min(seq), max(seq) FROM coatcheck_history").Scan(&first, &last)
	if err != nil || last.Int64-first.Int64 < most {
		return 0, err
	}
	return p.delete(ctx, "seq <= ? ORDER BY seq LIMIT ?", last.Int64-most, limit)
}

// delete removes the entries that a condition holds for. The inner table has a name of its own for MySQL.
func (p *place) delete(ctx context.Context, where string, args ...any) (int, error) {
	done, err := p.db.Load().ExecContext(ctx, p.dialect.rebind("DELETE FROM coatcheck_history WHERE seq IN "+
		"(SELECT seq FROM (SELECT seq FROM coatcheck_history WHERE "+where+") AS chosen)"), args...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}
