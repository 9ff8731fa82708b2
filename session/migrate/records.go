package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Records is what an old store has to be able to do. Its functions may be called from any number of goroutines. For a
// store that is not below, call the old library:
//
//	migrate.Records{
//		Find:   func(_ context.Context, key string) ([]byte, bool, error) { return old.Find(key) },
//		Delete: func(_ context.Context, key string) error { return old.Delete(key) },
//	}
type Records struct {
	// Find returns the data of a session that has not expired, and whether there is one. An error means that nobody
	// can tell.
	Find func(ctx context.Context, key string) (data []byte, found bool, err error)

	// Delete removes a session, if it is there.
	Delete func(ctx context.Context, key string) error
}

// SQLite reads a table of scs/sqlite3store, by any driver; the table is "sessions" there unless it was configured. It
// panics if the table's name has other characters than letters, digits, underscores and dots.
func SQLite(db *sql.DB, table string) Records {
	checkTable(db, table)
	return records(db,
		"SELECT data FROM "+table+" WHERE token = ? AND julianday('now') < expiry",
		"DELETE FROM "+table+" WHERE token = ?")
}

// PostgreSQL reads a table of scs/postgresstore or scs/pgxstore, by any driver. See [SQLite].
func PostgreSQL(db *sql.DB, table string) Records {
	checkTable(db, table)
	return records(db,
		"SELECT data FROM "+table+" WHERE token = $1 AND current_timestamp < expiry",
		"DELETE FROM "+table+" WHERE token = $1")
}

// checkTable keeps anything but a name out of the statement, and asks for a database.
func checkTable(db *sql.DB, name string) {
	if db == nil {
		panic(errors.New("migrate: a table needs its database: sql.Open opens one"))
	}
	const rest = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
	if name == "" || strings.Trim(name, rest) != "" {
		panic(fmt.Sprintf("migrate: %q is not the plain name of a table", name))
	}
}

func records(db *sql.DB, find, remove string) Records {
	return Records{
		Find: func(ctx context.Context, key string) (data []byte, found bool, err error) {
			err = db.QueryRowContext(ctx, find, key).Scan(&data)
			if errors.Is(err, sql.ErrNoRows) {
				return nil, false, nil
			}
			return data, err == nil, err
		},
		Delete: func(ctx context.Context, key string) error {
			_, err := db.ExecContext(ctx, remove, key)
			return err
		},
	}
}

// Redis reads keys of scs/goredisstore or scs/redisstore, with any client; the prefix is "scs:session:" there unless
// it was configured. The function sends one command, args, and returns the reply as Go values; key is the one that
// the command is about. With go-redis it is
//
//	func(ctx context.Context, key string, args ...any) (any, error) { return client.Do(ctx, args...).Result() }
func Redis(do func(ctx context.Context, key string, args ...any) (any, error), prefix string) Records {
	return Records{
		Find: func(ctx context.Context, key string) ([]byte, bool, error) {
			// Clients disagree on how GET says that there is nothing; in the list that MGET returns it is nil with
			// all of them.
			reply, err := do(ctx, prefix+key, "MGET", prefix+key)
			if err != nil {
				return nil, false, err
			}
			list, ok := reply.([]any)
			if !ok || len(list) != 1 {
				return nil, false, fmt.Errorf("reply to MGET is %T, not a list of one", reply)
			}
			switch data := list[0].(type) {
			case nil:
				return nil, false, nil
			case string:
				return []byte(data), true, nil
			case []byte:
				return data, true, nil
			}
			return nil, false, fmt.Errorf("reply to MGET has %T, not text", list[0])
		},
		Delete: func(ctx context.Context, key string) error {
			_, err := do(ctx, prefix+key, "DEL", prefix+key)
			return err
		},
	}
}
