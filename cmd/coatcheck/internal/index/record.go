package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// fetch reads the rows at places, in their order, but for those that are over.
func (x *Index) fetch(ctx context.Context, tx *sql.Tx, at []spot, now time.Time) ([]session.Info, error) {
	ids := make([]int64, len(at))
	for i, p := range at {
		ids[i] = p.id
	}
	list, _ := json.Marshal(ids)
	rows, err := tx.QueryContext(ctx, `SELECT id, handle, facet, created, seen, ends, expires, address, user FROM live
		WHERE id IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[int64]session.Info, len(at))
	for rows.Next() {
		var id int64
		r, err := scanRow(rows, &id)
		if err != nil {
			return nil, err
		}
		if r.ends > now.UnixMicro() {
			found[id] = r.info(x.facets.get(r.facet))
		}
	}
	infos := make([]session.Info, 0, len(at))
	for _, p := range at {
		if i, ok := found[p.id]; ok {
			infos = append(infos, i)
		}
	}
	return infos, rows.Err()
}

// A record is a row of the table live.
type record struct {
	id                           int64
	handle                       store.ID
	facet                        int64
	created, seen, ends, expires int64
	address                      string
	user                         []byte
}

func scanRow(rows *sql.Rows, id *int64) (r record, err error) {
	var handle []byte
	err = rows.Scan(id, &handle, &r.facet, &r.created, &r.seen, &r.ends, &r.expires, &r.address, &r.user)
	copy(r.handle[:], handle)
	r.id = *id
	return r, err
}

// info is what the index knows of a session. The browser's name stands for its User-Agent.
func (r *record) info(d description) session.Info {
	i := session.Info{
		Handle: r.handle, User: string(r.user), CreatedAt: time.UnixMicro(r.created).UTC(),
		LastSeen: time.UnixMicro(r.seen).UTC(), ExpiresAt: time.UnixMicro(r.expires).UTC(),
		Remember: d.remembered, Method: d.method, Level: d.level,
		Device: store.Device{Address: r.address, Label: d.shown()},
	}
	if r.ends != r.expires {
		i.IdleTimeout = time.Duration(r.ends-r.seen) * time.Microsecond
	}
	return i
}
