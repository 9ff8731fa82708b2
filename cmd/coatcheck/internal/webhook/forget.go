package webhook

import (
	"context"
	"database/sql"
)

// Forget removes what the outbox has of a user and of the user's sessions: messages that were taken, which are kept to
// be sent again, and dead ones. What waits for a receiver stays until it is taken and too old. It returns how many
// messages were removed.
func (o *Outbox) Forget(ctx context.Context, user string) (n int, err error) {
	if user == "" {
		return 0, nil
	}
	err = o.db.change(ctx, func(tx *sql.Tx) error {
		const about = `SELECT seq FROM messages WHERE subject IN
(SELECT subject FROM messages WHERE json_extract(CAST(body AS TEXT), '$.data.user') = ?)`
		_, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE dead = 1 AND seq IN (`+about+`)`, user)
		if err != nil {
			return err
		}
		removed, err := affected(tx.ExecContext(ctx, `DELETE FROM messages WHERE seq IN (`+about+`)
AND seq NOT IN (SELECT seq FROM deliveries)`, user))
		n = int(removed)
		return err
	})
	if err != nil {
		return 0, err
	}
	_, err = o.db.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return n, err
}
