package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"coatcheck.dev/store"
)

// A failure is what is wrong with a database, as far as there is something to be done about it.
type failure int

const (
	unknown failure = iota
	locked
	full
	readOnly
	unreadable
	notDatabase
	damaged
	ioError
	tooBig
	noTables

	// of servers
	collided // and was undone, so that it may be tried again
	away
	noEntry
	noDatabase
	noRight
	standby
	tooMany
	slow
	wrongLog
)

var advice = map[failure]string{
	locked:      "the database is locked by another program, end that or wait for it",
	full:        "the disk is full, make room on it",
	readOnly:    "the database cannot be written to, give this program the right to write the file and its folder",
	unreadable:  "the database cannot be opened, check that its folder is there and that this program may use it",
	notDatabase: "the file is not a database, name another file or put the right one back",
	damaged:     "the database is damaged, put a backup in its place and start the program again",
	ioError:     "the disk reports an error, check it and how full it is",
	noTables:    "its tables have gone, put the right database in place and start the program again",
	collided:    "others kept getting in the way, try again",
	away:        "the database server does not answer, check that it runs and that its address is right",
	noEntry:     "the database server refuses the user or the password, check them and its rights from here",
	noDatabase:  "there is no such database, create it or name another one",
	noRight:     "the database user lacks a right, see the package's documentation for those that are needed",
	standby:     "the database takes no writes, connect to the primary and not to a standby or replica",
	tooMany:     "the database server has no connection left, raise its limit or lower the pool's (SetMaxOpenConns)",
	slow:        "the database server ran into its time limit, or waited too long for a lock, see what keeps it busy",
	wrongLog:    "the server's binary log takes statements only, set binlog_format to ROW or MIXED",
	tooBig:      "the session is larger than the database takes, keep less in it",
}

var (
	errNoWriter = errors.New(advice[standby])

	errClosed = errors.New("the store is closed")
	errBusy   = errors.New("another program has been making the tables for a minute, see what holds it up")
	errMoved  = errors.New("the database file was deleted or replaced while it was in use; " +
		"put the right file in place and start the program again")
)

// isOutcome reports whether an error is the contract's answer to one call, and no failure.
func isOutcome(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) ||
		errors.Is(err, store.ErrDamaged)
}

// advise says what can be done about an error.
func advise(f failure, err error) error {
	if words, ok := advice[f]; ok {
		return fmt.Errorf("%s: %w", words, err)
	}
	return err
}

// diagnoseNetwork tells what the way to a server does to a call, and not the server.
func diagnoseNetwork(err error) failure {
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return unknown
	case errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF):
		return away
	}
	return unknown
}
