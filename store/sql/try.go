package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// Try uses the database once: it writes and removes a row in every table, in one transaction, and asks for what is not
// there. Nobody else sees any of it. What the database lacks, or what its user may not do, is an error now instead of
// at the first sign-in. A database that takes no writes at the time, because the disk is full or another program has
// locked it, is no error.
func (s *Store) Try(ctx context.Context) error {
	err := s.do(ctx, "write and remove a row", func() error { return s.engine.try(ctx) })
	if err == nil {
		return s.askOnce(ctx)
	}
	if s.engine.passing(err) {
		return nil
	}
	return err
}

// askOnce calls what changes nothing where there is nothing. No session is ended, because the feed tells of an end even
// if there was none.
func (s *Store) askOnce(ctx context.Context) error {
	var long time.Time // ago
	user, now := store.NewID().String(), time.Now()
	r := store.Record{ID: store.NewID(), Version: 1, User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now}
	for _, ask := range []func() error{
		func() error { return s.Create(ctx, r, store.NewID()) },
		func() error { return s.Save(ctx, r) },
		func() error { return s.Touch(ctx, []store.Seen{{ID: r.ID, At: now}}) },
		func() error { _, err := s.Load(ctx, r.ID); return err },
		func() error { _, err := s.List(ctx, store.Query{User: user, Limit: 1}); return err },
		func() error { _, err := s.List(ctx, store.Query{Limit: 1}); return err },
		func() error { _, err := s.Live(ctx, user, long, now, 1); return err },
		func() error { _, err := s.Count(ctx, user, long); return err },
		func() error { _, err := s.Sweep(ctx, long, 1); return err },
		func() error { _, err := s.NotBefore(ctx); return err },
	} {
		if err := ask(); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// serverTry writes and removes a row in every table. own tells the row that this transaction has added to the log.
func serverTry(own string) []string {
	const id = `'coatcheck-try-id'` // as long as an ID, and nobody's
	return []string{
		`INSERT INTO coatcheck_sessions (id, version, owner, created, last_seen, expires, idle, due, body)
		VALUES (` + id + `, 0, '', 0, 0, 0, 0, 0, '')`,
		`UPDATE coatcheck_sessions SET version = 1 WHERE id = ` + id,
		`DELETE FROM coatcheck_sessions WHERE id = ` + id,
		`INSERT INTO coatcheck_switches (who, owner, at) VALUES (` + id + `, '', 0)`,
		`UPDATE coatcheck_switches SET at = 1 WHERE who = ` + id,
		`DELETE FROM coatcheck_switches WHERE who = ` + id,
		`INSERT INTO coatcheck_changes (kind, id, owner) VALUES (0, ` + id + `, '')`,
		`DELETE FROM coatcheck_changes WHERE ` + own,
	}
}

var liteTry = []string{
	`INSERT INTO coatcheck_sessions (id, version, owner, created, last_seen, expires, idle, body)
	VALUES (x'00', 0, '', 0, 0, 0, 0, x'')`,
	`UPDATE coatcheck_sessions SET version = 1 WHERE id = x'00'`,
	`DELETE FROM coatcheck_sessions WHERE id = x'00'`,
	`INSERT INTO coatcheck_switches (owner, at) VALUES ('coatcheck-try-id', 0)`,
	`UPDATE coatcheck_switches SET at = 1 WHERE owner = 'coatcheck-try-id'`,
	`DELETE FROM coatcheck_switches WHERE owner = 'coatcheck-try-id'`,
}

// tried names a statement by what it does to which table.
func tried(text string, err error) error {
	return fmt.Errorf("%s: %w", strings.Join(strings.Fields(text)[:3], " "), err)
}

func (s *server) try(ctx context.Context) error {
	return s.again(ctx, func() error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for _, text := range s.tries {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return tried(text, err)
			}
		}
		return tx.Commit()
	})
}

func (s *server) passing(err error) bool { return s.diagnose(err) == full }

func (s *sqlite) try(ctx context.Context) error {
	return s.writer.write(ctx, func(t *txn) error {
		for _, text := range liteTry {
			if _, err := t.exec(text); err != nil {
				return tried(text, err)
			}
		}
		return nil
	})
}

func (s *sqlite) passing(err error) bool {
	why := diagnoseSQLite(err)
	return why == full || why == locked
}
