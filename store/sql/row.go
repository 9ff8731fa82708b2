package sqlstore

import (
	"database/sql"
	"time"

	"coatcheck.dev/store"
)

// A row is a record as the database has it. Times are microseconds since 1970.
type row struct {
	id            store.ID
	version       int64
	created, seen int64
	body          string
}

func (r *row) record() (store.Record, error) {
	record := store.Record{ID: r.id, Version: uint64(r.version), LastSeen: micro(r.seen)}
	if err := record.SetBody(r.body); err != nil {
		return store.Record{}, err
	}
	return record, nil
}

// values are what a record becomes, made while it still belongs to the caller.
type values struct {
	id                           store.ID
	owner                        string
	version                      int64
	created, seen, expires, idle int64
	ends                         int64 // if the session is not touched
	body                         []byte
}

func valuesOf(r *store.Record) *values {
	return &values{
		id: r.ID, owner: r.User, version: int64(r.Version),
		created: r.CreatedAt.UnixMicro(), seen: r.LastSeen.UnixMicro(), expires: r.ExpiresAt.UnixMicro(),
		idle: r.IdleTimeout.Microseconds(), ends: r.Ends().UnixMicro(), body: r.AppendBody(nil),
	}
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// scanPage reads rows of id, version, created, last_seen and body.
func scanPage(rows *sql.Rows) (page []row, err error) {
	defer rows.Close()
	for rows.Next() {
		var r row
		var id []byte
		if err := rows.Scan(&id, &r.version, &r.created, &r.seen, &r.body); err != nil {
			return nil, err
		}
		copy(r.id[:], id)
		page = append(page, r)
	}
	return page, rows.Err()
}

// scanSummaries reads rows of id, created and last_seen.
func scanSummaries(rows *sql.Rows) (all []store.Summary, err error) {
	defer rows.Close()
	for rows.Next() {
		var id sql.RawBytes
		var created, seen int64
		if err := rows.Scan(&id, &created, &seen); err != nil {
			return nil, err
		}
		all = append(all, store.Summary{ID: store.ID(id), CreatedAt: micro(created), LastSeen: micro(seen)})
	}
	return all, rows.Err()
}

// scanCutoffs reads rows of owner and at.
func scanCutoffs(rows *sql.Rows) (map[string]time.Time, error) {
	defer rows.Close()
	all := make(map[string]time.Time)
	for rows.Next() {
		var user string
		var at int64
		if err := rows.Scan(&user, &at); err != nil {
			return nil, err
		}
		all[user] = micro(at)
	}
	return all, rows.Err()
}

// scanIDs reads rows of id.
func scanIDs(rows *sql.Rows) (ids []store.ID, err error) {
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		ids = append(ids, store.ID(b))
	}
	return ids, rows.Err()
}
