package pgxlisten_test

import (
	"context"
	"database/sql"
	"log"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
)

func Example() {
	const dsn = "postgres://app@db.internal/shop"
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	s := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{Listen: pgxlisten.DSN(dsn)})
	defer s.Close(context.Background()) // before the database
}
