package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// A changeLog is the table in which a server's changes stand beside what they changed.
type changeLog interface {
	// follow returns a function that returns what has been committed since it was called last, in an order in which the
	// changes of each record are right, and the server's time. The first call returns no changes and is where it
	// begins. After an error, also one that says that something may have been missed, another one is needed.
	follow() (next look)

	// trim removes what was committed before a time that nobody can be behind, if it remembers one, and remembers this
	// one.
	trim(context.Context) error

	// callOthers wakes those who listen in other processes.
	callOthers(context.Context) error
}

// A look returns what has changed since the one before, and the time by the server's clock.
type look func(context.Context) ([]store.Notice, time.Time, error)

const (
	keepFor    = time.Minute      // changes, at least
	behindMost = 30 * time.Second // a follower may be; less than keepFor by far
)

var errMissed = errors.New("changes may have been missed")

// A change is a row of the log.
type change struct {
	kind      sql.NullInt64
	id, cause []byte
	owner     []byte
	number    sql.NullInt64 // the version of a record, or the moment of a cutoff
}

func (c *change) notice() store.Notice {
	n := store.Notice{Kind: store.NoticeKind(c.kind.Int64), User: string(c.owner)}
	copy(n.ID[:], c.id)
	copy(n.By[:], c.cause)
	if n.Kind == store.Cutoff {
		n.At = micro(c.number.Int64)
	} else {
		n.Version = uint64(c.number.Int64)
	}
	return n
}

// marks remember how far a log had come at certain times.
type marks[T any] struct {
	mu  sync.Mutex
	all []mark[T] // the oldest first
}

type mark[T any] struct {
	at  time.Time
	was T
}

// add remembers one and returns the newest one that is old enough to trim by, if there is one.
func (m *marks[T]) add(at time.Time, was T) (old T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, mark[T]{at, was})
	for len(m.all) > 1 && at.Sub(m.all[1].at) >= keepFor {
		m.all = m.all[1:]
	}
	return m.all[0].was, at.Sub(m.all[0].at) >= keepFor
}
