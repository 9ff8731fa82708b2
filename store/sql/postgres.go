package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// PostgreSQL is the dialect of PostgreSQL 12 and later, through any driver for it.
var PostgreSQL = Dialect{func(db *sql.DB, o Options) engine {
	p := &postgres{server{
		db: db, find: pgLoad, findAtWriter: pgLoadAtWriter, look: pgLook,
		tries: serverTry(`tx = txid_current()`), diagnose: diagnosePostgres,
	}}
	p.feed = newFeed(&postgresLog{db: db}, o.Listen)
	p.feed.hangUp = p.hangUp
	return p
}}

type postgres struct{ server }

// Each change is one statement, which also writes down what has changed for the feed. What a statement decides by, it
// locks, and PostgreSQL looks again at a row that it had to wait for. A statement that changed nothing is followed by a
// look at what is there. Rows are found by arrays of IDs and not by joins, so that no plan reads the whole table.
//
// A sign-out everywhere must end the sessions of sign-ins that were acknowledged before it takes effect, and a
// statement does not see what was committed while it waits. So creations hold a shared lock of their user until they
// are committed, and whoever ends all sessions of the user waits for that lock first: 'coat' and 4 bytes of the user's
// key. Both take it before they touch a row, so that neither waits for the other with what the other wants.
const (
	pgLoad = `SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = $1`

	pgLoadAtWriter = `SELECT current_setting('transaction_read_only'), version, last_seen, body
		FROM (SELECT 1) present LEFT JOIN coatcheck_sessions ON id = $1`

	pgList = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions
		WHERE (created, id) < ($1, $2) ORDER BY created DESC, id DESC LIMIT $3`
	pgListUser = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions
		WHERE who = $1 AND owner = $2 AND (created, id) < ($3, $4) ORDER BY created DESC, id DESC LIMIT $5`

	pgLive = `SELECT id, created, last_seen FROM coatcheck_sessions
		WHERE who = $1 AND owner = $2 AND created > $3 AND ` + pgEnds + ` > $4 ORDER BY created DESC, id DESC LIMIT $5`
	pgCount     = `SELECT count(*) FROM coatcheck_sessions WHERE created > $1`
	pgCountUser = `SELECT count(*) FROM coatcheck_sessions WHERE who = $1 AND owner = $2 AND created > $3`
	pgLook      = `SELECT version FROM coatcheck_sessions WHERE id = $1`

	pgCreate = `
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(1668243828, $10::int)::text),
new AS (
	INSERT INTO coatcheck_sessions (id, version, owner, who, created, last_seen, expires, idle, due, body)
	SELECT $1::bytea, $11::bigint + 1, $2::bytea, $3::bytea, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint,
		$9::bytea
	FROM locked
	RETURNING id, owner, version),
told AS (INSERT INTO coatcheck_changes (kind, id, owner, number) SELECT 1, id, owner, version FROM new)
SELECT count(*) FROM new`

	pgReplace = `
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(1668243828, $10::int)::text),
old AS (DELETE FROM coatcheck_sessions USING locked WHERE id = $12 AND version = $11 RETURNING id, owner),
new AS (
	INSERT INTO coatcheck_sessions (id, version, owner, who, created, last_seen, expires, idle, due, body)
	SELECT $1::bytea, $11::bigint + 1, $2::bytea, $3::bytea, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint,
		$9::bytea
	FROM old
	RETURNING id, owner, version),
told AS (
	INSERT INTO coatcheck_changes (kind, id, cause, owner, number)
	SELECT 4, old.id, new.id, old.owner, NULL FROM old, new UNION ALL SELECT 1, id, NULL, owner, version FROM new)
SELECT count(*) FROM new`

	// A save moves due only back, and a touch not at all: see the table.
	pgSave = `
WITH new AS (
	UPDATE coatcheck_sessions
	SET version = version + 1, last_seen = greatest(last_seen, $1), expires = $2, idle = $3, due = least(due, $4),
	body = $5 WHERE id = $6 AND version = $7 RETURNING id, owner, version),
told AS (INSERT INTO coatcheck_changes (kind, id, owner, number) SELECT 2, id, owner, version FROM new)
SELECT count(*) FROM new`

	// Two touches of the same sessions lock them in the same order, or each could wait for the other.
	pgTouch = `
WITH locked AS MATERIALIZED (
	SELECT id FROM coatcheck_sessions WHERE id = ANY ($1::text::bytea[]) ORDER BY id FOR UPDATE)
UPDATE coatcheck_sessions s SET last_seen = t.at FROM unnest($1::text::bytea[], $2::text::bigint[]) t(id, at)
WHERE s.id = ANY (ARRAY(SELECT id FROM locked)) AND s.id = t.id AND s.last_seen < t.at`

	pgDelete = `
WITH old AS (DELETE FROM coatcheck_sessions WHERE id = $1 RETURNING id, owner),
told AS (INSERT INTO coatcheck_changes (kind, id, owner) SELECT 3, $1, coalesce((SELECT owner FROM old), ''))
SELECT count(*) FROM old`

	pgLockUser   = `SELECT pg_advisory_xact_lock(1668243828, $1::int)`
	pgDeleteUser = `
WITH old AS (
	DELETE FROM coatcheck_sessions WHERE who = $1 AND owner = $2 AND id <> ALL ($3::text::bytea[]) RETURNING id, owner),
told AS (
	INSERT INTO coatcheck_changes (kind, id, owner) SELECT 3, id, owner FROM old UNION ALL SELECT 9, '', $2)
SELECT id FROM old`

	pgAnyDue = `SELECT count(*) FROM (SELECT FROM coatcheck_sessions WHERE due <= $1 ORDER BY due LIMIT 1) any_due`
	pgEnds   = `CASE WHEN idle > 0 AND last_seen + idle < expires THEN last_seen + idle ELSE expires END`
	pgSweep  = `
WITH seen AS MATERIALIZED (
	SELECT id, ` + pgEnds + ` AS ends FROM coatcheck_sessions WHERE due <= $1
	ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED),
moved AS (
	UPDATE coatcheck_sessions SET due = ` + pgEnds + ` WHERE id = ANY (ARRAY(SELECT id FROM seen WHERE ends > $1))),
old AS (
	DELETE FROM coatcheck_sessions WHERE id = ANY (ARRAY(SELECT id FROM seen WHERE ends <= $1)) RETURNING id, owner),
told AS (INSERT INTO coatcheck_changes (kind, id, owner) SELECT 5, id, owner FROM old)
SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM old)`

	pgSetCutoff = `
WITH old AS (DELETE FROM coatcheck_switches WHERE at < $4 AND who <> $1),
new AS (
	INSERT INTO coatcheck_switches (who, owner, at) VALUES ($1, $2, $3)
	ON CONFLICT (who) DO UPDATE SET at = greatest(coatcheck_switches.at, excluded.at)),
told AS (INSERT INTO coatcheck_changes (kind, id, owner, number) VALUES (6, '', $2, $3))
SELECT 1`
	pgCutoffs = `SELECT owner, at FROM coatcheck_switches`
)

