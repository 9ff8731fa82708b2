package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
)

var postgresServer = engine{
	name: "PostgreSQL", schemes: []string{"postgres", "postgresql"},
	example: "postgres://USER:PASSWORD@HOST:5432/DATABASE", parse: server(readPostgres),
}

func readPostgres(l *location) (opener, error) {
	size, err := l.takeNumber("pool", 1, 1000, connections)
	if err != nil {
		return nil, err
	}
	listen := l.take("listen")
	if listen != "" && listen != "on" && listen != "off" {
		return nil, errors.New("listen is on or off")
	}
	// The driver knows many parameters more, and complains itself.
	u := url.URL{
		Scheme: "postgres", User: l.user, Host: strings.Join(l.hosts, ","), Path: "/" + l.path, RawQuery: l.takeRest(),
	}
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		// The outer error repeats the address.
		return nil, fmt.Errorf("it is malformed (%w)", cmp.Or(errors.Unwrap(err), err))
	}
	if l.path == "" {
		return nil, errors.New("it names no database")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "coatcheck"
	}
	return func(ctx context.Context, _ bool) (*Backend, error) {
		var o sqlstore.Options
		if listen != "off" {
			o.Listen = pgxlisten.Config(config)
		}
		const version = "SELECT 'PostgreSQL ' || current_setting('server_version')"
		return openServer(ctx, stdlib.OpenDB(*config), size, sqlstore.PostgreSQL, o, version)
	}, nil
}
