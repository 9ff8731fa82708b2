package sqlstore

import "database/sql"

// A Dialect is a kind of database. The variables of this type are all there are.
type Dialect struct {
	start func(*sql.DB, Options) engine
}
