package backend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	sqlstore "coatcheck.dev/store/sql"
)

var mysqlServer = engine{
	name: "MySQL", schemes: []string{"mysql", "mariadb"},
	example: "mysql://USER:PASSWORD@HOST:3306/DATABASE", parse: server(readMySQL),
}

func readMySQL(l *location) (opener, error) {
	size, err := l.takeNumber("pool", 1, 1000, connections)
	if err != nil {
		return nil, err
	}
	if len(l.hosts) > 1 {
		return nil, errors.New("it names several hosts, and one takes the writes")
	}
	if l.path == "" || strings.Contains(l.path, "/") {
		return nil, errors.New("it names no database")
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = l.username(), l.password(), l.path
	config.Net, config.Addr, config.Timeout = "tcp", l.withPort("3306")[0], connectTimeout
	dsn := config.FormatDSN()
	if rest := l.takeRest(); rest != "" { // the driver knows many parameters more, and complains itself
		dsn += "&" + rest
	}
	if config, err = mysql.ParseDSN(dsn); err != nil {
		return nil, fmt.Errorf("it is malformed (%w)", err)
	}
	config.InterpolateParams = true // one round trip for a statement
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("it is malformed (%w)", err)
	}
	return func(ctx context.Context, _ bool) (*Backend, error) {
		const version = "SELECT IF(version() LIKE '%MariaDB%', version(), CONCAT('MySQL ', version()))"
		return openServer(ctx, sql.OpenDB(connector), size, sqlstore.MySQL, sqlstore.Options{}, version)
	}, nil
}
