package sqlstore

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// MySQL is the dialect of MySQL 8 and of MariaDB 10.6 and later, through any driver for them.
var MySQL = Dialect{func(db *sql.DB, _ Options) engine {
	m := &mysql{server{
		db: db, find: myLoad, findAtWriter: myLoadAtWriter, look: myLook,
		tries: serverTry(`seq = last_insert_id()`), diagnose: diagnoseMySQL,
	}}
	m.feed = newFeed(&mysqlLog{db: db}, nil)
	m.feed.hangUp = m.hangUp
	return m
}}

type mysql struct{ server }

// No statement of MySQL changes two tables, and triggers need rights that few users of a database have. So a change is
// a short transaction: what is changed decides and locks, then the change is written down for the feed.
const (
	myLoad = `SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = ?`

	myLoadAtWriter = `SELECT @@global.read_only, version, last_seen, body
		FROM (SELECT 1) present LEFT JOIN coatcheck_sessions ON id = ?`

	myList = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions
		WHERE created <= ? AND (created < ? OR id < ?) ORDER BY created DESC, id DESC LIMIT ?`
	myListUser = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions
		WHERE who = ? AND owner = ? AND created <= ? AND (created < ? OR id < ?) ORDER BY created DESC, id DESC LIMIT ?`

	myLive = `SELECT id, created, last_seen FROM coatcheck_sessions
		WHERE who = ? AND owner = ? AND created > ? AND ` + myEnds + ` > ? ORDER BY created DESC, id DESC LIMIT ?`
	myCount     = `SELECT count(*) FROM coatcheck_sessions WHERE created > ?`
	myCountUser = `SELECT count(*) FROM coatcheck_sessions WHERE who = ? AND owner = ? AND created > ?`
	myLook      = `SELECT version FROM coatcheck_sessions WHERE id = ?`

	myInsert = `INSERT INTO coatcheck_sessions (id, version, owner, who, created, last_seen, expires, idle, due, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	mySave = `UPDATE coatcheck_sessions
		SET version = version + 1, last_seen = greatest(last_seen, ?), expires = ?, idle = ?, due = least(due, ?),
		body = ? WHERE id = ? AND version = ?`
	myDelete     = `DELETE FROM coatcheck_sessions WHERE id = ?`
	myDeleteThis = `DELETE FROM coatcheck_sessions WHERE id = ? AND version = ?`

	myOwned     = `SELECT id FROM coatcheck_sessions WHERE who = ? AND owner = ? FOR UPDATE`
	myDeleteAll = `DELETE FROM coatcheck_sessions WHERE id IN `

	myDue = `SELECT id, owner, ` + myEnds + ` FROM coatcheck_sessions WHERE due <= ?
		ORDER BY due LIMIT ? FOR UPDATE`
	myAnyDue  = `SELECT count(*) FROM (SELECT 1 FROM coatcheck_sessions WHERE due <= ? ORDER BY due LIMIT 1) any_due`
	myMoveDue = `UPDATE coatcheck_sessions SET due = ` + myEnds + ` WHERE id IN `
	myEnds    = `CASE WHEN idle > 0 AND last_seen + idle < expires THEN last_seen + idle ELSE expires END`

	mySetCutoff = `INSERT INTO coatcheck_switches (who, owner, at) VALUES (?, ?, ?)
		ON DUPLICATE KEY UPDATE at = greatest(at, VALUES(at))`
	myOldCutoffs = `SELECT count(*) FROM coatcheck_switches WHERE at < ?`
	myForget     = `DELETE FROM coatcheck_switches WHERE at < ?`
	myCutoffs    = `SELECT owner, at FROM coatcheck_switches`

	myTell = `INSERT INTO coatcheck_changes (kind, id, cause, owner, number) VALUES `
)

// The tables are those of PostgreSQL; see there. Statements that make tables commit by themselves, so each must bear to
// be run again.
var mysqlSchema = schema{
	make: `CREATE TABLE IF NOT EXISTS coatcheck_schema (id INTEGER NOT NULL PRIMARY KEY, version INTEGER NOT NULL)
		ENGINE = InnoDB`,
	have: `SELECT version FROM coatcheck_schema WHERE id = 1`,
	set:  `INSERT INTO coatcheck_schema (id, version) VALUES (1, ?) ON DUPLICATE KEY UPDATE version = VALUES(version)`,
	migrations: [][]string{{
		`CREATE TABLE IF NOT EXISTS coatcheck_sessions (
			id        BINARY(16) NOT NULL PRIMARY KEY,
			version   BIGINT     NOT NULL,
			owner     MEDIUMBLOB NOT NULL,
			who       BINARY(16),
			created   BIGINT     NOT NULL,
			last_seen BIGINT     NOT NULL,
			expires   BIGINT     NOT NULL,
			idle      BIGINT     NOT NULL,
			due       BIGINT     NOT NULL,
			body      LONGBLOB   NOT NULL,
			KEY coatcheck_sessions_owner (who, created, id),
			KEY coatcheck_sessions_created (created, id),
			KEY coatcheck_sessions_due (due)
		) ENGINE = InnoDB`,
		`CREATE TABLE IF NOT EXISTS coatcheck_switches (
			who   BINARY(16) NOT NULL PRIMARY KEY,
			owner MEDIUMBLOB NOT NULL,
			at    BIGINT     NOT NULL
		) ENGINE = InnoDB`,
		`CREATE TABLE IF NOT EXISTS coatcheck_changes (
			seq    BIGINT     NOT NULL AUTO_INCREMENT PRIMARY KEY,
			kind   SMALLINT   NOT NULL,
			id     BINARY(16) NOT NULL,
			cause  BINARY(16),
			owner  MEDIUMBLOB NOT NULL,
			number BIGINT
		) ENGINE = InnoDB`,
	}},
}

func (m *mysql) made(ctx context.Context) (bool, error) {
	return mysqlSchema.made(ctx, m.db, m.diagnose)
}

// open looks before it asks for rights that only whoever makes the tables needs.
func (m *mysql) open(ctx context.Context) error {
	conn, err := m.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	const tables = `SELECT count(*) FROM information_schema.tables
		WHERE table_schema = database() AND table_name = 'coatcheck_schema'`
	var there int
	if err := conn.QueryRowContext(ctx, tables).Scan(&there); err != nil {
		return err
	}
	if there > 0 {
		have, err := mysqlSchema.version(ctx, conn)
		if err != nil || have == len(mysqlSchema.migrations) {
			return err
		}
	}
	const lock = `concat('coatcheck.', sha1(database()))` // a lock is the whole server's
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, `SELECT get_lock(`+lock+`, 60)`).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errBusy
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), `DO release_lock(`+lock+`)`)
	return mysqlSchema.migrate(ctx, conn)
}

func (m *mysql) page(ctx context.Context, user string, after row, limit int) ([]row, error) {
	if user == "" {
		return read(ctx, &m.server, scanPage, myList, after.created, after.created, after.id[:], limit)
	}
	return read(ctx, &m.server, scanPage,
		myListUser, keyOf(user), []byte(user), after.created, after.created, after.id[:], limit)
}

func (m *mysql) live(ctx context.Context, user string, after, now int64, limit int) ([]store.Summary, error) {
	return read(ctx, &m.server, scanSummaries, myLive, keyOf(user), []byte(user), after, now, limit)
}

func (m *mysql) count(ctx context.Context, user string, after int64) (int, error) {
	if user == "" {
		return m.counted(ctx, myCount, after)
	}
	return m.counted(ctx, myCountUser, keyOf(user), []byte(user), after)
}

// A myTxn is a transaction with what it has changed.
type myTxn struct {
	*sql.Tx
	ctx     context.Context
	changes []any
}

func (t *myTxn) exec(text string, args ...any) (affected int64, err error) {
	result, err := t.ExecContext(t.ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t *myTxn) tell(kind store.NoticeKind, id store.ID, cause any, owner string, number any) {
	t.changes = append(t.changes, int(kind), id[:], cause, []byte(owner), number)
}

// change makes a change in one transaction. An error undoes it.
func (m *mysql) change(ctx context.Context, level sql.IsolationLevel, do func(*myTxn) error) error {
	return m.write(ctx, func() error {
		tx, err := m.db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		t := &myTxn{Tx: tx, ctx: ctx}
		if err := do(t); err != nil {
			return err
		}
		for told := range slices.Chunk(t.changes, 5*500) {
			if _, err := t.exec(myTell+strings.Repeat("(?, ?, ?, ?, ?), ", len(told)/5-1)+"(?, ?, ?, ?, ?)",
				told...); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
}

func (m *mysql) create(ctx context.Context, v *values, replaces store.ID) error {
	if replaces == v.id && !replaces.IsZero() { // it cannot both go and be there
		return m.taken(ctx, v.id, v.version)
	}
	var missed bool
	err := m.change(ctx, sql.LevelDefault, func(t *myTxn) error {
		missed = false
		if !replaces.IsZero() {
			n, err := t.exec(myDeleteThis, replaces[:], v.version)
			if err != nil {
				return err
			}
			if missed = n == 0; missed {
				return store.ErrConflict
			}
			t.tell(store.Replaced, replaces, v.id[:], "", nil)
		}
		_, err := t.exec(myInsert, v.id[:], v.version+1, []byte(v.owner), keyOf(v.owner), v.created, v.seen, v.expires,
			v.idle, v.ends, v.body)
		if errorNumber(err) == "1062" { // ER_DUP_ENTRY
			return store.ErrExists
		}
		t.tell(store.Created, v.id, nil, v.owner, v.version+1)
		return err
	})
	if missed {
		return m.refused(ctx, replaces)
	}
	return err
}

func (m *mysql) save(ctx context.Context, v *values) error {
	err := m.change(ctx, sql.LevelDefault, func(t *myTxn) error {
		n, err := t.exec(mySave, v.seen, v.expires, v.idle, v.ends, v.body, v.id[:], v.version)
		if err == nil && n == 0 {
			return store.ErrConflict
		}
		t.tell(store.Saved, v.id, nil, v.owner, v.version+1)
		return err
	})
	if err == store.ErrConflict {
		return m.refused(ctx, v.id)
	}
	return err
}

// touch is one statement. It takes the sessions in the order of their IDs, so that two touches do not wait for each
// other.
func (m *mysql) touch(ctx context.Context, seen []store.Seen) error {
	seen = latest(seen)
	text := `UPDATE (SELECT CAST(? AS BINARY(16)) AS id, CAST(? AS SIGNED) AS at` +
		strings.Repeat(` UNION ALL SELECT CAST(? AS BINARY(16)), CAST(? AS SIGNED)`, len(seen)-1) +
		`) t STRAIGHT_JOIN coatcheck_sessions s ON s.id = t.id SET s.last_seen = greatest(s.last_seen, t.at)`
	var args []any
	for _, s := range seen {
		args = append(args, s.ID[:], s.At.UnixMicro())
	}
	return m.write(ctx, func() error {
		_, err := m.db.ExecContext(ctx, text, args...)
		return err
	})
}

func (m *mysql) remove(ctx context.Context, id store.ID) (found bool, err error) {
	err = m.change(ctx, sql.LevelDefault, func(t *myTxn) error {
		n, err := t.exec(myDelete, id[:])
		found = n > 0
		t.tell(store.Deleted, id, nil, "", nil)
		return err
	})
	return found && err == nil, err
}

// removeUser locks the user's place in the index, also for records to come (which takes this level), so that a sign-in
// is before it or after it.
func (m *mysql) removeUser(ctx context.Context, user string, keep []store.ID) (removed []store.ID, err error) {
	err = m.change(ctx, sql.LevelRepeatableRead, func(t *myTxn) error {
		rows, err := t.QueryContext(ctx, myOwned, keyOf(user), []byte(user))
		if err != nil {
			return err
		}
		if removed, err = scanIDs(rows); err != nil {
			return err
		}
		removed = slices.DeleteFunc(removed, func(id store.ID) bool { return slices.Contains(keep, id) })
		for _, id := range removed {
			t.tell(store.Deleted, id, nil, user, nil)
		}
		t.tell(store.UserDeleted, store.ID{}, nil, user, nil)
		return t.each(myDeleteAll, removed)
	})
	if err != nil {
		return nil, err
	}
	return removed, nil
}

// each runs a statement that ends with a list of IDs.
func (t *myTxn) each(text string, ids []store.ID) error {
	for ids := range slices.Chunk(ids, 500) {
		args := make([]any, len(ids))
		for i := range ids {
			args[i] = ids[i][:]
		}
		if _, err := t.exec(text+list(len(ids)), args...); err != nil {
			return err
		}
	}
	return nil
}

// list returns the places of n arguments.
func list(n int) string { return "(" + strings.Repeat("?, ", n-1) + "?)" }

// sweep passes over what others have locked, and waits for them only when nothing else is left: it must be gone then.
func (m *mysql) sweep(ctx context.Context, now time.Time, limit int) (swept int, more bool, err error) {
	return m.twice(ctx, myAnyDue, now, limit, func(limit int, wait bool) (seen, swept int, err error) {
		text := myDue
		if !wait {
			text += ` SKIP LOCKED`
		}
		return m.sweepBy(ctx, text, now, limit)
	})
}

// sweepBy locks what is due and nothing between, so that no creation waits for it.
func (m *mysql) sweepBy(ctx context.Context, text string, now time.Time, limit int) (seen, swept int, err error) {
	err = m.change(ctx, sql.LevelReadCommitted, func(t *myTxn) error {
		rows, err := t.QueryContext(ctx, text, now.UnixMicro(), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		var over, used []store.ID
		for rows.Next() {
			var id, owner []byte
			var ends int64
			if err := rows.Scan(&id, &owner, &ends); err != nil {
				return err
			}
			if ends > now.UnixMicro() {
				used = append(used, store.ID(id))
				continue
			}
			over = append(over, store.ID(id))
			t.tell(store.Swept, store.ID(id), nil, string(owner), nil)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		seen, swept = len(over)+len(used), len(over)
		if err := t.each(myMoveDue, used); err != nil {
			return err
		}
		return t.each(myDeleteAll, over)
	})
	if err != nil {
		return 0, 0, err
	}
	return seen, swept, nil
}

func (m *mysql) setCutoff(ctx context.Context, user string, at time.Time) error {
	// a look locks nothing, and there is seldom one
	old, err := m.number(ctx, myOldCutoffs, at.Add(-store.MaxLifetime).UnixMicro())
	if err != nil {
		return err
	}
	return m.change(ctx, sql.LevelDefault, func(t *myTxn) error {
		if old > 0 {
			if _, err := t.exec(myForget, at.Add(-store.MaxLifetime).UnixMicro()); err != nil {
				return err
			}
		}
		t.tell(store.Cutoff, store.ID{}, nil, user, at.UnixMicro())
		_, err := t.exec(mySetCutoff, cutoffKey(user), []byte(user), at.UnixMicro())
		return err
	})
}

func (m *mysql) cutoffs(ctx context.Context) (map[string]time.Time, error) {
	return read(ctx, &m.server, scanCutoffs, myCutoffs)
}

// numbered is how the driver that everybody uses writes the server's errors.
var numbered = regexp.MustCompile(`\bError (\d{4})\b`)

// errorNumber returns MySQL's number of an error, if it is one of its.
func errorNumber(err error) string {
	if err == nil {
		return ""
	}
	if match := numbered.FindStringSubmatch(err.Error()); match != nil {
		return match[1]
	}
	return ""
}

var errorNumbers = map[string]failure{
	"1213": collided, "1020": collided, // a deadlock; a record that has changed since it was read
	"1205": slow, "1317": slow, "3024": slow, "1969": slow,
	"1044": noEntry, "1045": noEntry, "1698": noEntry,
	"1142": noRight, "1143": noRight, "1227": noRight, "1370": noRight,
	"1049": noDatabase,
	"1290": standby, "1792": standby, "1836": standby,
	"1021": full, "1114": full, "3675": full,
	"1040": tooMany, "1203": tooMany, "1226": tooMany,
	"1053": away,
	"1146": noTables,
	"1153": tooBig, "1301": tooBig,
	"1665": wrongLog,
	"1030": ioError, "1034": damaged, "1712": damaged,
}

func diagnoseMySQL(err error) failure {
	if f, ok := errorNumbers[errorNumber(err)]; ok {
		return f
	}
	if strings.Contains(err.Error(), "invalid connection") { // the driver has no other word for one that broke
		return away
	}
	return diagnoseNetwork(err)
}
