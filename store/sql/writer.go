package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// writer commits what concurrent requests want to write, all that has queued up in one transaction. Its goroutine
// lives only while there is something to write.
type writer struct {
	store *Store

	mu    sync.Mutex
	queue []*job
	idle  chan struct{} // closed when the goroutine ends; nil while there is none
}

const (
	maxQueue    = 10_000           // jobs that wait; more are refused
	maxBatch    = 512              // jobs in one transaction
	maxWaitSlow = 10 * time.Second // for a transaction, whatever the callers' contexts say
)

// errBusy says that more writes wait than the store takes.
var errBusy = errors.New("sqlstore: too many writes are waiting for the disk")

// A step is what one job does inside a transaction. It may run more than once, each time as if for the first time. When it returns one of the contract's
// errors it has changed nothing.
type step func(context.Context, *conn) ([]store.Notice, error)

type job struct {
	ctx     context.Context
	step    step
	notices []store.Notice
	err     error
	done    chan struct{}
}

// do runs a step and returns when it is durable, or refused, or when ctx ends: then nobody knows, unless it was still
// queued and will not be run.
func (w *writer) do(ctx context.Context, doing string, step step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.store.Prepare(ctx); err != nil {
		return err
	}
	j := &job{ctx: ctx, step: step, done: make(chan struct{})}
	if err := w.enqueue(j); err != nil {
		return err
	}
	select {
	case <-j.done:
		return w.wrap(doing, j.err)
	case <-ctx.Done():
		return fmt.Errorf("sqlstore: %s: wait for the disk: %w", doing, ctx.Err())
	}
}

func (w *writer) wrap(doing string, err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) {
		return err
	}
	return w.store.explain(doing, err)
}

func (w *writer) enqueue(j *job) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) >= maxQueue {
		return errBusy
	}
	w.queue = append(w.queue, j)
	if w.idle == nil {
		w.idle = make(chan struct{})
		go w.run()
	}
	return nil
}

// next takes the jobs of the next transaction from the queue. If there are none, the goroutine is to end.
func (w *writer) next() []*job {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.queue), maxBatch)
	if n == 0 {
		close(w.idle)
		w.idle, w.queue = nil, nil
		return nil
	}
	batch := w.queue[:n:n]
	w.queue = w.queue[n:]
	return batch
}

// drain waits until nothing is queued.
func (w *writer) drain(ctx context.Context) error {
	w.mu.Lock()
	idle := w.idle
	w.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) run() {
	var c *conn
	for {
		batch := w.next()
		if batch == nil {
			break
		}
		c = w.serve(c, batch)
	}
	if c != nil {
		c.close()
	}
}

// serve commits a batch, over the connection c if there is one, and answers everybody in it. It returns the connection
// if that is still good.
func (w *writer) serve(c *conn, batch []*job) *conn {
	ctx, cancel := context.WithTimeout(context.Background(), maxWaitSlow)
	defer cancel()
	err := w.store.file.checkNow()
	if err == nil && c == nil {
		c, err = w.connect(ctx)
	}
	if err == nil {
		err = w.commit(ctx, c, batch)
		if err != nil && len(batch) > 1 && w.store.dialect.hint(err) == "" {
			w.commitEach(ctx, c, batch) // one job may have spoiled it for the others
			err = nil
		}
	}
	for _, j := range batch {
		if err != nil {
			j.notices, j.err = nil, err
		}
		for _, n := range j.notices {
			w.store.Publish(n)
		}
		close(j.done)
	}
	if err != nil && c != nil {
		c.close() // the next batch begins on a connection that is surely in order
		return nil
	}
	return c
}

// commitEach commits every job of a batch by itself.
func (w *writer) commitEach(ctx context.Context, c *conn, batch []*job) {
	for _, j := range batch {
		if err := w.commit(ctx, c, []*job{j}); err != nil {
			j.notices, j.err = nil, err
		}
	}
}

func (w *writer) connect(ctx context.Context) (*conn, error) {
	sc, err := w.store.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.store.dialect.connect(ctx, sc); err != nil {
		sc.Close()
		return nil, err
	}
	return &conn{Conn: sc, dialect: w.store.dialect, prepared: make(map[string]*sql.Stmt)}, nil
}

// commit runs the steps of a batch in one transaction. An error means that nothing of it has happened.
func (w *writer) commit(ctx context.Context, c *conn, batch []*job) error {
	if _, err := c.ExecContext(ctx, c.dialect.begin); err != nil {
		return err
	}
	for _, j := range batch {
		if err := w.try(ctx, c, j); err != nil {
			c.ExecContext(ctx, "ROLLBACK")
			return err
		}
	}
	if _, err := c.ExecContext(ctx, "COMMIT"); err != nil {
		c.ExecContext(ctx, "ROLLBACK")
		return err
	}
	return nil
}

// try runs one step. A refusal is the job's own answer, and any other error the transaction's end. A job whose caller has gone is not begun.
func (w *writer) try(ctx context.Context, c *conn, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	j.notices, j.err = j.step(ctx, c)
	if errors.Is(j.err, store.ErrNotFound) || errors.Is(j.err, store.ErrExists) || errors.Is(j.err, store.ErrConflict) {
		return nil
	}
	return j.err
}
