package ending

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"coatcheck.dev/store"
)

// run does one job after the other until the jobs are closed.
func (e *Jobs) run() {
	defer close(e.done)
	var told time.Time
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-e.wake:
		}
		for again := e.ctx.Err() == nil; again; again = e.ctx.Err() == nil {
			jobs, err := e.file.jobs("WHERE state = 'running' ORDER BY asked LIMIT 1")
			if err == nil && len(jobs) == 0 {
				break
			}
			if err == nil {
				err = e.work(&jobs[0])
			}
			if err != nil && e.ctx.Err() == nil {
				if time.Since(told) >= tellEvery {
					told = time.Now()
					e.opts.Log.Error("end sessions by query; it is tried again", "file", e.opts.Path, "error", err)
				}
				sleep(e.ctx, retryAfter)
			}
		}
	}
}

const (
	batchSize  = 100
	stepTime   = 30 * time.Second // for one batch, also if the program is about to stop
	retryAfter = time.Second
	tellEvery  = time.Minute             // of a failure that goes on
	settleTime = 1500 * time.Millisecond // for the feed to tell what it knows
)

// work does a job, or what is left of it.
func (e *Jobs) work(j *Job) error {
	ctx, stop := context.WithCancel(e.ctx)
	defer stop()
	if !e.begin(j.ID, stop) {
		return nil
	}
	defer e.end(j.ID)
	t := turn{Jobs: e, job: j, pace: newPace(), memory: e.heirs.remember(j.ID, time.Time{})}
	t.tried = make(map[store.ID]bool)
	next, err := t.all(ctx, 0)
	if err == nil {
		sleep(ctx, settleTime)
		err = t.lookAgain(ctx)
	}
	for again := j.Newer; again && err == nil && ctx.Err() == nil; {
		if again, err = t.more(ctx, next); err == nil && again {
			next, err = t.all(ctx, next)
		}
	}
	if ctx.Err() != nil {
		return nil // cancelled, or to go on later
	}
	if err != nil {
		return err
	}
	t.memory()
	return e.finish(j)
}

// begin notes how a job is stopped, unless it has been cancelled before.
func (e *Jobs) begin(id string, stop context.CancelFunc) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, ok, err := e.file.load(id)
	if err != nil || !ok || now.State != Running {
		return false
	}
	e.current[id] = stop
	return true
}

func (e *Jobs) end(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.current, id)
}

// finish notes that a job is done.
func (e *Jobs) finish(j *Job) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, ok, err := e.file.load(j.ID)
	if err != nil || !ok || now.State != Running {
		return err
	}
	now.State, now.FinishedAt = Done, time.Now().UTC()
	if err := e.file.change(func(tx *sql.Tx) error { return putJob(tx, &now) }); err != nil {
		return err
	}
	e.tell(&now, "has ended sessions")
	return nil
}

// all ends what has not had its turn in the portions from n on, and returns the number of the next portion there will
// be.
func (t *turn) all(ctx context.Context, n int) (next int, err error) {
	for ctx.Err() == nil {
		p, ok, err := t.file.portion(t.job.ID, n)
		if err != nil || !ok {
			return n, err
		}
		if err := t.portion(ctx, p); err != nil {
			return n, err
		}
		n = p.n + 1
	}
	return n, nil
}

// portion ends what has not had its turn, a batch at a time. Before a batch begins, it is durable that it does, and how
// the one before ended.
func (t *turn) portion(ctx context.Context, p *portion) error {
	changed := false
	for ctx.Err() == nil {
		places := p.batch(batchSize)
		if len(places) == 0 {
			break
		}
		resumed := make(map[int]bool)
		for _, i := range places {
			resumed[i] = p.outcomes[i] == begun
			p.outcomes[i] = begun
		}
		if err := t.keep(p); err != nil {
			return err
		}
		t.batch(ctx, p, places, resumed)
		changed = true
		sleep(ctx, t.pace.pause)
	}
	if changed {
		return t.keep(p)
	}
	return nil
}

// keep makes durable how far the job is.
func (t *turn) keep(p *portion) error {
	return t.file.progress(t.job, p)
}

// lookAgain looks for heirs of what was gone at its turn: the feed may have told of them later.
func (t *turn) lookAgain(ctx context.Context) error {
	for n := 0; ctx.Err() == nil; n++ {
		p, ok, err := t.file.portion(t.job.ID, n)
		if err != nil || !ok {
			return err
		}
		n = p.n
		found := false
		for i := range p.len() {
			if p.outcomes[i] != gone || ctx.Err() != nil {
				continue
			}
			existed, err := t.heirsOf(t.acting(ctx), p.handle(i))
			if err != nil {
				return err
			}
			if existed {
				found = true
				t.set(p, i, ended)
				t.job.Gone--
			}
		}
		if found {
			if err := t.keep(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// more adds what the query finds now and has begun after the job was asked for. It reports whether there is any.
func (t *turn) more(ctx context.Context, next int) (bool, error) {
	q, err := t.query()
	if err != nil {
		return false, err
	}
	if err := t.await(ctx); err != nil && !errors.Is(err, ErrNotReady) {
		return false, err
	}
	found, n, now := portionsOf{next: next}, 0, time.Now()
	err = t.opts.Finder.Each(ctx, q, now, func(ids []store.ID) error {
		for _, id := range ids {
			info, ok, err := t.opts.Sessions.Lookup(ctx, id)
			if err != nil {
				return err
			}
			if ok && info.CreatedAt.After(t.job.AsOf) && q.Match(info, now) && !t.tried[id] {
				t.tried[id] = true
				found.add([]store.ID{id})
				n++
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		return false, err
	}
	t.job.More += n
	for _, p := range found.list {
		if err := t.keep(p); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
