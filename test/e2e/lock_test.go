package e2e_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/signal"
	"testing"

	"coatcheck.dev/test/internal/proc"
)

// lockFile names, in the environment of the other program, the database that it is to lock.
const lockFile = "E2E_LOCK_FILE"

// lockMode is how: "writing" keeps other writers away, as a backup or a migration does; "everything" readers as well.
const lockMode = "E2E_LOCK_MODE"

// holdLock is the other program. It holds the lock until it is killed.
func holdLock(file string) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1) // one connection has the lock
	statements := []string{`BEGIN EXCLUSIVE`}
	if os.Getenv(lockMode) == "everything" {
		statements = []string{`PRAGMA locking_mode = EXCLUSIVE`, `BEGIN EXCLUSIVE`}
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			panic(err)
		}
	}
	fmt.Println("locked")
	killed := make(chan os.Signal, 1) // who waits for nothing at all is ended as a deadlock
	signal.Notify(killed, os.Interrupt)
	<-killed
}

// lock has another program lock a database. Killing it releases the lock.
func lock(t testing.TB, file, mode string) *proc.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := proc.Start(t, proc.Spec{Path: self, Env: []string{lockFile + "=" + file, lockMode + "=" + mode}})
	p.Await(lockedLine)
	return p
}
