package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"coatcheck.dev/store"
)

// postgresLog reads coatcheck_changes by PostgreSQL's own idea of what can be seen. Each row carries the number of its
// transaction, and each look the snapshot of the one before: what is visible now and was not then is new. So nothing is
// missed, whatever the order of commits, and nobody has to wait for a transaction that takes its time.
type postgresLog struct {
	db    *sql.DB
	marks marks[string] // snapshots
}

// The function for the present is stable: it is the snapshot by which this very statement reads.
const (
	pgChanges = `
SELECT present.snapshot, present.server, present.us, present.read_only, c.kind, c.id, c.cause, c.owner, c.number
FROM (SELECT txid_current_snapshot()::text AS snapshot,
	coalesce(host(inet_server_addr()), '') || ' ' || pg_postmaster_start_time()::text AS server,
	(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us,
	current_setting('transaction_read_only')::boolean AS read_only) present
LEFT JOIN coatcheck_changes c ON c.tx >= txid_snapshot_xmin($1::text::txid_snapshot)
	AND NOT txid_visible_in_snapshot(c.tx, $1::text::txid_snapshot)
ORDER BY c.seq`

	pgTrim = `DELETE FROM coatcheck_changes WHERE tx < txid_snapshot_xmax($1::text::txid_snapshot)
		AND txid_visible_in_snapshot(tx, $1::text::txid_snapshot)`

	// A notification that a crash swallows wakes nobody up, so it need not wait for the disk.
	pgCallOthers = `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, '')`
)

func (l *postgresLog) follow() look {
	var last struct {
		snapshot sql.NullString
		server   string
		us       int64
		at       time.Time
	}
	return func(ctx context.Context) (_ []store.Notice, server time.Time, _ error) {
		present, notices := last, []store.Notice(nil)
		present.at = time.Now().Round(0) // by the wall: it goes on while a machine sleeps
		rows, err := l.db.QueryContext(ctx, pgChanges, last.snapshot)
		if err != nil {
			return nil, server, err
		}
		defer rows.Close()
		for rows.Next() {
			var c change
			var readOnly bool
			if err := rows.Scan(&present.snapshot, &present.server, &present.us, &readOnly, &c.kind, &c.id,
				&c.cause, &c.owner, &c.number); err != nil {
				return nil, server, err
			}
			if readOnly {
				return nil, server, errNoWriter
			}
			if c.kind.Valid {
				notices = append(notices, c.notice())
			}
		}
		if err := rows.Err(); err != nil {
			return nil, server, err
		}
		if last.snapshot.Valid && (present.server != last.server || // another server may have another past
			// and the log may have been trimmed
			present.us-last.us > behindMost.Microseconds() || present.at.Sub(last.at) > behindMost) {
			return nil, server, errMissed
		}
		last = present
		return notices, micro(present.us), nil
	}
}

// trim goes by snapshots too: a change that was committed late, as when it had to wait for a standby, is not visible in
// an old one, however long ago it was made.
func (l *postgresLog) trim(ctx context.Context) error {
	at, snapshot := time.Now(), ""
	if err := l.db.QueryRowContext(ctx, `SELECT txid_current_snapshot()::text`).Scan(&snapshot); err != nil {
		return err
	}
	old, ok := l.marks.add(at, snapshot)
	if !ok {
		return nil
	}
	_, err := l.db.ExecContext(ctx, pgTrim, old)
	return err
}

func (l *postgresLog) callOthers(ctx context.Context) error {
	_, err := l.db.ExecContext(ctx, pgCallOthers, channel)
	return err
}
