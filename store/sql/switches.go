package sqlstore

import (
	"context"
	"time"

	"coatcheck.dev/store"
)

// switchLife is how long a switch can matter: no session is older.
const switchLife = 400 * 24 * time.Hour

// SetNotBefore implements [store.Switchboard].
func (s *Store) SetNotBefore(ctx context.Context, user string, at time.Time) error {
	at = micro(at.UnixMicro())
	return s.write(ctx, "set a not-before switch", func(t *txn) error {
		if _, err := t.exec(t.stmt.setSwitch, user, at.UnixMicro()); err != nil {
			return err
		}
		if _, err := t.exec(t.stmt.oldSwitch, at.Add(-switchLife).UnixMicro()); err != nil {
			return err
		}
		t.notices = append(t.notices, store.Notice{Kind: store.Switched, User: user, At: at})
		return nil
	})
}

// NotBefore implements [store.Switchboard].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	var all map[string]time.Time
	err := s.read(ctx, "load not-before switches", func(p *prepared) error {
		rows, err := p.stmt.switches.QueryContext(ctx)
		if err != nil {
			return err
		}
		defer rows.Close()
		all = make(map[string]time.Time)
		for rows.Next() {
			var user string
			var at int64
			if err := rows.Scan(&user, &at); err != nil {
				return err
			}
			all[user] = micro(at)
		}
		if p.file.moved() {
			return errMoved
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