var postgresSchema = schema{
	make: `CREATE TABLE IF NOT EXISTS coatcheck_schema (id integer PRIMARY KEY, version integer NOT NULL)`,
	have: `SELECT version FROM coatcheck_schema WHERE id = 1`,
	set: `INSERT INTO coatcheck_schema (id, version) VALUES (1, $1)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
	migrations: [][]string{{
		// Times are microseconds since 1970, idle is in microseconds. The body is that of package store; what stands
		// beside it is what statements need to know. Users are bytes, because a text takes neither zeros nor invalid
		// UTF-8, and who is their key in the index, because that takes no long ones.
		//
		// A session is swept by due, which is never later than its end. It is not in the way of touches: these change
		// no index, so that PostgreSQL writes the new row beside the old one (HOT), for which the pages keep some room.
		// When a sweep comes by and the session has been used since, it moves due on to the end.
		`CREATE TABLE coatcheck_sessions (
			id        bytea  NOT NULL PRIMARY KEY,
			version   bigint NOT NULL,
			owner     bytea  NOT NULL,
			who       bytea,
			created   bigint NOT NULL,
			last_seen bigint NOT NULL,
			expires   bigint NOT NULL,
			idle      bigint NOT NULL,
			due       bigint NOT NULL,
			body      bytea  NOT NULL
		) WITH (fillfactor = 85)`,
		`CREATE INDEX coatcheck_sessions_owner ON coatcheck_sessions (who, created, id) WHERE who IS NOT NULL`,
		`CREATE INDEX coatcheck_sessions_created ON coatcheck_sessions (created, id)`,
		`CREATE INDEX coatcheck_sessions_due ON coatcheck_sessions (due)`,
		`CREATE TABLE coatcheck_switches (
			who   bytea  NOT NULL PRIMARY KEY,
			owner bytea  NOT NULL,
			at    bigint NOT NULL
		)`,
		// What has changed in the last minutes, for the feed: see postgresLog. Kinds are those of store.Notice; the
		// number is the version of a record, or the moment of a cutoff.
		`CREATE TABLE coatcheck_changes (
			seq    bigserial,
			tx     bigint    NOT NULL DEFAULT txid_current(),
			kind   smallint  NOT NULL,
			id     bytea     NOT NULL,
			cause  bytea,
			owner  bytea     NOT NULL,
			number bigint
		)`,
		`CREATE INDEX coatcheck_changes_tx ON coatcheck_changes (tx)`,
	}},
}

func (p *postgres) made(ctx context.Context) (bool, error) {
	return postgresSchema.made(ctx, p.db, p.diagnose)
}

// open looks before it asks for rights that only whoever makes the tables needs.
func (p *postgres) open(ctx context.Context) error {
	var there bool
	if err := p.db.QueryRowContext(ctx, `SELECT to_regclass('coatcheck_schema') IS NOT NULL`).Scan(&there); err != nil {
		return err
	}
	if there {
		have, err := postgresSchema.version(ctx, p.db)
		if err != nil || have == len(postgresSchema.migrations) {
			return err
		}
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(1668243828, 0)`); err != nil { // one at a time
		return err
	}
	if err := postgresSchema.migrate(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (p *postgres) page(ctx context.Context, user string, after row, limit int) ([]row, error) {
	if user == "" {
		return read(ctx, &p.server, scanPage, pgList, after.created, after.id[:], limit)
	}
	return read(ctx, &p.server, scanPage, pgListUser, keyOf(user), []byte(user), after.created, after.id[:], limit)
}

func (p *postgres) live(ctx context.Context, user string, after, now int64, limit int) ([]store.Summary, error) {
	return read(ctx, &p.server, scanSummaries, pgLive, keyOf(user), []byte(user), after, now, limit)
}

func (p *postgres) count(ctx context.Context, user string, after int64) (int, error) {
	if user == "" {
		return p.counted(ctx, pgCount, after)
	}
	return p.counted(ctx, pgCountUser, keyOf(user), []byte(user), after)
}

func (p *postgres) create(ctx context.Context, v *values, replaces store.ID) error {
	text := pgCreate
	args := []any{v.id[:], []byte(v.owner), keyOf(v.owner), v.created, v.seen, v.expires, v.idle, v.ends, v.body,
		lockOf(v.owner), v.version}
	if !replaces.IsZero() {
		if replaces == v.id { // it cannot both go and be there
			return p.taken(ctx, v.id, v.version)
		}
		text, args = pgReplace, append(args, replaces[:])
	}
	return p.write(ctx, func() error {
		n, err := p.number(ctx, text, args...)
		switch {
		case sqlState(err) == "23505": // unique_violation, and nothing has happened
			return store.ErrExists
		case err == nil && n == 0:
			return p.refused(ctx, replaces)
		}
		return err
	})
}

func (p *postgres) save(ctx context.Context, v *values) error {
	return p.write(ctx, func() error {
		n, err := p.number(ctx, pgSave, v.seen, v.expires, v.idle, v.ends, v.body, v.id[:], v.version)
		if err == nil && n == 0 {
			return p.refused(ctx, v.id)
		}
		return err
	})
}

func (p *postgres) touch(ctx context.Context, seen []store.Seen) error {
	var ids []store.ID
	var times []string
	for _, s := range latest(seen) {
		ids, times = append(ids, s.ID), append(times, strconv.FormatInt(s.At.UnixMicro(), 10))
	}
	return p.write(ctx, func() error {
		_, err := p.db.ExecContext(ctx, pgTouch, byteaArray(ids), "{"+strings.Join(times, ",")+"}")
		return err
	})
}

// byteaArray returns IDs as PostgreSQL writes an array: drivers differ in which slices they take.
func byteaArray(ids []store.ID) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"\\x` + hex.EncodeToString(id[:]) + `"`)
	}
	b.WriteByte('}')
	return b.String()
}

// lockOf returns the number under which a user is locked, or nil for nobody.
func lockOf(user string) any {
	if user == "" {
		return nil
	}
	return int64(int32(binary.BigEndian.Uint32(keyOf(user))))
}

func (p *postgres) remove(ctx context.Context, id store.ID) (found bool, err error) {
	err = p.write(ctx, func() error {
		n, err := p.number(ctx, pgDelete, id[:])
		found = n > 0
		return err
	})
	return found, err
}

func (p *postgres) removeUser(ctx context.Context, user string, keep []store.ID) (ids []store.ID, err error) {
	err = p.write(ctx, func() error {
		// the second statement sees what the first has waited for
		tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, pgLockUser, lockOf(user)); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, pgDeleteUser, keyOf(user), []byte(user), byteaArray(keep))
		if err != nil {
			return err
		}
		if ids, err = scanIDs(rows); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// sweep passes over what others have locked, and waits for them only when nothing else is left: it must be gone then.
func (p *postgres) sweep(ctx context.Context, now time.Time, limit int) (swept int, more bool, err error) {
	return p.twice(ctx, pgAnyDue, now, limit, func(limit int, wait bool) (seen, swept int, err error) {
		text := pgSweep
		if wait {
			text = strings.Replace(text, "SKIP LOCKED", "", 1)
		}
		err = p.write(ctx, func() error {
			return p.db.QueryRowContext(ctx, text, now.UnixMicro(), limit).Scan(&seen, &swept)
		})
		return seen, swept, err
	})
}

func (p *postgres) setCutoff(ctx context.Context, user string, at time.Time) error {
	return p.write(ctx, func() error {
		_, err := p.db.ExecContext(ctx, pgSetCutoff, cutoffKey(user), []byte(user), at.UnixMicro(),
			at.Add(-store.MaxLifetime).UnixMicro())
		return err
	})
}

func (p *postgres) cutoffs(ctx context.Context) (map[string]time.Time, error) {
	return read(ctx, &p.server, scanCutoffs, pgCutoffs)
}

// sqlState returns PostgreSQL's code of an error, if it is one of its.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// diagnosePostgres goes by PostgreSQL's codes (its manual, appendix A).
func diagnosePostgres(err error) failure {
	switch code := sqlState(err); {
	case code == "40P01", code == "40001": // deadlock_detected, serialization_failure
		return collided
	case code == "28000", code == "28P01":
		return noEntry
	case code == "3D000":
		return noDatabase
	case code == "42501":
		return noRight
	case code == "25006":
		return standby
	case code == "53100":
		return full
	case code == "53300":
		return tooMany
	case code == "57014", code == "55P03": // query_canceled, lock_not_available
		return slow
	case code == "42P01":
		return noTables
	case code == "57P01", code == "57P02", code == "57P03":
		return away
	case strings.HasPrefix(code, "08"):
		return away
	case strings.HasPrefix(code, "XX"):
		return damaged
	}
	return diagnoseNetwork(err)
}
