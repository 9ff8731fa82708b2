package main

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/rueidis"
	_ "modernc.org/sqlite"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
)

// open opens the store at an address. Its tables are made at its first use: the server may be down until then.
func open(engine, address string) (store.Store, error) {
	switch engine {
	case "sqlite":
		return openSQL("sqlite", address, sqlstore.SQLite, sqlstore.Options{})
	case "postgres":
		return openSQL("pgx", address, sqlstore.PostgreSQL, sqlstore.Options{Listen: pgxlisten.DSN(address)})
	case "mariadb":
		return openSQL("mysql", address, sqlstore.MySQL, sqlstore.Options{})
	case "sentinel":
		client, err := rueidis.NewClient(rueidis.ClientOption{
			InitAddress: strings.Split(address, ","), Sentinel: rueidis.SentinelOption{MasterSet: "counter"},
		})
		if err != nil {
			return nil, err
		}
		replicated := redisstore.Replicated(1, time.Second, rueidisstore.Pipeline(client))
		return rueidisstore.New(client, redisstore.Options{Durability: replicated}), nil
	case "cluster":
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: strings.Split(address, ",")})
		if err != nil {
			return nil, err
		}
		return rueidisstore.New(client, redisstore.Options{}), nil
	case "redis":
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, ForceSingleClient: true})
		if err != nil {
			return nil, err
		}
		return rueidisstore.New(client, redisstore.Options{}), nil
	}
	return nil, errors.New("no such engine: " + engine)
}

func openSQL(driver, address string, d sqlstore.Dialect, o sqlstore.Options) (store.Store, error) {
	db, err := sql.Open(driver, address)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", driver, err)
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return sqlstore.New(db, d, o), nil
}
