package scale

import (
	"database/sql"
	"database/sql/driver"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/scale/figures"
)

const pool = 16 // connections

// databases are the places of an engine that speaks SQL. Their round trips are counted.
type databases struct {
	t     testing.TB
	trips atomic.Int64
	open  map[string]*sql.DB
}

func newDatabases(t testing.TB) *databases { return &databases{t: t, open: make(map[string]*sql.DB)} }

func (d *databases) add(place string, c driver.Connector) *sql.DB {
	db := sql.OpenDB(counter{c, &d.trips})
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	d.t.Cleanup(func() { db.Close() })
	d.open[place] = db
	return db
}

// read reads the values of one row.
func read(t testing.TB, db *sql.DB, question string, args []any, values ...any) {
	t.Helper()
	must(t, db.QueryRow(question, args...).Scan(values...))
}

func do(t testing.TB, db *sql.DB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, err := db.Exec(text)
		must(t, err)
	}
}

func startSQLite(t testing.TB) *engine {
	folder := t.TempDir()
	d := newDatabases(t)
	return &engine{
		settings: "write-ahead log, synchronous=FULL; modernc.org/sqlite",
		open: func(place string) store.Store {
			return sqlstore.New(d.add(place, path{filepath.Join(folder, place+".db")}), sqlstore.SQLite)
		},
		trips: d.trips.Load,
		size: func(place string, e *figures.Engine, n int) {
			db := d.open[place]
			read(t, db, `SELECT 'SQLite ' || sqlite_version()`, nil, &e.Version)
			var busy, log, moved int
			read(t, db, `PRAGMA wal_checkpoint(TRUNCATE)`, nil, &busy, &log, &moved)
			info, err := os.Stat(filepath.Join(folder, place+".db"))
			must(t, err)
			var index float64
			read(t, db, `SELECT sum(pgsize) FROM dbstat WHERE name IN
				('coatcheck_sessions_owner', 'coatcheck_sessions_created', 'coatcheck_sessions_ends')`, nil, &index)
			e.Disk, e.Index = float64(info.Size())/float64(n), index/float64(n)
		},
	}
}

// A path is a connector of SQLite.
type path struct{ file string }

func (p path) Driver() driver.Driver { return new(sqlite.Driver) }

func startPostgres(t testing.TB) *engine {
	server := postgres.Start(t, "fsync=on", "max_connections=100", "shared_buffers=1GB", "max_wal_size=4GB")
	d, names := newDatabases(t), make(map[string]string)
	admin := server.Open(t, "postgres")
	g := &engine{
		settings: "as it comes, but shared_buffers=1GB, max_wal_size=4GB; pgx, 16 connections",
		open: func(place string) store.Store {
			names[place] = server.Create(t)
			config, err := pgx.ParseConfig(server.DSN(names[place]))
			must(t, err)
			return sqlstore.New(d.add(place, stdlib.GetConnector(*config)), sqlstore.PostgreSQL)
		},
		hear: func(place string) store.Store {
			o := sqlstore.Options{Listen: pgxlisten.DSN(server.DSN(names[place]))}
			return sqlstore.New(d.open[place], sqlstore.PostgreSQL, o)
		},
		lax: func(lax bool) {
			commit := map[bool]string{true: "off", false: "on"}[lax]
			do(t, admin, "ALTER SYSTEM SET synchronous_commit = "+commit, "SELECT pg_reload_conf()", "CHECKPOINT")
		},
		size: func(place string, e *figures.Engine, n int) {
			var all, index float64
			read(t, d.open[place], `SELECT pg_total_relation_size('coatcheck_sessions'),
				pg_indexes_size('coatcheck_sessions')`, nil, &all, &index)
			e.Disk, e.Index = all/float64(n), index/float64(n)
			do(t, d.open[place], `VACUUM ANALYZE coatcheck_sessions`)
		},
		trips: d.trips.Load,
	}
	read(t, admin, `SELECT version()`, nil, &g.version)
	g.version = firstWords(g.version, 2)
	return g
}

func startMariaDB(t testing.TB) *engine {
	server := mariadb.Start(t, "max-connections=151", "innodb-flush-log-at-trx-commit=1", "innodb-file-per-table=1",
		"innodb-buffer-pool-size=1G", "innodb-log-file-size=1G")
	d, names := newDatabases(t), make(map[string]string)
	admin := server.Open(t, "")
	g := &engine{
		settings: "as it comes, but innodb_buffer_pool_size=1G, innodb_log_file_size=1G; " +
			"go-sql-driver, interpolateParams, 16 connections",
		open: func(place string) store.Store {
			names[place] = server.Create(t)
			config, err := mysql.ParseDSN(server.DSN(names[place], "interpolateParams=true"))
			must(t, err)
			connector, err := mysql.NewConnector(config)
			must(t, err)
			return sqlstore.New(d.add(place, connector), sqlstore.MySQL)
		},
		hear: func(place string) store.Store { return sqlstore.New(d.open[place], sqlstore.MySQL) },
		lax: func(lax bool) {
			do(t, admin, "SET GLOBAL innodb_flush_log_at_trx_commit = "+map[bool]string{true: "0", false: "1"}[lax])
		},
		size: func(place string, e *figures.Engine, n int) {
			do(t, d.open[place], `ANALYZE TABLE coatcheck_sessions`)
			var rows, index float64
			read(t, d.open[place], `SELECT data_length, index_length FROM information_schema.tables
				WHERE table_schema = ? AND table_name = 'coatcheck_sessions'`, []any{names[place]}, &rows, &index)
			e.Disk, e.Index = (rows+index)/float64(n), index/float64(n)
		},
		trips: d.trips.Load,
	}
	read(t, admin, `SELECT version()`, nil, &g.version)
	g.version = "MariaDB " + strings.SplitN(g.version, "-", 2)[0]
	return g
}

// firstWords leaves out what a version says of its build.
func firstWords(s string, n int) string {
	words := strings.Fields(s)
	return strings.Join(words[:min(n, len(words))], " ")
}
