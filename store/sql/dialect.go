package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

// A Dialect is how one kind of database is spoken to: [SQLite].
type Dialect struct {
	name       string
	migrations []string // each brings the tables from one version to the next, in one transaction

	// connect readies a connection for writing. path returns the file of the database, or "".
	connect func(context.Context, *sql.Conn) error
	path    func(context.Context, *sql.Conn) (string, error)
	hint    func(error) string // what an error of the database means for whoever runs the program; "" if nothing is known

	begin                     string
	load, version             string
	listAll, listUser         string
	countAll, countUser       string
	create, save, touch       string
	delete, deleteUser, sweep string

	switches, setSwitch, forgetSwitches string
}

// migrate brings the tables up to date. It changes nothing if they are, or if they are newer than this program.
func migrate(ctx context.Context, c *sql.Conn, d *Dialect) error {
	if _, err := c.ExecContext(ctx, d.begin); err != nil {
		return err
	}
	defer c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // does nothing after COMMIT
	version, err := schemaVersion(ctx, c)
	if err != nil {
		return err
	}
	if version > len(d.migrations) {
		return fmt.Errorf("its tables are of version %d, and this program knows versions up to %d: use the newer program that made them", version, len(d.migrations))
	}
	if version == len(d.migrations) {
		return nil
	}
	for _, statements := range d.migrations[version:] {
		if _, err := c.ExecContext(ctx, statements); err != nil {
			return fmt.Errorf("make tables: %w", err)
		}
	}
	if _, err := c.ExecContext(ctx, "DELETE FROM coatcheck_schema"); err != nil {
		return err
	}
	if _, err := c.ExecContext(ctx, "INSERT INTO coatcheck_schema (version) VALUES (?)", len(d.migrations)); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "COMMIT")
	return err
}

// schemaVersion returns the version of the tables, 0 if there are none.
func schemaVersion(ctx context.Context, c *sql.Conn) (version int, err error) {
	if _, err := c.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS coatcheck_schema (version INTEGER NOT NULL)"); err != nil {
		return 0, err
	}
	err = c.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM coatcheck_schema").Scan(&version)
	return version, err
}
