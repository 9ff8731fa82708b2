package sqlstore

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// A connection is one of the pool's with the statements that were prepared on it. SQLite takes longer to compile a
// statement than to run it.
type connection struct {
	*sql.Conn
	prepared map[string]*sql.Stmt
	durable  bool // it has been set up for writing
}

// prepare returns a statement for as long as the connection is kept.
func (c *connection) prepare(text string) (*sql.Stmt, error) {
	if stmt, ok := c.prepared[text]; ok {
		return stmt, nil
	}
	stmt, err := c.PrepareContext(uncancelled, text)
	if err == nil {
		c.prepared[text] = stmt
	}
	return stmt, err
}

// run runs a statement that changes no rows.
func (c *connection) run(text string) error {
	stmt, err := c.prepare(text)
	if err == nil {
		_, err = stmt.ExecContext(uncancelled)
	}
	return err
}

// release gives the connection back to the pool.
func (c *connection) release() {
	for _, stmt := range c.prepared {
		stmt.Close()
	}
	c.Close()
}

const (
	keepIdle = 20 * time.Millisecond // a connection that nobody uses
	keepMost = 8                     // of those
)

// connections keeps connections from one call to the next, as long as calls follow each other and the pool has others
// for those who wait.
type connections struct {
	db *sql.DB

	mu    sync.Mutex
	kept  []*connection
	timer *time.Timer // releases them
}

// take returns a connection. The context ends the wait for one.
func (p *connections) take(ctx context.Context) (*connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c := p.pop(); c != nil {
		return c, nil
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn, prepared: make(map[string]*sql.Stmt)}, nil
}

func (p *connections) pop() (c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.kept); n > 0 {
		c, p.kept = p.kept[n-1], p.kept[:n-1]
	}
	return c
}

// put keeps a connection, or releases it if it has failed.
func (p *connections) put(c *connection, err error) {
	if err != nil && !isOutcome(err) || !p.keep(c) {
		c.release()
	}
}

func (p *connections) keep(c *connection) bool {
	if pool := p.db.Stats(); pool.MaxOpenConnections > 0 && pool.InUse >= pool.MaxOpenConnections {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) == keepMost {
		return false
	}
	p.kept = append(p.kept, c)
	if p.timer == nil {
		p.timer = time.AfterFunc(keepIdle, p.release)
	} else if len(p.kept) == 1 {
		p.timer.Reset(keepIdle)
	}
	return true
}

// release gives all connections back to the pool.
func (p *connections) release() {
	for c := p.pop(); c != nil; c = p.pop() {
		c.release()
	}
}
