package ending

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A turn is a job that is being done.
type turn struct {
	*Jobs
	job    *Job
	pace   pace
	memory func()            // forgets which sessions took the place of which
	tried  map[store.ID]bool // those that began later and have had their turn
}

// set notes what has become of a handle.
func (t *turn) set(p *portion, i int, outcome byte) {
	p.outcomes[i] = outcome
	switch outcome {
	case ended:
		t.job.Ended++
	case gone:
		t.job.Gone++
	case failed:
		t.job.Failed++
	}
}

// acting says who ends the sessions, and why.
func (t *turn) acting(ctx context.Context) context.Context {
	ctx = session.WithActorAddress(ctx, t.job.Address)
	return session.WithActor(ctx, t.job.By, t.job.Reason+" (job "+t.job.ID+")")
}

const (
	atOnce = 4 // ends at a time: a database writes several in one step
	tries  = 3

	firstWait   = 100 * time.Millisecond // for a store that fails; twice as long each time
	longestWait = 30 * time.Second
)

// batch ends the sessions at some places of a portion. If the store does not answer at all it waits until it does.
// Those that were resumed may have ended by this job before the program was killed: if they are gone they count as
// that.
func (t *turn) batch(ctx context.Context, p *portion, places []int, resumed map[int]bool) {
	for try, wait := 1, firstWait; len(places) > 0 && ctx.Err() == nil; try++ {
		failures := t.round(ctx, p, places, resumed)
		if len(failures) == 0 {
			return
		}
		places = failures
		if ctx.Err() != nil {
			return
		}
		if !t.answers(ctx) {
			try, wait = 0, min(2*wait, longestWait)
		} else if try == tries {
			for _, i := range places {
				t.set(p, i, failed)
			}
			return
		}
		sleep(ctx, wait)
	}
}

// answers reports whether the store answers at all.
func (t *turn) answers(ctx context.Context) bool {
	_, _, err := t.opts.Sessions.Lookup(ctx, store.NewID())
	return err == nil
}

// round tries to end each session once, and returns the places of those that the store could not end.
func (t *turn) round(ctx context.Context, p *portion, places []int, resumed map[int]bool) (failures []int) {
	// What has begun is not broken off: its outcome would not be known.
	ending, cancel := context.WithTimeout(t.acting(context.WithoutCancel(ctx)), stepTime)
	defer cancel()
	results, took := make([]byte, len(places)), make([]time.Duration, len(places))
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range min(atOnce, len(places)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				k := int(next.Add(1)) - 1
				if k >= len(places) {
					return
				}
				start := time.Now()
				results[k] = t.one(ending, p.handle(places[k]), resumed[places[k]])
				took[k] = time.Since(start)
			}
		})
	}
	workers.Wait()
	t.pace.note(time.Since(began), took)
	for k, i := range places {
		if results[k] == 0 || results[k] == failed {
			failures = append(failures, i)
			if results[k] == 0 {
				p.outcomes[i] = waits // its turn has not come
			}
			continue
		}
		t.set(p, i, results[k])
	}
	return failures
}

// one ends a session, or what it has become.
func (t *turn) one(ctx context.Context, id store.ID, resumed bool) byte {
	existed, err := t.opts.Sessions.Revoke(ctx, id)
	if err == nil && !existed {
		existed, err = t.heirsOf(ctx, id)
	}
	switch {
	case err != nil:
		return failed
	case existed, resumed:
		return ended
	}
	return gone
}

const maxHops = 20 // step-ups of one session while a job runs

// heirsOf ends what a session has become by step-ups, and reports whether it has ended anything. Who was signed in anew
// has another session.
func (t *turn) heirsOf(ctx context.Context, id store.ID) (bool, error) {
	for range maxHops {
		heir, ok, err := t.heir(ctx, id)
		if err != nil || !ok {
			return false, err
		}
		info, there, err := t.opts.Sessions.Lookup(ctx, heir)
		switch {
		case err != nil:
			return false, err
		case there && info.CreatedAt.After(t.job.AsOf):
			return false, nil
		case there:
			if existed, err := t.opts.Sessions.Revoke(ctx, heir); existed || err != nil {
				return existed, err
			}
		}
		id = heir
	}
	return false, nil
}

// heir returns which session has taken the place of another.
func (t *turn) heir(ctx context.Context, id store.ID) (store.ID, bool, error) {
	if heir, ok := t.heirs.of(id); ok {
		return heir, true, nil
	}
	found, _, err := t.opts.History.Find(ctx, history.Query{Handle: id})
	for _, e := range found {
		if e.Was == id && e.Kind == history.Kind(event.SteppedUp) {
			return e.Handle, true, nil
		}
	}
	return store.ID{}, false, err
}

// query is what the job looks for.
func (t *turn) query() (index.Query, error) {
	values, err := url.ParseQuery(t.job.Query)
	if err != nil {
		return index.Query{}, err
	}
	return index.Parse(values)
}
