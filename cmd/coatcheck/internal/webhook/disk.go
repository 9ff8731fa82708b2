package webhook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
)

// A disk is the file of an outbox. It has one connection: whatever is done takes its turn.
type disk struct{ db *sql.DB }

// Times are microseconds since 1970. Of the deliveries to one receiver about one subject, the first that waits is the
// head: that one is sent, and so the order is kept without looking for it.
const schema = `
CREATE TABLE messages (
	seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, type TEXT NOT NULL,
	subject TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX messages_at ON messages (at);
CREATE TABLE deliveries (
	receiver TEXT NOT NULL, seq INTEGER NOT NULL, subject TEXT NOT NULL, dead INTEGER NOT NULL, head INTEGER NOT NULL,
	tries INTEGER NOT NULL, since INTEGER NOT NULL, due INTEGER NOT NULL, answer TEXT NOT NULL,
	PRIMARY KEY (receiver, seq)) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (receiver, due) WHERE dead = 0 AND head = 1;
CREATE INDEX deliveries_line ON deliveries (receiver, subject, seq) WHERE dead = 0;
CREATE INDEX deliveries_dead ON deliveries (receiver, seq) WHERE dead = 1;
CREATE TABLE receivers (
	name TEXT PRIMARY KEY, url TEXT NOT NULL, off INTEGER NOT NULL, delivered INTEGER NOT NULL,
	dropped INTEGER NOT NULL, answered INTEGER NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (number INTEGER PRIMARY KEY, receiver TEXT NOT NULL, what TEXT NOT NULL, since INTEGER NOT NULL);
CREATE TABLE run (one INTEGER PRIMARY KEY, running INTEGER NOT NULL, alive INTEGER NOT NULL);
INSERT INTO run VALUES (1, 0, 0);
PRAGMA user_version = 1;`

const schemaVersion = 1

// openDatabase opens the file. Another program may have it open: a command that looks, or asks for something.
func openDatabase(ctx context.Context, path string) (*disk, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// A transaction writes from its first statement on, so that none fails half-way because another program writes.
	db, err := backend.OpenFile(path, "_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)"+
		"&_pragma=secure_delete(on)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	d := &disk{db}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, backend.CloseFile(db))
	}
	return d, nil
}

// prepare makes the tables.
func (d *disk) prepare(ctx context.Context) error {
	return d.change(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
			return err
		}
		switch version {
		case schemaVersion:
			return nil
		case 0:
			_, err := tx.ExecContext(ctx, schema)
			return err
		}
		return fmt.Errorf("it is of another version of the program: %d, and this one knows %d", version, schemaVersion)
	})
}

