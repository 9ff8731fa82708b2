package ending

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// Sessions are what is ended. A [session.Manager] has them.
type Sessions interface {
	// Revoke ends the session of a handle and reports whether there was one.
	Revoke(context.Context, store.ID) (bool, error)

	// Lookup returns a live session.
	Lookup(context.Context, store.ID) (session.Info, bool, error)
}

// A Finder finds sessions. An [index.Index] is one.
type Finder interface {
	// Each calls do with the handles of all sessions that a query finds as of a moment.
	Each(ctx context.Context, q index.Query, asOf time.Time, do func([]store.ID) error) error

	// Await waits until what has happened before is known.
	Await(ctx context.Context) error

	// Status says how far that is so.
	Status() index.Status
}

// Options say whose sessions are ended.
type Options struct {
	// Path is where jobs are kept, so that they go on after a restart.
	Path string

	// Sessions has the sessions, Finder finds them, and Feed tells which take the place of others.
	Sessions Sessions
	Finder   Finder
	Feed     store.Feed

	// History tells the same of the time before a restart, and is told of jobs. The default is none.
	History *history.History

	// Log tells of jobs. The default is no log.
	Log *slog.Logger
}

// Jobs end many sessions each. Nil can be closed, and no more. Their methods may be called from any number of
// goroutines.
type Jobs struct {
	opts   Options
	file   *jobFile
	heirs  heirs
	unfeed func()
	wake   chan struct{}
	ctx    context.Context
	stop   context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex                    // held while a job changes its state
	current map[string]context.CancelFunc // the job that runs
}

const (
	askedStays = time.Hour           // a job that nobody has started
	doneStays  = 90 * 24 * time.Hour // one that has come to its end
	sampleSize = 20
	awaitTime  = 3 * time.Second // for the index to know of all that has happened
)

// Open opens the jobs, and goes on with those that were not done.
func Open(o Options) (*Jobs, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f, err := openJobFile(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Path, err)
	}
	e := &Jobs{
		opts: o, file: f, wake: make(chan struct{}, 1), done: make(chan struct{}),
		current: make(map[string]context.CancelFunc),
	}
	e.ctx, e.stop = context.WithCancel(context.Background())
	e.unfeed = o.Feed.Subscribe(e.heirs.notice)
	e.wake <- struct{}{}
	go e.run()
	return e, nil
}

// Close stops after the batch that is under way. A job that runs goes on when the jobs are opened again.
func (e *Jobs) Close() error {
	if e == nil {
		return nil
	}
	e.unfeed()
	e.stop()
	<-e.done
	return backend.CloseFile(e.file.db)
}

// ErrNotReady says that it is not known yet which sessions there are.
var ErrNotReady = errors.New("ending: the index does not know all sessions yet")

// Ask finds out which sessions a query means now, and changes nothing. The job that it returns can be started within an
// hour.
func (e *Jobs) Ask(ctx context.Context, q index.Query, by Operator) (Job, error) {
	q.Sort = index.Sort{}
	j := Job{
		ID: store.NewID().String(), State: Asked, Query: q.Values().Encode(), AsOf: time.Now().UTC(), By: by.Name,
		Address: by.Address, Sample: []store.ID{},
	}
	if err := errors.Join(e.file.forget(j.AsOf.Add(-askedStays), Asked), e.file.forget(
		j.AsOf.Add(-doneStays), Done), e.file.forget(j.AsOf.Add(-doneStays), Cancelled)); err != nil {
		return Job{}, err
	}
	if err := e.await(ctx); err != nil {
		return Job{}, err
	}
	forget := e.heirs.remember(j.ID, j.AsOf.Add(askedStays))
	var found portionsOf
	err := e.opts.Finder.Each(ctx, q, j.AsOf, func(ids []store.ID) error {
		ids, err := e.exactly(ctx, q, j.AsOf, ids)
		found.add(ids)
		j.Count += len(ids)
		j.Sample = append(j.Sample, ids[:min(len(ids), sampleSize-len(j.Sample))]...)
		return err
	})
	if errors.Is(err, index.ErrNotReady) {
		err = ErrNotReady
	}
	if err == nil {
		err = e.file.change(func(tx *sql.Tx) error {
			return errors.Join(found.put(tx, j.ID), putJob(tx, &j))
		})
	}
	if err != nil {
		forget()
		return Job{}, err
	}
	return j, nil
}

// await waits until the index knows of all sessions. On a busy site something is always new; then what happened before
// is known within a second.
func (e *Jobs) await(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, awaitTime)
	defer cancel()
	if e.opts.Finder.Await(waiting) == nil {
		return nil
	}
	if s := e.opts.Finder.Status(); ctx.Err() == nil && s.Ready && !s.Checking && s.AsOf.IsZero() {
		return nil
	}
	return ErrNotReady
}

