package sqlstore_test

import (
	"context"
	"database/sql"
	"log"

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
