package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math"
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
	body                         []byte
}

func valuesOf(r *store.Record) *values {
	return &values{
		id: r.ID, owner: r.User, version: int64(r.Version),
		created: r.CreatedAt.UnixMicro(), seen: r.LastSeen.UnixMicro(), expires: r.ExpiresAt.UnixMicro(),
		idle: r.IdleTimeout.Microseconds(), body: r.AppendBody(nil),
	}
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// list returns a page. Damaged records are left out, so that it may take more than one look to fill it.
func (p *prepared) list(ctx context.Context, q store.Query) ([]store.Record, error) {
	last := row{created: math.MaxInt64}
	if !q.After.ID.IsZero() || !q.After.CreatedAt.IsZero() {
		last = row{id: q.After.ID, created: q.After.CreatedAt.UnixMicro()}
	}
	var records []store.Record
	for limit := q.PageLimit(); len(records) < limit; {
		want := limit - len(records)
		rows, err := p.rows(ctx, q.User, last, want)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			r, err := row.record()
			if errors.Is(err, store.ErrDamaged) {
				continue
			}
			if err != nil {
				return nil, err
			}
			records = append(records, r)
		}
		if len(rows) < want {
			break
		}
		last = rows[len(rows)-1]
	}
	return records, nil
}

// rows returns the rows that come after another one in the order of listings.
func (p *prepared) rows(ctx context.Context, user string, last row, limit int) (page []row, err error) {
	var rows *sql.Rows
	if user == "" {
		rows, err = p.stmt.list.QueryContext(ctx, last.created, last.id[:], limit)
	} else {
		rows, err = p.stmt.listUser.QueryContext(ctx, user, last.created, last.id[:], limit)
	}
	if err != nil {
		return nil, err
	}
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
