package index

import (
	"bytes"
	"context"
	"database/sql"
	"runtime"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/network"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A writer changes the rows. One goroutine has it.
type writer struct {
	x      *Index
	db     *sql.DB
	stmts  []*sql.Stmt
	unused []int64 // facets that no session has any more
	stride stride

	insertRow, updateRow, removeRow, findRow, insertFacet, removeFacet *sql.Stmt
}

const rowColumns = `id, handle, facet, created, seen, ends, expires, address, user`

func newWriter(ctx context.Context, x *Index, f *database) (*writer, error) {
	w := &writer{x: x, db: f.write}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&w.insertRow, `INSERT INTO live (handle, facet, created, seen, ends, expires, addr, address, fold, user)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&w.updateRow, `UPDATE live SET facet = ?, seen = ?, ends = ?, expires = ? WHERE id = ?`},
		{&w.removeRow, `DELETE FROM live WHERE id = ?`},
		{&w.findRow, `SELECT ` + rowColumns + ` FROM live WHERE handle = ?`},
		{&w.insertFacet, `INSERT INTO facet VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&w.removeFacet, `DELETE FROM facet WHERE id = ?`},
	} {
		stmt, err := w.db.PrepareContext(ctx, s.text)
		if err != nil {
			w.close()
			return nil, err
		}
		*s.stmt, w.stmts = stmt, append(w.stmts, stmt)
	}
	return w, nil
}

func (w *writer) close() {
	for _, s := range w.stmts {
		_ = s.Close()
	}
	w.stmts = nil
}

// A transaction changes rows, all or none.
type transaction struct {
	*writer
	ctx   context.Context
	tx    *sql.Tx
	more  map[int64]int // sessions by facet
	fresh []int64       // facets that are new
	wrong int           // rows that said something else than the store, but for when sessions were seen
}

// batch does something in one transaction. If it fails, nothing has changed.
func (w *writer) batch(ctx context.Context, do func(*transaction) error) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	b := &transaction{writer: w, ctx: ctx, tx: tx, more: make(map[int64]int)}
	if err = b.dropUnused(); err == nil {
		err = do(b)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		_ = tx.Rollback()
		for _, id := range b.fresh {
			w.x.facets.drop(id)
		}
		return err
	}
	w.unused = w.x.facets.count(b.more)
	return nil
}

// dropUnused forgets the facets that the transaction before has left without a session.
func (b *transaction) dropUnused() error {
	for _, id := range b.unused {
		if err := b.exec(b.removeFacet, id); err != nil {
			return err
		}
	}
	for _, id := range b.unused {
		b.x.facets.drop(id)
	}
	b.writer.unused = nil
	return nil
}

// exec changes one row. Others who want the processor come first: requests of the site must not wait for the index.
func (b *transaction) exec(stmt *sql.Stmt, args ...any) error {
	runtime.Gosched()
	_, err := b.tx.StmtContext(b.ctx, stmt).ExecContext(b.ctx, args...)
	return err
}

func (b *transaction) facet(d description) (int64, error) {
	id, d, isNew := b.x.facets.of(d)
	if !isNew {
		return id, nil
	}
	b.fresh = append(b.fresh, id)
	err := b.exec(b.insertFacet, id, d.browser, d.label, d.method, d.level,
		d.signedIn, d.remembered, d.bound, fold(d.shown()), fold(d.label))
	return id, err
}

func (b *transaction) insert(i session.Info) error {
	facet, err := b.facet(describe(i))
	if err != nil {
		return err
	}
	err = b.exec(b.insertRow, i.Handle[:], facet, i.CreatedAt.UnixMicro(),
		i.LastSeen.UnixMicro(), i.Ends().UnixMicro(), i.ExpiresAt.UnixMicro(), network.Key(i.Device.Address),
		i.Device.Address, []byte(fold(i.User)), []byte(i.User))
	b.more[facet]++
	return err
}

// update brings a row up to date. What never changes in the life of a session is not compared, but for the address:
// nothing can be in a row of another session.
func (b *transaction) update(r record, i session.Info) error {
	facet, err := b.facet(describe(i))
	if err != nil {
		return err
	}
	if !bytes.Equal(r.user, []byte(i.User)) || r.address != i.Device.Address || r.created != i.CreatedAt.UnixMicro() {
		b.wrong++
		if err := b.remove(r); err != nil {
			return err
		}
		return b.insert(i)
	}
	seen, ends, expires := i.LastSeen.UnixMicro(), i.Ends().UnixMicro(), i.ExpiresAt.UnixMicro()
	if r.facet == facet && r.seen == seen && r.ends == ends && r.expires == expires {
		return nil
	}
	if r.facet != facet {
		b.wrong++
	}
	err = b.exec(b.updateRow, facet, seen, ends, expires, r.id)
	b.more[r.facet]--
	b.more[facet]++
	return err
}

func (b *transaction) remove(r record) error {
	err := b.exec(b.removeRow, r.id)
	b.more[r.facet]--
	return err
}

// find returns the row of a handle.
func (b *transaction) find(id store.ID) (r record, found bool, err error) {
	rows, err := b.tx.StmtContext(b.ctx, b.findRow).QueryContext(b.ctx, id[:])
	if err != nil {
		return r, false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return r, false, rows.Err()
	}
	r, err = scanRow(rows, &r.id)
	return r, true, err
}

// insert adds sessions of which none is there.
func (w *writer) insert(ctx context.Context, infos []session.Info) error {
	return w.batch(ctx, func(b *transaction) error {
		for _, i := range infos {
			if err := b.insert(i); err != nil {
				return err
			}
		}
		return nil
	})
}

