package sqlstore

import (
	"context"
	"database/sql"
)

// A Dialect is what one kind of database needs to hear. The variables of this type are all there are.
type Dialect struct {
	statements statements

	// migrations bring a database from nothing to the present; the n-th leads to version n. Once released, a
	// migration never changes.
	migrations []string

	// open prepares a connection for migrations and says which file it leads to; a database without one is "".
	open func(ctx context.Context, conn *sql.Conn) (file string, err error)

	// enter makes the commits of a connection durable.
	enter string

	// diagnose says what kind of failure an error is.
	diagnose func(error) failure
}

// statements are the texts that differ between dialects. Their arguments are the same, in the same order.
type statements struct {
	load       string // id -> version, last_seen, body
	insert     string // id, owner, created, last_seen, expires, idle, body; nothing happens if the ID is taken
	save       string // last_seen, expires, idle, body, id, version
	touch      string // last_seen, id, last_seen
	delete     string // id
	look       string // id -> version, owner
	owned      string // owner -> id
	list       string // created, id, limit -> id, version, created, last_seen, body
	listUser   string // owner, created, id, limit -> the same
	count      string // -> number
	countUser  string // owner -> number
	over       string // now, limit -> id, owner
	setSwitch  string // owner, at
	oldSwitch  string // at; deletes what is older
	switches   string // -> owner, at
	lock       string // becomes the one writer, and changes nothing
	makeSchema string
	version    string // -> version
	setVersion string // version
}
