package sqlstore

import (
	"context"
	"database/sql"
)

// An embeddedDialect is what one kind of database in a file needs to hear.
type embeddedDialect struct {
	statements statements
	schema     schema

	// open prepares a connection for migrations and says which file it leads to; a database without one is "".
	open func(ctx context.Context, conn *sql.Conn) (file string, err error)

	// enter makes the commits of a connection durable, and leaves checkpoints to others as long as they come.
	enter string

	// checkpoint -> whether it had to give up, pages in the log, and how many of them are now where they stay. It makes nobody
	// wait.
	checkpoint string

	// diagnose says what kind of failure an error is.
	diagnose func(error) failure
}

// statements are the texts of an embedded database, which prepares each once.
type statements struct {
	load      string // id -> version, last_seen, body
	insert    string // id, owner, created, last_seen, expires, idle, body; nothing happens if the ID is taken
	save      string // last_seen, expires, idle, body, id, version
	touch     string // last_seen, id, last_seen
	delete    string // id
	look      string // id -> version, owner
	owned     string // owner -> id
	list      string // created, id, limit -> id, version, created, last_seen, body
	listUser  string // owner, created, id, limit -> the same
	count     string // -> number
	countUser string // owner -> number
	over      string // now, limit -> id, owner
	setSwitch string // owner, at
	oldSwitch string // at; deletes what is older
	switches  string // -> owner, at
	lock      string // becomes the one writer, and changes nothing
}

// stmts are the prepared statements; see statements for what they take and give.
type stmts struct {
	load, insert, save, touch, delete, look, owned *sql.Stmt
	list, listUser, count, countUser, over         *sql.Stmt
	setSwitch, oldSwitch, switches, lock           *sql.Stmt
}

// all pairs each statement with its text.
func (st *stmts) all(text *statements) map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&st.load: text.load, &st.insert: text.insert, &st.save: text.save, &st.touch: text.touch, &st.delete: text.delete,
		&st.look: text.look, &st.owned: text.owned, &st.list: text.list, &st.listUser: text.listUser,
		&st.count: text.count, &st.countUser: text.countUser, &st.over: text.over,
		&st.setSwitch: text.setSwitch, &st.oldSwitch: text.oldSwitch, &st.switches: text.switches, &st.lock: text.lock,
	}
}

func (st *stmts) prepare(ctx context.Context, db *sql.DB, text *statements) error {
	for stmt, text := range st.all(text) {
		var err error
		if *stmt, err = db.PrepareContext(ctx, text); err != nil {
			st.close()
			return err
		}
	}
	return nil
}

// close gives the statements back. The database stays open; it is the caller's.
func (st *stmts) close() {
	for stmt := range st.all(new(statements)) {
		if *stmt != nil {
			(*stmt).Close()
		}
	}
}
