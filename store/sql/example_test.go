package sqlstore_test

import (
	"context"
	"database/sql"
	"log"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// The app opens the database, with a driver of its choice, and closes it when all is done.
func Example() {
	db, err := sql.Open("sqlite", "shop.db")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	ctx := context.Background()
	s := sqlstore.New(db, sqlstore.SQLite)
	if err := s.Prepare(ctx); err != nil { // optional: finds out now what is wrong
		log.Fatal(err)
	}
	defer s.Close(ctx) // before the database
}

// On a server any number of programs share the sessions. The pool is limited, and keeps its connections.
func Example_postgreSQL() {
	db, err := sql.Open("pgx", "postgres://app@db.internal/shop")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)

	ctx := context.Background()
	s := sqlstore.New(db, sqlstore.PostgreSQL)
	defer s.Close(ctx)
	findings, err := s.Check(ctx) // optional: what the server's settings make of the promises
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range findings {
		if f.Severity == store.Danger {
			log.Fatalf("%s: %s; %s", f.What, f.Means, f.Fix)
		}
	}
}