// change makes changes in one transaction.
func (d *disk) change(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (d *disk) close() error { return backend.CloseFile(d.db) }

// begin notes that the program runs. It returns whether the last run had no clean end, and when that was last alive.
func (d *disk) begin(ctx context.Context, now time.Time) (alive time.Time, unclean bool, err error) {
	err = d.change(ctx, func(tx *sql.Tx) error {
		var at int64
		if err := tx.QueryRowContext(ctx, `SELECT running, alive FROM run`).Scan(&unclean, &at); err != nil {
			return err
		}
		alive = time.UnixMicro(at)
		_, err := tx.ExecContext(ctx, `UPDATE run SET running = 1, alive = ?`, now.UnixMicro())
		return err
	})
	return alive, unclean, err
}

func (d *disk) alive(ctx context.Context, now time.Time) error {
	_, err := d.db.ExecContext(ctx, `UPDATE run SET alive = ?`, now.UnixMicro())
	return err
}

// end notes that nothing is missing.
func (d *disk) end(ctx context.Context) error {
	_, err := d.db.ExecContext(ctx, `UPDATE run SET running = 0`)
	return err
}

// A standing is what the file has of a receiver.
type standing struct {
	url       string
	off       time.Time // zero while it is on
	delivered int64
	dropped   int64
	answered  time.Time
	answer    string
}

// receiver takes up a receiver. One that was switched off is on again if it has another URL now.
func (d *disk) receiver(ctx context.Context, r *Receiver) (row standing, err error) {
	err = d.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			`INSERT INTO receivers VALUES (?, ?, 0, 0, 0, 0, '') ON CONFLICT (name) DO NOTHING`, r.Name, r.URL)
		if err != nil {
			return err
		}
		if row, err = readReceiver(ctx, tx, r.Name); err != nil || row.url == r.URL {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE receivers SET url = ? WHERE name = ?`, r.URL, r.Name); err != nil {
			return err
		}
		if row.off.IsZero() {
			return nil
		}
		since := row.off
		row.off = time.Time{}
		return resume(ctx, tx, r, since, time.Now())
	})
	return row, err
}

func readReceiver(ctx context.Context, tx *sql.Tx, name string) (row standing, err error) {
	var off, answered int64
	err = tx.QueryRowContext(ctx, `SELECT url, off, delivered, dropped, answered, answer FROM receivers WHERE name = ?`,
		name).Scan(&row.url, &off, &row.delivered, &row.dropped, &answered, &row.answer)
	row.off, row.answered = timeOf(off), timeOf(answered)
	return row, err
}

// timeOf reads a time that may be missing.
func timeOf(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro)
}

const insertDelivery = `INSERT INTO deliveries (receiver, seq, subject, dead, head, tries, since, due, answer)
SELECT ?1, ?2, ?3, 0, NOT EXISTS (SELECT 1 FROM deliveries WHERE receiver = ?1 AND subject = ?3 AND dead = 0),
0, ?4, ?4, ''`

// append keeps messages for these receivers. A message that another notice has brought already is kept once.
func (d *disk) append(ctx context.Context, batch []notification, to []*courier, now time.Time) error {
	if len(to) == 0 {
		return nil
	}
	return d.change(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, `INSERT INTO messages (id, at, type, subject, body)
VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
		if err != nil {
			return err
		}
		deliver, err := tx.PrepareContext(ctx, insertDelivery)
		if err != nil {
			return err
		}
		for i := range batch {
			m := &batch[i]
			body, err := m.body()
			if err != nil {
				return err
			}
			result, err := insert.ExecContext(ctx, m.id, m.Timestamp.UnixMicro(), m.Type, m.subject, body)
			if n, err := affected(result, err); err != nil {
				return err
			} else if n == 0 {
				continue
			}
			seq, err := result.LastInsertId()
			if err != nil {
				return err
			}
			for _, c := range to {
				if c.isOff() || !c.receiver.wants(m) {
					continue
				}
				_, err := deliver.ExecContext(ctx, c.receiver.Name, seq, m.subject, now.UnixMicro())
				if err != nil {
					return err
				}
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE run SET alive = ?`, now.UnixMicro())
		return err
	})
}

// A delivery is a message on its way to one receiver.
type delivery struct {
	seq     int64
	id      string
	subject string
	kind    string
	body    []byte
	tries   int
	since   time.Time
}

// due returns messages that may be sent now, and when the next one may be; zero if none waits.
func (d *disk) due(ctx context.Context, receiver string, now time.Time, limit int) (
	ready []delivery, next time.Time, err error,
) {
	rows, err := d.db.QueryContext(ctx, `SELECT d.seq, d.due, m.id, m.subject, m.type, m.body, d.tries, d.since
FROM deliveries d JOIN messages m ON m.seq = d.seq
WHERE d.receiver = ? AND d.dead = 0 AND d.head = 1 ORDER BY d.due, d.seq LIMIT ?`, receiver, limit)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var one delivery
		var due, since int64
		err := rows.Scan(&one.seq, &due, &one.id, &one.subject, &one.kind, &one.body, &one.tries, &since)
		if err != nil {
			return nil, time.Time{}, err
		}
		one.since = time.UnixMicro(since)
		if due > now.UnixMicro() {
			return ready, time.UnixMicro(due), rows.Err()
		}
		ready = append(ready, one)
	}
	return ready, time.Time{}, rows.Err()
}

// A verdict is what follows from an attempt.
type verdict struct {
	delivery
	done   bool
	dead   bool
	due    time.Time // of the next attempt, if neither
	answer string
}

const promote = `UPDATE deliveries SET head = 1 WHERE receiver = ?1 AND seq =
(SELECT min(seq) FROM deliveries WHERE receiver = ?1 AND subject = ?2 AND dead = 0)`

// settle notes what became of attempts.
func (d *disk) settle(ctx context.Context, receiver string, all []verdict, now time.Time, off, answered bool) error {
	return d.change(ctx, func(tx *sql.Tx) error {
		received, says := 0, ""
		for i := range all {
			v := &all[i]
			if err := settleOne(ctx, tx, receiver, v); err != nil {
				return err
			}
			if says = v.answer; v.done {
				received++
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE receivers SET delivered = delivered + ?, answer = ?,
answered = CASE WHEN ? THEN ? ELSE answered END, off = CASE WHEN ? THEN ? ELSE off END WHERE name = ?`,
			received, says, answered, now.UnixMicro(), off, now.UnixMicro(), receiver)
		return err
	})
}