// exactly leaves out what does not fit a query whose answer changes with each use of a session: the index learns of
// that later than of all else.
func (e *Jobs) exactly(ctx context.Context, q index.Query, now time.Time, ids []store.ID) ([]store.ID, error) {
	if q.Seen.IsZero() && q.Ends.IsZero() {
		return ids, nil
	}
	var fit []store.ID
	for _, id := range ids {
		info, ok, err := e.opts.Sessions.Lookup(ctx, id)
		if err != nil {
			return nil, err
		}
		if ok && q.Match(info, now) {
			fit = append(fit, id)
		}
	}
	return fit, nil
}

// ErrNoJob says that there is no such job.
var ErrNoJob = errors.New("ending: there is no such job, or it was not started within an hour")

// Start starts a job. The error is an [*OrderError] if the order is not good, or ErrNoJob.
func (e *Jobs) Start(id string, by Operator, o Order) (Job, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j, ok, err := e.file.load(id)
	switch {
	case err != nil:
		return Job{}, err
	case !ok, j.State == Asked && time.Since(j.AsOf) > askedStays:
		return Job{}, ErrNoJob
	}
	if err := o.check(&j); err != nil {
		return j, err
	}
	j.State, j.By, j.Address, j.Reason, j.Newer, j.StartedAt = Running, by.Name, by.Address, o.Reason, o.Newer,
		time.Now().UTC()
	if err := e.file.change(func(tx *sql.Tx) error { return putJob(tx, &j) }); err != nil {
		return Job{}, err
	}
	e.heirs.remember(j.ID, time.Time{})
	e.tell(&j, "ends sessions")
	select {
	case e.wake <- struct{}{}:
	default:
	}
	return j, nil
}

// Cancel stops a job that runs. What it has ended stays ended. It reports whether there was anything to stop.
func (e *Jobs) Cancel(id string, by Operator) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j, ok, err := e.file.load(id)
	if err != nil || !ok || j.State != Running && j.State != Asked {
		return false, err
	}
	j.State, j.FinishedAt = Cancelled, time.Now().UTC()
	if err := e.file.change(func(tx *sql.Tx) error { return putJob(tx, &j) }); err != nil {
		return false, err
	}
	if stop := e.current[id]; stop != nil {
		stop()
	}
	j.By, j.Address = by.Name, by.Address
	e.tell(&j, "cancelled the end of sessions")
	return true, nil
}

// tell notes in the log and the history what is done with a job.
func (e *Jobs) tell(j *Job, what string) {
	e.opts.Log.Warn("sessions_end_by_query", "what", what, "job", j.ID, "query", j.Query, "count", j.Count, "by", j.By,
		"address", j.Address, "reason", j.Reason, "ended", j.Ended, "gone", j.Gone, "failed", j.Failed)
	e.opts.History.Note(history.Entry{
		Kind: history.OperatorActed, Actor: j.By, Address: j.Address, Reason: what + ": " + j.Reason,
		Detail: fmt.Sprintf("job %s, %d sessions, %s", j.ID, j.Count, j.Query),
	})
}

// Find returns a job, or false if there is none.
func (e *Jobs) Find(id string) (Job, bool, error) { return e.file.load(id) }

// Latest returns the latest jobs that were started, newest first.
func (e *Jobs) Latest() ([]Job, error) {
	return e.file.jobs("WHERE state <> 'asked' ORDER BY asked DESC LIMIT 20")
}

// An Outcome is what has become of a session: "ended", "gone" before its turn, "failed", or "waits" for its turn.
type Outcome string

var outcomes = map[byte]Outcome{ended: "ended", gone: "gone", failed: "failed", waits: "waits", begun: "waits"}

// Forget removes the jobs whose search names a user exactly, but for those that go on. What has ended stays so.
func (e *Jobs) Forget(user string) error {
	jobs, err := e.file.jobs("WHERE state <> ?", string(Running))
	for _, j := range jobs {
		values, wrong := url.ParseQuery(j.Query)
		if user == "" || wrong != nil || values.Get("user") != user {
			continue
		}
		err = errors.Join(err, e.file.drop(j.ID))
	}
	return err
}

// Outcomes calls do for each session of a job.
func (e *Jobs) Outcomes(id string, do func(store.ID, Outcome) error) error {
	for n := 0; ; n++ {
		p, ok, err := e.file.portion(id, n)
		if err != nil || !ok {
			return err
		}
		for i := range p.len() {
			if err := do(p.handle(i), outcomes[p.outcomes[i]]); err != nil {
				return err
			}
		}
		n = p.n
	}
}
