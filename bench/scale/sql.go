package main

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"coatcheck.dev/bench/figures"
	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
)

const pool = 16 // connections

// database opens a pool whose round trips are counted.
func database(c driver.Connector, trips *atomic.Int64) *sql.DB {
	db := sql.OpenDB(counter{c, trips})
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	return db
}

func startSQLite() (*engine, error) {
	folder, err := os.MkdirTemp("", "coatcheck-scale-")
	if err != nil {
		return nil, err
	}
	var trips atomic.Int64
	dbs := make(map[string]*sql.DB)
	g := &engine{
		settings: "write-ahead log, synchronous=FULL; modernc.org/sqlite",
		open: func(place string) (store.Store, error) {
			db := database(path{filepath.Join(folder, place+".db")}, &trips)
			dbs[place] = db
			return sqlstore.New(db, sqlstore.SQLite), nil
		},
		hear:  func(string) (store.Store, error) { return nil, nil },
		lax:   func(bool) error { return nil }, // what is written at once waits for the disk once
		trips: trips.Load,
		close: func() {
			for _, db := range dbs {
				db.Close()
			}
			os.RemoveAll(folder)
		},
		size: func(place string, e *figures.Engine, n int) error {
			if err := dbs[place].QueryRow(`SELECT 'SQLite ' || sqlite_version()`).Scan(&e.Version); err != nil {
				return err
			}
			var busy, log, moved int
			if err := dbs[place].QueryRow(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved); err != nil {
				return err
			}
			info, err := os.Stat(filepath.Join(folder, place+".db"))
			if err != nil {
				return err
			}
			e.Disk = float64(info.Size()) / float64(n)
			var index float64
			err = dbs[place].QueryRow(`SELECT sum(pgsize) FROM dbstat WHERE name IN ('coatcheck_sessions_owner', 'coatcheck_sessions_created', 'coatcheck_sessions_ends')`).Scan(&index)
			e.Index = index / float64(n)
			return err
		},
	}
	return g, nil
}

// A path is a connector of SQLite.
type path struct{ file string }

func (p path) Driver() driver.Driver { return new(sqlite.Driver) }

func startPostgres() (*engine, error) {
	postgres, err := program("postgres", "/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return nil, err
	}
	s, err := newServer("postgres")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.folder, "data")
	if err := s.prepare(filepath.Join(filepath.Dir(postgres), "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C"); err != nil {
		return nil, err
	}
	dsn := func(name string) string {
		return "postgres://postgres@127.0.0.1:" + s.port + "/" + name + "?sslmode=disable"
	}
	admin, err := sql.Open("pgx", dsn("postgres"))
	if err != nil {
		return nil, err
	}
	err = s.start(admin.Ping, postgres, "-D", data, "-c", "listen_addresses=127.0.0.1", "-c", "port="+s.port, "-c", "unix_socket_directories=",
		"-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB")
	if err != nil {
		return nil, err
	}
	var trips atomic.Int64
	dbs := make(map[string]*sql.DB)
	return &engine{
		version: firstWords(firstLine(postgres), 3), settings: "as it comes, but shared_buffers=1GB, max_wal_size=4GB; pgx, 16 connections",
		open: func(place string) (store.Store, error) {
			if _, err := admin.Exec("CREATE DATABASE " + place); err != nil {
				return nil, err
			}
			config, err := pgx.ParseConfig(dsn(place))
			if err != nil {
				return nil, err
			}
			dbs[place] = database(stdlib.GetConnector(*config), &trips)
			return sqlstore.New(dbs[place], sqlstore.PostgreSQL), nil
		},
		hear: func(place string) (store.Store, error) {
			return sqlstore.New(dbs[place], sqlstore.PostgreSQL, sqlstore.Options{Listen: pgxlisten.DSN(dsn(place))}), nil
		},
		lax: func(lax bool) error {
			for _, text := range []string{"ALTER SYSTEM SET synchronous_commit = " + map[bool]string{true: "off", false: "on"}[lax], "SELECT pg_reload_conf()", "CHECKPOINT"} {
				if _, err := admin.Exec(text); err != nil {
					return err
				}
			}
			return nil
		},
		size: func(place string, e *figures.Engine, n int) error {
			var all, index float64
			err := dbs[place].QueryRow(`SELECT pg_total_relation_size('coatcheck_sessions'), pg_indexes_size('coatcheck_sessions')`).Scan(&all, &index)
			e.Disk, e.Index = all/float64(n), index/float64(n)
			if err == nil {
				_, err = dbs[place].Exec(`VACUUM ANALYZE coatcheck_sessions`)
			}
			return err
		},
		trips: trips.Load,
		close: func() {
			for _, db := range dbs {
				db.Close()
			}
			admin.Close()
			s.stop()
		},
	}, nil
}

