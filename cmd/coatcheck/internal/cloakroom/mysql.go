package cloakroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	sqlstore "coatcheck.dev/store/sql"
)

func (a *Address) mysql(l *location) error {
	size, err := l.takeNumber("pool", 1, 1000, connections)
	if err != nil {
		return err
	}
	if len(l.hosts) > 1 {
		return errors.New("it names several hosts, and one takes the writes")
	}
	if l.path == "" || strings.Contains(l.path, "/") {
		return errors.New("it names no database")
	}
	l.ownQuery["*"] = true
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr, config.DBName = l.username(), l.password(), "tcp", l.withPort("3306")[0], l.path
	config.Timeout = connectTime
	dsn := config.FormatDSN()
	if len(l.query) > 0 {
		dsn += "&" + l.query.Encode()
	}
	if config, err = mysql.ParseDSN(dsn); err != nil {
		return fmt.Errorf("it is malformed (%w)", err)
	}
	config.InterpolateParams = true // one round trip for a statement
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("it is malformed (%w)", err)
	}
	a.open = func(ctx context.Context, _ bool) (*Room, error) {
		db := sql.OpenDB(connector)
		pool(db, size)
		db.SetConnMaxIdleTime(idleTime)
		db.SetConnMaxLifetime(lifeTime)
		return openServer(ctx, db, sqlstore.MySQL, sqlstore.Options{}, "SELECT IF(version() LIKE '%MariaDB%', version(), CONCAT('MySQL ', version()))")
	}
	return nil
}

// openServer finds out whether a database server answers.
func openServer(ctx context.Context, db *sql.DB, dialect sqlstore.Dialect, options sqlstore.Options, version string) (*Room, error) {
	s := sqlstore.New(db, dialect, options)
	if _, err := s.Check(ctx); err != nil { // which says what to do, as a ping does not
		return nil, errors.Join(err, s.Close(ctx), db.Close())
	}
	return &Room{
		Store: s, check: s.Check, prepare: s.Prepare, made: hasTables(db),
		server: func(ctx context.Context) (string, error) { return scan(ctx, db, version) },
		close:  func(ctx context.Context) error { return errors.Join(s.Close(ctx), db.Close()) },
	}, nil
}
