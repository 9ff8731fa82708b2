package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Listen returns the door through which a store hears PostgreSQL's notifications, as its documentation shows it.
func Listen(dsn string) func(ctx context.Context, channel string, heard func()) error {
	return func(ctx context.Context, channel string, heard func()) error {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return err
		}
		for {
			if _, err := conn.WaitForNotification(ctx); err != nil {
				return err
			}
			heard()
		}
	}
}