func settleOne(ctx context.Context, tx *sql.Tx, receiver string, v *verdict) (err error) {
	switch {
	case v.done:
		_, err = tx.ExecContext(ctx, `DELETE FROM deliveries WHERE receiver = ? AND seq = ?`, receiver, v.seq)
	case v.dead:
		_, err = tx.ExecContext(ctx, `UPDATE deliveries SET dead = 1, head = 0, tries = tries + 1, answer = ?
WHERE receiver = ? AND seq = ?`, v.answer, receiver, v.seq)
	default:
		_, err = tx.ExecContext(ctx, `UPDATE deliveries SET tries = tries + 1, due = ?, answer = ?
WHERE receiver = ? AND seq = ?`, v.due.UnixMicro(), v.answer, receiver, v.seq)
		return err
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, promote, receiver, v.subject)
	}
	return err
}

// hurry has everything that waits for a receiver be sent at once: it answers again.
func (d *disk) hurry(ctx context.Context, receiver string, now time.Time) error {
	_, err := d.db.ExecContext(ctx,
		`UPDATE deliveries SET due = ?1 WHERE receiver = ?2 AND dead = 0 AND head = 1 AND due > ?1`,
		now.UnixMicro(), receiver)
	return err
}

// line finds the heads of a receiver anew, after messages have come or gone in the middle.
func line(ctx context.Context, tx *sql.Tx, receiver string) error {
	_, err := tx.ExecContext(ctx, `UPDATE deliveries SET head = (seq = (SELECT min(e.seq) FROM deliveries e
WHERE e.receiver = deliveries.receiver AND e.subject = deliveries.subject AND e.dead = 0))
WHERE receiver = ? AND dead = 0`, receiver)
	return err
}

// bound drops the oldest of too many messages that wait for a receiver, or are dead. It returns how many, and since
// when some are missing.
func (d *disk) bound(ctx context.Context, receiver string, most int, now time.Time) (
	dropped int, since time.Time, err error,
) {
	err = d.change(ctx, func(tx *sql.Tx) error {
		var n int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM deliveries WHERE receiver = ?`, receiver).Scan(&n)
		if err != nil || n <= most {
			return err
		}
		var at int64
		err = tx.QueryRowContext(ctx, `SELECT min(since) FROM (SELECT since FROM deliveries WHERE receiver = ?
ORDER BY seq LIMIT ?)`, receiver, n-most).Scan(&at)
		if err != nil {
			return err
		}
		since = time.UnixMicro(at)
		gone, err := affected(tx.ExecContext(ctx, `DELETE FROM deliveries WHERE receiver = ?1 AND seq IN
(SELECT seq FROM deliveries WHERE receiver = ?1 ORDER BY seq LIMIT ?2)`, receiver, n-most))
		if err != nil {
			return err
		}
		dropped = int(gone)
		_, err = tx.ExecContext(ctx, `UPDATE receivers SET dropped = dropped + ? WHERE name = ?`, gone, receiver)
		return errors.Join(err, line(ctx, tx, receiver))
	})
	return dropped, since, err
}

// expire drops what is dead since the time deadBefore, and what has waited since the time before for receivers that are
// not named. It returns how many of each.
func (d *disk) expire(ctx context.Context, named []string, deadBefore, before time.Time) (dead, gone int64, err error) {
	list, err := json.Marshal(named)
	if err != nil {
		return 0, 0, err
	}
	err = d.change(ctx, func(tx *sql.Tx) error {
		if dead, err = affected(tx.ExecContext(ctx, `DELETE FROM deliveries WHERE dead = 1 AND since < ?`,
			deadBefore.UnixMicro())); err != nil {
			return err
		}
		gone, err = affected(tx.ExecContext(ctx, `DELETE FROM deliveries WHERE since < ? AND receiver IN
(SELECT name FROM receivers WHERE name NOT IN (SELECT value FROM json_each(?)))`, before.UnixMicro(), string(list)))
		return err
	})
	return dead, gone, err
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

const maxForget = 20_000 // messages that are deleted at a time

// forget deletes messages that are older than the time before, or more than most, and that nobody waits for.
func (d *disk) forget(ctx context.Context, before time.Time, most int) error {
	_, err := d.db.ExecContext(ctx, `DELETE FROM messages WHERE seq IN (SELECT seq FROM messages m
WHERE (m.at < ?1 OR m.seq <= (SELECT max(seq) FROM messages) - ?2)
AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = m.seq AND d.receiver IN (SELECT name FROM receivers))
ORDER BY seq LIMIT ?3)`, before.UnixMicro(), most, maxForget)
	return err
}
