package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"coatcheck.dev/session/migrate"
)

func TestRedisReplies(t *testing.T) {
	down := errors.New("down")
	for _, c := range []struct {
		name  string
		reply any
		err   error
		data  string
		found bool
		fails bool
	}{
		{"string", []any{"data"}, nil, "data", true, false},
		{"bytes", []any{[]byte("data")}, nil, "data", true, false},
		{"none", []any{nil}, nil, "", false, false},
		{"down", nil, down, "", false, true},
		{"not a list", "data", nil, "", false, true},
		{"empty list", []any{}, nil, "", false, true},
		{"a number", []any{int64(1)}, nil, "", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := migrate.Redis(func(_ context.Context, key string, args ...any) (any, error) {
				if key != "scs:session:k" || len(args) != 2 || args[0] != "MGET" || args[1] != key {
					t.Errorf("sent %v about %q", args, key)
				}
				return c.reply, c.err
			}, "scs:session:")
			data, found, err := r.Find(t.Context(), "k")
			if string(data) != c.data || found != c.found || (err != nil) != c.fails {
				t.Errorf("%q, %v, %v, want %q, %v", data, found, err, c.data, c.found)
			}
		})
	}
}

func TestTableNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"sessions": true, "auth.sessions": true, "Sessions_2": true,
		"": false, "a b": false, "a;": false, `"a"`: false, "a--": false, "x' OR 1": false,
	} {
		func() {
			defer func() {
				if (recover() == nil) != ok {
					t.Errorf("table %q accepted: %v, want %v", name, !ok, ok)
				}
			}()
			migrate.SQLite(new(sql.DB), name)
			migrate.PostgreSQL(new(sql.DB), name)
		}()
	}
}
