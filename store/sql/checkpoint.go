package sqlstore

import (
	"context"
	"sync"
	"time"
)

const (
	checkpointRows  = 250                  // changed make it time for a checkpoint: a few MB of write-ahead log
	checkpointPages = 1000                 // of log are so many that it should begin anew
	checkpointPause = 2 * time.Millisecond // between two, for those who write
)

// A checkpointer moves what was committed from the write-ahead log to the database, beside the writer. When a commit does it,
// as those of SQLite do unless they are told not to, everybody who waits for that commit waits for the disk
// several times. Its goroutine lives as long as there is something to do.
type checkpointer struct {
	checkpoint func()

	mu      sync.Mutex
	rows    int // changed since the last checkpoint began
	running bool
	idle    chan struct{} // closed when the goroutine ends
}

// wrote notes that so many rows have been changed.
func (c *checkpointer) wrote(rows int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows += int(rows)
	if !c.running && c.rows >= checkpointRows {
		c.running, c.idle = true, make(chan struct{})
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
		c.running = false
		close(c.idle)
		return false
	}
	c.rows = 0
	return true
}

// await waits for the checkpoint that is being made, once nobody writes any more.
func (c *checkpointer) await(ctx context.Context) error {
	c.mu.Lock()
	running, idle := c.running, c.idle
	c.mu.Unlock()
	if !running {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkpoint moves what is in the log, and makes nobody wait. What is written meanwhile it moves as well, again and again: once all
// is moved, the next commit begins the log anew. What cannot be done because of a reader, an error, or somebody who never stops writing, is
// left to a commit in the end, which says what the matter is.
func (e *embedded) checkpoint() {
	conn, err := e.db.Conn(whole)
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := conn.ExecContext(whole, e.dialect.enter); err != nil {
		return
	}
	for last := -1; ; time.Sleep(checkpointPause) {
		var busy, pages, moved int
		err := conn.QueryRowContext(whole, e.dialect.checkpoint).Scan(&busy, &pages, &moved)
		if err != nil || moved < pages || pages < checkpointPages || pages == last {
			return
		}
		last = pages
	}
}
