package sqlstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"

	"coatcheck.dev/store"
)

// CreateMany creates records as [Store.Create] does, many in one transaction. Where an ID is taken nothing happens, and
// those IDs are returned. It is for filling a store that is not in use yet: others wait for as long as a transaction
// takes, and a connection to SQLite keeps up to 256 MB of the database in memory until it is closed. MySQL and MariaDB
// return [errors.ErrUnsupported].
func (s *Store) CreateMany(ctx context.Context, records []store.Record) (taken []store.ID, err error) {
	all := make([]*values, len(records))
	for i := range records {
		all[i] = valuesOf(&records[i])
	}
	err = s.do(ctx, "create sessions", func() (err error) {
		taken, err = s.engine.createMany(ctx, all)
		return err
	})
	return taken, err
}

// Scan returns at most limit records in the order of their IDs, those after one ID: the order in which databases have
// them, so that it costs less than [Store.List]. Damaged records are left out. Done says that there are no more.
func (s *Store) Scan(ctx context.Context, after store.ID, limit int) (all []store.Record, done bool, err error) {
	err = s.do(ctx, "read sessions", func() error {
		for len(all) == 0 && !done {
			rows, err := s.engine.scan(ctx, after, limit)
			if err != nil {
				return err
			}
			done = len(rows) < limit
			for i := range rows {
				r, err := rows[i].record()
				after = rows[i].id
				if errors.Is(err, store.ErrDamaged) {
					continue
				}
				if err != nil {
					return err
				}
				all = append(all, r)
			}
		}
		return nil
	})
	return all, done, err
}

const (
	liteScan = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions
WHERE id > ? ORDER BY id LIMIT ? + 0`
	pgScan = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions WHERE id > $1 ORDER BY id LIMIT $2`
	myScan = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions WHERE id > ? ORDER BY id LIMIT ?`
)

func (s *sqlite) scan(ctx context.Context, after store.ID, limit int) ([]row, error) {
	return rows(ctx, s, scanPage, liteScan, after[:], limit)
}

func (p *postgres) scan(ctx context.Context, after store.ID, limit int) ([]row, error) {
	return read(ctx, &p.server, scanPage, pgScan, after[:], limit)
}

func (m *mysql) scan(ctx context.Context, after store.ID, limit int) ([]row, error) {
	return read(ctx, &m.server, scanPage, myScan, after[:], limit)
}

// The pages of indexes are written in no order, so that with a small cache each would be read and written many times.
// This is in KiB. The connection keeps it, so that the next transaction finds the pages there.
const liteLargeCache = `PRAGMA cache_size = -262144`

// createMany inserts in the order of the IDs, in which the primary key has them. One statement for several rows would
// cost more: SQLite then keeps a journal of its own for it.
func (s *sqlite) createMany(ctx context.Context, all []*values) ([]store.ID, error) {
	slices.SortFunc(all, func(a, b *values) int { return bytes.Compare(a.id[:], b.id[:]) })
	return result(ctx, &s.writer, func(t *txn) (taken []store.ID, err error) {
		if err := t.run(liteLargeCache); err != nil {
			return nil, err
		}
		for _, v := range all {
			switch err := t.create(v, store.ID{}); {
			case errors.Is(err, store.ErrExists):
				taken = append(taken, v.id)
			case err != nil:
				return nil, err
			}
		}
		return taken, nil
	})
}

// pgRowsAtATime bounds the locks of one statement: the server has room for a few thousand.
const pgRowsAtATime = 500

const pgCreateMany = `
WITH locked AS MATERIALIZED (
	SELECT pg_advisory_xact_lock_shared(1668243828, k)::text FROM (
		SELECT DISTINCT k FROM unnest($9::text::int[]) k ORDER BY k) keys),
rows AS (
	SELECT * FROM unnest($1::text::bytea[], $2::text::bytea[], $3::text::bytea[], $4::text::bigint[],
		$5::text::bigint[], $6::text::bigint[], $7::text::bigint[], $8::text::bigint[], $10::text::bytea[],
		$11::text::bigint[])
	AS r (id, owner, who, created, last_seen, expires, idle, due, body, version)
	WHERE (SELECT count(*) FROM locked) >= 0),
new AS (
	INSERT INTO coatcheck_sessions (id, version, owner, who, created, last_seen, expires, idle, due, body)
	SELECT id, version + 1, owner, who, created, last_seen, expires, idle, due, body FROM rows ORDER BY id
	ON CONFLICT (id) DO NOTHING RETURNING id, owner, version),
told AS (INSERT INTO coatcheck_changes (kind, id, owner, number) SELECT 1, id, owner, version FROM new)
SELECT id FROM rows WHERE NOT EXISTS (SELECT FROM new WHERE new.id = rows.id)`

func (p *postgres) createMany(ctx context.Context, all []*values) (taken []store.ID, err error) {
	for few := range slices.Chunk(all, pgRowsAtATime) {
		var ids, owners, keys, bodies [][]byte
		var created, seen, expires, idle, ends, locks, versions []int64
		for _, v := range few {
			ids, owners, bodies = append(ids, v.id[:]), append(owners, []byte(v.owner)), append(bodies, v.body)
			keys = append(keys, keyOf(v.owner))
			created, seen, expires = append(created, v.created), append(seen, v.seen), append(expires, v.expires)
			idle, ends, versions = append(idle, v.idle), append(ends, v.ends), append(versions, v.version)
			if key, ok := lockOf(v.owner).(int64); ok { // visitors have none
				locks = append(locks, key)
			}
		}
		var more []store.ID
		err := p.write(ctx, func() error {
			rows, err := p.db.QueryContext(ctx, pgCreateMany, bytesArray(ids), bytesArray(owners), bytesArray(keys),
				numberArray(created), numberArray(seen), numberArray(expires), numberArray(idle), numberArray(ends),
				numberArray(locks), bytesArray(bodies), numberArray(versions))
			if err != nil {
				return err
			}
			more, err = scanIDs(rows)
			return err
		})
		if err != nil {
			return nil, err
		}
		taken = append(taken, more...)
	}
	return taken, nil
}

// bytesArray returns byte strings as PostgreSQL writes an array; nil is NULL.
func bytesArray(all [][]byte) string {
	b := []byte{'{'}
	for i, one := range all {
		if i > 0 {
			b = append(b, ',')
		}
		if one == nil {
			b = append(b, "NULL"...)
			continue
		}
		b = append(b, `"\\x`...)
		b = hex.AppendEncode(b, one)
		b = append(b, '"')
	}
	return string(append(b, '}'))
}

func numberArray(all []int64) string {
	b := []byte{'{'}
	for i, n := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, '}'))
}

func (m *mysql) createMany(context.Context, []*values) ([]store.ID, error) {
	return nil, errors.ErrUnsupported
}
