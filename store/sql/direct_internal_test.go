package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"coatcheck.dev/store"
)

// puppet is a driver with one table of one row. Its connections do no more than drivers have to.
type puppet struct {
	values  []driver.Value // no values: no row
	failing []error        // of queries, one after the other
	asked   int
}

func (p *puppet) Connect(context.Context) (driver.Conn, error) { return plainConn{p}, nil }
func (p *puppet) Driver() driver.Driver                        { return nil }

func (p *puppet) query() (driver.Rows, error) {
	if p.asked++; p.asked <= len(p.failing) {
		return nil, p.failing[p.asked-1]
	}
	return &puppetRows{values: p.values}, nil
}

type plainConn struct{ *puppet }

func (c plainConn) Prepare(string) (driver.Stmt, error) { return puppetStmt(c), nil }
func (plainConn) Close() error                          { return nil }
func (plainConn) Begin() (driver.Tx, error)             { return nil, errors.ErrUnsupported }

type puppetStmt struct{ *puppet }

func (puppetStmt) Close() error                               { return nil }
func (puppetStmt) NumInput() int                              { return 1 }
func (puppetStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errors.ErrUnsupported }
func (s puppetStmt) Query([]driver.Value) (driver.Rows, error) {
	return s.query()
}

type puppetRows struct{ values []driver.Value }

func (*puppetRows) Columns() []string { return []string{"version", "last_seen", "body"} }
func (*puppetRows) Close() error      { return nil }
func (r *puppetRows) Next(dest []driver.Value) error {
	if len(r.values) == 0 {
		return io.EOF
	}
	copy(dest, r.values)
	r.values = nil
	return nil
}

// quick answers without preparing, as a driver may.
type quick struct{ *puppet }

func (q quick) Connect(context.Context) (driver.Conn, error) { return quickConn{plainConn(q)}, nil }

type quickConn struct{ plainConn }

func (c quickConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return c.query()
}

// Whatever a driver can do, the same row comes out of it.
func TestDirect(t *testing.T) {
	good := []driver.Value{int64(3), int64(5), []byte("body")}
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		connector func(*puppet) driver.Connector
		puppet    puppet
		want      error
		asked     int
	}{
		"quick":    {asQuick, puppet{values: good}, nil, 1},
		"prepares": {asPlain, puppet{values: good}, nil, 1},
		"has to be asked indirectly": {asQuick,
			puppet{values: good, failing: []error{driver.ErrSkip, driver.ErrSkip}}, nil, 3},
		"has other types":              {asQuick, puppet{values: []driver.Value{"3", "5", "body"}}, nil, 2},
		"no row":                       {asQuick, puppet{}, store.ErrNotFound, 1},
		"no row, prepared":             {asPlain, puppet{}, store.ErrNotFound, 1},
		"a connection found broken":    {asQuick, puppet{values: good, failing: []error{driver.ErrBadConn}}, nil, 2},
		"an error that says something": {asQuick, puppet{values: good, failing: []error{broken}}, broken, 1},
	} {
		t.Run(name, func(t *testing.T) {
			db := sql.OpenDB(c.connector(&c.puppet))
			defer db.Close()
			s := &server{db: db, feed: newFeed(nil, nil), diagnose: func(error) failure { return unknown }}
			r, err := s.direct(t.Context(), store.ID{1}, "SELECT")
			if !errors.Is(err, c.want) || c.puppet.asked != c.asked {
				t.Fatalf("%v after %d queries, want %v after %d", err, c.puppet.asked, c.want, c.asked)
			}
			if want := (row{id: store.ID{1}, version: 3, seen: 5, body: "body"}); c.want == nil && r != want {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func asQuick(p *puppet) driver.Connector { return quick{p} }
func asPlain(p *puppet) driver.Connector { return p }