// write brings the rows of sessions to what the store has said, as many at once as take a moment.
func (w *writer) write(ctx context.Context, looked []look) error {
	for len(looked) > 0 {
		n, began := min(len(looked), w.stride.rows()), time.Now()
		if err := w.writeAtOnce(ctx, looked[:n]); err != nil {
			return err
		}
		w.stride.note(n, time.Since(began))
		looked = looked[n:]
	}
	return nil
}

func (w *writer) writeAtOnce(ctx context.Context, looked []look) error {
	return w.batch(ctx, func(b *transaction) error {
		for _, l := range looked {
			r, found, err := b.find(l.id)
			switch {
			case err != nil:
			case found && l.there:
				err = b.update(r, l.info)
			case found:
				err = b.remove(r)
			case l.there:
				err = b.insert(l.info)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// remove removes the rows of sessions that have ended.
func (w *writer) remove(ctx context.Context, ids []store.ID) error {
	looked := make([]look, len(ids))
	for i, id := range ids {
		looked[i].id = id
	}
	return w.write(ctx, looked)
}

// compare brings the rows of a page of the store's listing up to date, and returns the handles of rows that are not on
// it: those have ended, most likely. The page is what comes after one place and goes up to another, or to the end.
// mended is how many sessions were missing, or wrong but for when they were seen.
func (w *writer) compare(
	ctx context.Context, page []session.Info, after, upTo store.Cursor,
) (missing []store.ID, mended int, err error) {
	err = w.batch(ctx, func(b *transaction) error {
		rows, err := b.between(after, upTo)
		if err != nil {
			return err
		}
		for _, i := range page {
			r, found := rows[i.Handle]
			delete(rows, i.Handle)
			if found {
				err = b.update(r, i)
			} else if r, found, err = b.find(i.Handle); err == nil && found { // its time is not what it was
				err = b.update(r, i)
			} else if err == nil {
				b.wrong++
				err = b.insert(i)
			}
			if err != nil {
				return err
			}
		}
		for id := range rows {
			missing = append(missing, id)
		}
		mended = b.wrong
		return nil
	})
	return missing, mended, err
}

// between returns the rows of a part of the listing.
func (b *transaction) between(after, upTo store.Cursor) (map[store.ID]record, error) {
	first, last := never, always
	if after != (store.Cursor{}) {
		first = after.CreatedAt.UnixMicro()
	}
	if upTo != (store.Cursor{}) {
		last = upTo.CreatedAt.UnixMicro()
	}
	rows, err := b.tx.QueryContext(b.ctx, `SELECT `+rowColumns+` FROM live INDEXED BY live_created
		WHERE created BETWEEN ? AND ?`, last, first)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[store.ID]record)
	for rows.Next() {
		runtime.Gosched() // see exec
		var r record
		if r, err = scanRow(rows, &r.id); err != nil {
			return nil, err
		}
		at := store.Cursor{CreatedAt: time.UnixMicro(r.created).UTC(), ID: r.handle}
		if after != (store.Cursor{}) && at.Compare(after) <= 0 || upTo != (store.Cursor{}) && at.Compare(upTo) > 0 {
			continue
		}
		found[r.handle] = r
	}
	return found, rows.Err()
}

// ofUser returns the handles of a user.
func (w *writer) ofUser(ctx context.Context, user string) ([]store.ID, error) {
	ids, _, err := w.ids(ctx, `SELECT handle, 0 FROM live INDEXED BY live_user WHERE fold = ? AND user = ?`,
		[]byte(fold(user)), []byte(user))
	return ids, err
}

// begunBefore returns the handles of some sessions of a user, or of everybody, that began at a moment or before.
func (w *writer) begunBefore(ctx context.Context, user string, t time.Time) ([]store.ID, error) {
	if user == "" {
		ids, _, err := w.ids(ctx, `SELECT handle, 0 FROM live INDEXED BY live_created WHERE created <= ? LIMIT ?`,
			t.UnixMicro(), maxTaken)
		return ids, err
	}
	ids, _, err := w.ids(ctx, `SELECT handle, 0 FROM live INDEXED BY live_user WHERE fold = ? AND user = ? AND
		created <= ? LIMIT ?`, []byte(fold(user)), []byte(user), t.UnixMicro(), maxTaken)
	return ids, err
}

// over returns the handles of some sessions whose time is over.
func (w *writer) over(ctx context.Context, now time.Time) ([]store.ID, error) {
	ids, _, err := w.ids(ctx, `SELECT handle, 0 FROM live INDEXED BY live_ends WHERE ends <= ? ORDER BY ends LIMIT ?`,
		now.UnixMicro(), maxTaken)
	return ids, err
}

// ending returns the handles of some sessions that end between two moments, and the last end among them.
func (w *writer) ending(ctx context.Context, after, upTo time.Time) ([]store.ID, time.Time, error) {
	return w.ids(ctx, `SELECT handle, ends FROM live INDEXED BY live_ends WHERE ends > ? AND ends <= ?
		ORDER BY ends LIMIT ?`, after.UnixMicro(), upTo.UnixMicro(), maxTaken)
}

// ids reads handles, and the last number beside them as a time.
func (w *writer) ids(ctx context.Context, text string, args ...any) (ids []store.ID, last time.Time, err error) {
	rows, err := w.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, last, err
	}
	defer rows.Close()
	for rows.Next() {
		var handle []byte
		var us int64
		if err := rows.Scan(&handle, &us); err != nil {
			return nil, last, err
		}
		var id store.ID
		copy(id[:], handle)
		ids, last = append(ids, id), time.UnixMicro(us)
	}
	return ids, last, rows.Err()
}
