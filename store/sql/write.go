package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// The methods below are what the writer does, each as one step of a transaction that it may share with others. A step that is refused changes nothing.

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	body := r.AppendBody(nil)
	return s.writer.do(ctx, "create session", func(ctx context.Context, c *conn) ([]store.Notice, error) {
		notices := []store.Notice{{Kind: store.Created, ID: r.ID, User: r.User}}
		if !replaces.IsZero() {
			// Looked at first: once the new row is in, a refusal would have to take it out again.
			version, err := c.version(ctx, replaces)
			if err != nil {
				return nil, err
			}
			if version != r.Version {
				return nil, store.ErrConflict
			}
		}
		n, err := c.exec(ctx, c.dialect.create, r.ID[:], []byte(r.User), r.CreatedAt.UnixMicro(), r.LastSeen.UnixMicro(),
			r.ExpiresAt.UnixMicro(), r.IdleTimeout.Microseconds(), r.Ends().UnixMicro(), body)
		switch {
		case err != nil:
			return nil, err
		case n == 0:
			return nil, store.ErrExists
		case replaces.IsZero():
			return notices, nil
		}
		_, err = c.exec(ctx, c.dialect.delete, replaces[:])
		return append([]store.Notice{{Kind: store.Replaced, ID: replaces}}, notices...), err
	})
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	body := r.AppendBody(nil)
	return s.writer.do(ctx, "save session", func(ctx context.Context, c *conn) ([]store.Notice, error) {
		n, err := c.exec(ctx, c.dialect.save, r.LastSeen.UnixMicro(), r.ExpiresAt.UnixMicro(), r.IdleTimeout.Microseconds(),
			body, r.ID[:], int64(r.Version))
		if err != nil {
			return nil, err
		}
		if n == 1 {
			return []store.Notice{{Kind: store.Saved, ID: r.ID, User: r.User}}, nil
		}
		if _, err := c.version(ctx, r.ID); err != nil {
			return nil, err
		}
		return nil, store.ErrConflict
	})
}

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	if len(seen) == 0 {
		return ctx.Err()
	}
	return s.writer.do(ctx, "touch sessions", func(ctx context.Context, c *conn) ([]store.Notice, error) {
		for _, t := range seen {
			if _, err := c.exec(ctx, c.dialect.touch, t.At.UnixMicro(), t.ID[:]); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id store.ID) (existed bool, err error) {
	err = s.writer.do(ctx, "delete session", func(ctx context.Context, c *conn) ([]store.Notice, error) {
		n, err := c.exec(ctx, c.dialect.delete, id[:])
		if existed = n > 0; !existed {
			return nil, err
		}
		return []store.Notice{{Kind: store.Deleted, ID: id}}, err
	})
	return existed && err == nil, err
}

// DeleteUser implements [store.Store].
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if user == "" {
		return nil, ctx.Err()
	}
	query, args := s.dialect.deleteUser, []any{[]byte(user)}
	if len(keep) > 0 {
		query += " AND id NOT IN (?" + strings.Repeat(", ?", len(keep)-1) + ")"
		for _, id := range keep {
			args = append(args, id[:])
		}
	}
	var ids []store.ID
	err := s.writer.do(ctx, "delete sessions of a user", func(ctx context.Context, c *conn) (notices []store.Notice, err error) {
		ids, err = c.ids(ctx, query+" RETURNING id", args...)
		return noticesOf(store.Deleted, ids, user), err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// Sweep implements [store.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (swept int, err error) {
	err = s.writer.do(ctx, "sweep sessions", func(ctx context.Context, c *conn) ([]store.Notice, error) {
		ids, err := c.ids(ctx, c.dialect.sweep, now.UnixMicro(), limit)
		swept = len(ids)
		return noticesOf(store.Swept, ids, ""), err
	})
	if err != nil {
		return 0, err
	}
	return swept, nil
}

func noticesOf(kind store.NoticeKind, ids []store.ID, user string) []store.Notice {
	notices := make([]store.Notice, len(ids))
	for i, id := range ids {
		notices[i] = store.Notice{Kind: kind, ID: id, User: user}
	}
	return notices
}

// switchLife is how long a switch can matter: no session is older.
const switchLife = 400 * 24 * time.Hour

// SetNotBefore implements [store.Switchboard].
func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	at := t.UnixMicro()
	return s.writer.do(ctx, "set not-before switch", func(ctx context.Context, c *conn) ([]store.Notice, error) {
		if _, err := c.exec(ctx, c.dialect.forgetSwitches, at-switchLife.Microseconds()); err != nil {
			return nil, err
		}
		_, err := c.exec(ctx, c.dialect.setSwitch, []byte(user), at)
		return []store.Notice{{Kind: store.Switched, User: user, At: micro(at)}}, err
	})
}

// A conn is the connection that the writer holds, with the statements that it has prepared on it.
type conn struct {
	*sql.Conn
	dialect  *Dialect
	prepared map[string]*sql.Stmt
}

func (c *conn) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := c.prepared[query]; ok {
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err == nil {
		c.prepared[query] = stmt
	}
	return stmt, err
}

// close gives the connection back to the pool.
func (c *conn) close() {
	for _, stmt := range c.prepared {
		stmt.Close()
	}
	c.Close()
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := c.statement(ctx, query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// version returns the version of a record, or store.ErrNotFound.
func (c *conn) version(ctx context.Context, id store.ID) (version uint64, err error) {
	stmt, err := c.statement(ctx, c.dialect.version)
	if err != nil {
		return 0, err
	}
	err = stmt.QueryRowContext(ctx, id[:]).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, store.ErrNotFound
	}
	return version, err
}

// ids runs a statement that returns IDs.
func (c *conn) ids(ctx context.Context, query string, args ...any) ([]store.ID, error) {
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []store.ID
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		ids = append(ids, toID(b))
	}
	return ids, rows.Err()
}
