package cloakroom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
)

const (
	// connections is the size of a node's pool unless the address says otherwise: a database server has a hundred or
	// so for all who come, and sixteen at a time keep it busy.
	connections = 16

	connectTime = 5 * time.Second  // for a connection to be made
	idleTime    = 5 * time.Minute  // before one that nobody uses is given back
	lifeTime    = 30 * time.Minute // so that a server that was added gets its share
)

func (a *Address) postgres(l *location) error {
	size, err := l.takeNumber("pool", 1, 1000, connections)
	if err != nil {
		return err
	}
	listen := l.take("listen")
	if listen != "" && listen != "on" && listen != "off" {
		return errors.New("listen is on or off")
	}
	l.ownQuery["*"] = true // the driver knows many, and complains itself
	u := url.URL{Scheme: "postgres", User: l.user, Host: strings.Join(l.hosts, ","), Path: "/" + l.path, RawQuery: l.query.Encode()}
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return fmt.Errorf("it is malformed (%w)", cmp.Or(errors.Unwrap(err), err)) // the outer one repeats the address
	}
	if l.path == "" {
		return errors.New("it names no database")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "coatcheck"
	}
	a.open = func(ctx context.Context, _ bool) (*Room, error) {
		db := stdlib.OpenDB(*config)
		pool(db, size)
		db.SetConnMaxIdleTime(idleTime)
		db.SetConnMaxLifetime(lifeTime)
		var options sqlstore.Options
		if listen != "off" {
			options.Listen = pgxlisten.Config(config)
		}
		return openServer(ctx, db, sqlstore.PostgreSQL, options, "SELECT 'PostgreSQL ' || current_setting('server_version')")
	}
	return nil
}