func startMariaDB() (*engine, error) {
	mariadbd, err := program("mariadbd", "/usr/sbin/mariadbd")
	if err != nil {
		return nil, err
	}
	install, err := program("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	s, err := newServer("mysql")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.folder, "data")
	if err := s.prepare(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"); err != nil {
		return nil, err
	}
	config := func(name string) *mysql.Config {
		c := mysql.NewConfig()
		c.User, c.Net, c.Addr, c.DBName, c.InterpolateParams = "root", "tcp", "127.0.0.1:"+s.port, name, true
		return c
	}
	connector, err := mysql.NewConnector(config(""))
	if err != nil {
		return nil, err
	}
	admin := sql.OpenDB(connector)
	err = s.start(admin.Ping, mariadbd, "--no-defaults", "--datadir="+data, "--bind-address=127.0.0.1", "--port="+s.port,
		"--socket="+filepath.Join(s.folder, "socket"), "--pid-file="+filepath.Join(s.folder, "pid"), "--skip-name-resolve",
		"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G")
	if err != nil {
		return nil, err
	}
	var trips atomic.Int64
	dbs := make(map[string]*sql.DB)
	g := &engine{
		settings: "as it comes, but innodb_buffer_pool_size=1G, innodb_log_file_size=1G; go-sql-driver, interpolateParams, 16 connections",
		open: func(place string) (store.Store, error) {
			if _, err := admin.Exec("CREATE DATABASE " + place); err != nil {
				return nil, err
			}
			connector, err := mysql.NewConnector(config(place))
			if err != nil {
				return nil, err
			}
			dbs[place] = database(connector, &trips)
			return sqlstore.New(dbs[place], sqlstore.MySQL), nil
		},
		hear: func(place string) (store.Store, error) { return sqlstore.New(dbs[place], sqlstore.MySQL), nil },
		lax: func(lax bool) error {
			_, err := admin.Exec("SET GLOBAL innodb_flush_log_at_trx_commit = " + map[bool]string{true: "0", false: "1"}[lax])
			return err
		},
		size: func(place string, e *figures.Engine, n int) error {
			if _, err := dbs[place].Exec(`ANALYZE TABLE coatcheck_sessions`); err != nil {
				return err
			}
			var rows, index float64
			err := dbs[place].QueryRow(`SELECT data_length, index_length FROM information_schema.tables WHERE table_schema = ? AND table_name = 'coatcheck_sessions'`, place).Scan(&rows, &index)
			e.Disk, e.Index = (rows+index)/float64(n), index/float64(n)
			return err
		},
		trips: trips.Load,
		close: func() {
			for _, db := range dbs {
				db.Close()
			}
			admin.Close()
			s.stop()
		},
	}
	var version string
	if err := admin.QueryRow(`SELECT version()`).Scan(&version); err != nil {
		return nil, fmt.Errorf("version: %w", err)
	}
	g.version = "MariaDB " + strings.SplitN(version, "-", 2)[0]
	return g, nil
}
