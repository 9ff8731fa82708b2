package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	checkpointRows  = 250                  // changed make it time for a checkpoint: a few MB of write-ahead log
	checkpointPages = 1000                 // of log are so many that it should begin anew
	checkpointPause = 2 * time.Millisecond // between two, for those who write
	moveTime        = 2 * time.Millisecond // is enough to move what was added during the last checkpoint
	checkpointRetry = time.Second          // while a reader keeps the log long

	// LongWAL is how many bytes SQLite's write-ahead log has if somebody keeps it from being emptied: another program
	// that has a transaction open. It grows with every change until they end that, and then the store cuts it.
	LongWAL = 32 << 20
)

// A checkpointer has the write-ahead log emptied after so many changes, beside the writer. If a commit did it, as those
// of SQLite do unless they are told not to, all who wait for that commit would wait for the disk several times. Its
// goroutine lives as long as there is something to do.
type checkpointer struct {
	checkpoint func()

	mu     sync.Mutex
	rows   int           // changed since the last checkpoint began
	idle   chan struct{} // closed when the goroutine ends; nil if there is none
	retry  *time.Timer   // has a checkpoint made although nobody writes
	closed bool
}

// wrote notes how many rows have been changed.
func (c *checkpointer) wrote(rows int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows += int(rows)
	if c.idle == nil && c.rows >= checkpointRows {
		c.idle = make(chan struct{})
		go c.run()
	}
}

func (c *checkpointer) run() {
	for ; c.due(); time.Sleep(checkpointPause) {
		c.checkpoint()
	}
}

// due reports whether there is to be one more checkpoint.
func (c *checkpointer) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows < checkpointRows {
		close(c.idle)
		c.idle = nil
		return false
	}
	c.rows = 0
	return true
}

// later has one more checkpoint made in a while.
func (c *checkpointer) later() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
	case c.retry == nil:
		c.retry = time.AfterFunc(checkpointRetry, func() { c.wrote(checkpointRows) })
	default:
		c.retry.Reset(checkpointRetry)
	}
}

// close ends that, once nobody writes any more.
func (c *checkpointer) close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	if c.retry != nil {
		c.retry.Stop()
	}
	c.mu.Unlock()
	return c.await(ctx)
}

// await waits for the checkpoint that is being made.
func (c *checkpointer) await(ctx context.Context) error {
	c.mu.Lock()
	idle := c.idle
	c.mu.Unlock()
	return await(ctx, idle)
}

// checkpoint moves what is in the log into the database, first beside the writer. If the log is long, the database is
// flushed, and the rest follows while the writer waits, which is not for long. Once all is moved, the next commit
// begins the log anew: a log whose file does not grow takes half the time to flush. What a reader or an error prevents
// is left to a later checkpoint, or in the end to a commit, which reports the problem.
func (s *sqlite) checkpoint() {
	conn, err := s.db.Conn(uncancelled)
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := conn.ExecContext(uncancelled, liteSetUp); err != nil {
		return
	}
	long := s.file.Load().longWAL()
	if pages, err := moveLog(conn, liteCheckpoint); err != nil || pages < checkpointPages && !long {
		return
	}
	if err := s.flush(conn); err != nil {
		return
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	_, err = moveLog(conn, liteCheckpoint)
	if long && (err != nil || cutLog(conn) != nil || s.file.Load().longWAL()) {
		s.checkpoints.later()
	}
}

// flush has the disk take what a checkpoint has moved, beside the writer. SQLite sees to that only if it has moved the
// whole log, to which a busy writer adds all the time. So the writer waits while the last of it is moved, and goes on
// while the disk is busy; only what it adds in that time is left to those who wait.
func (s *sqlite) flush(conn *sql.Conn) error {
	s.turn.Lock()
	goOn := sync.OnceFunc(s.turn.Unlock)
	defer goOn()
	defer time.AfterFunc(moveTime, goOn).Stop()
	_, err := moveLog(conn, liteCheckpoint)
	return err
}

// moveLog makes a checkpoint and returns how many pages the log has.
func moveLog(conn *sql.Conn, checkpoint string) (pages int, err error) {
	var busy, moved int
	err = conn.QueryRowContext(uncancelled, checkpoint).Scan(&busy, &pages, &moved)
	return pages, err
}

// cutLog gives back the room of a log that has been moved, unless somebody reads it. It does not wait for them, because
// the writer would wait, too.
func cutLog(conn *sql.Conn) error {
	var wait, none int
	if err := conn.QueryRowContext(uncancelled, `PRAGMA busy_timeout`).Scan(&wait); err != nil {
		return err
	}
	if err := conn.QueryRowContext(uncancelled, `PRAGMA busy_timeout = 0`).Scan(&none); err != nil {
		return err
	}
	_, err := moveLog(conn, liteCut)
	again := fmt.Sprintf(`PRAGMA busy_timeout = %d`, wait)
	return errors.Join(err, conn.QueryRowContext(uncancelled, again).Scan(&wait))
}
