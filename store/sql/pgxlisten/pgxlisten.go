// Package pgxlisten lets package sqlstore hear PostgreSQL's notifications through pgx, because database/sql cannot:
//
//	db, err := sql.Open("pgx", dsn)
//	...
//	s := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{Listen: pgxlisten.DSN(dsn)})
//
// Changes that other processes make are then heard within milliseconds. Each process takes one more connection, which
// only listens. It must lead past any pooler in transaction mode, such as PgBouncer, which does not carry LISTEN.
package pgxlisten

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// pingEvery is how often a silent connection is tried: the other end may be gone without a word.
	pingEvery = 15 * time.Second
	pingTime  = 5 * time.Second
)

// DSN listens at an address in any form that pgx reads: a URL or key=value pairs. It is read each time a connection is
// made; one that is malformed is an error then.
func DSN(dsn string) func(ctx context.Context, channel string, heard func()) error {
	return listen(func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, dsn) })
}

// Config is like [DSN] for an address that has been read, with what else a connection needs. The configuration must
// come from [pgx.ParseConfig], and must not be changed any more.
func Config(config *pgx.ConnConfig) func(ctx context.Context, channel string, heard func()) error {
	return listen(func(ctx context.Context) (*pgx.Conn, error) { return pgx.ConnectConfig(ctx, config) })
}

func listen(connect func(context.Context) (*pgx.Conn, error)) func(context.Context, string, func()) error {
	return func(ctx context.Context, channel string, heard func()) error {
		conn, err := connect(ctx)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return err
		}
		for {
			notified, err := wait(ctx, conn)
			if err != nil {
				return err
			}
			if notified {
				heard()
			}
		}
	}
}

// wait returns after a notification, or after a time without one if the server still answers then.
func wait(ctx context.Context, conn *pgx.Conn) (notified bool, err error) {
	quiet, cancel := context.WithTimeout(ctx, pingEvery)
	defer cancel()
	_, err = conn.WaitForNotification(quiet)
	if err == nil || quiet.Err() == nil || ctx.Err() != nil {
		return err == nil, err
	}
	ping, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	return false, conn.Ping(ping)
}
