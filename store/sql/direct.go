package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"coatcheck.dev/store"
)

// errIndirect says that a driver does not answer in the simple way that direct asks in.
var errIndirect = errors.New("sqlstore: the driver has to be asked through database/sql")

// direct is one by the driver itself, on a connection of the pool. Package database/sql has a goroutine wait for the
// end of each query's context, for which it wakes a second processor twice; drivers watch the context themselves.
func (s *server) direct(ctx context.Context, id store.ID, text string) (row, error) {
	r := row{id: id}
	err := s.again(ctx, func() error {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		return conn.Raw(func(c any) error { return r.query(ctx, c, text) })
	})
	if errors.Is(err, errIndirect) || errors.Is(err, driver.ErrSkip) {
		return s.one(ctx, id, text)
	}
	return r, err
}

func (r *row) query(ctx context.Context, conn any, text string) (err error) {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return errIndirect
	}
	rows, err := q.QueryContext(ctx, text, []driver.NamedValue{{Ordinal: 1, Value: r.id[:]}})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	values := make([]driver.Value, len(rows.Columns()))
	switch err := rows.Next(values); {
	case err == io.EOF:
		return store.ErrNotFound
	case err != nil:
		return err
	}
	return r.take(values)
}

// take takes what one scans: version, last_seen, body.
func (r *row) take(values []driver.Value) error {
	if len(values) != 3 {
		return errIndirect
	}
	version, isNumber := values[0].(int64)
	seen, isTime := values[1].(int64)
	body, isBytes := values[2].([]byte)
	if !isNumber || !isTime || !isBytes {
		return errIndirect
	}
	r.version, r.seen, r.body = version, seen, string(body) // the driver will use the bytes again
	return nil
}
