package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// calls are all methods of a store, as called for work on the record r.
var calls = []struct {
	name string
	call func(ctx context.Context, s store.Store, r store.Record) error
}{
	{"Load", func(ctx context.Context, s store.Store, r store.Record) error {
		_, err := s.Load(ctx, r.ID)
		return err
	}},
	{"Create", func(ctx context.Context, s store.Store, r store.Record) error {
		return s.Create(ctx, session("grace"), store.ID{})
	}},
	{"replace", func(ctx context.Context, s store.Store, r store.Record) error {
		return s.Create(ctx, session("grace"), r.ID)
	}},
	{"Save", func(ctx context.Context, s store.Store, r store.Record) error { return s.Save(ctx, changed(r)) }},
	{"Touch", func(ctx context.Context, s store.Store, r store.Record) error {
		return s.Touch(ctx, []store.Seen{{ID: r.ID, At: epoch.Add(time.Hour)}})
	}},
	{"Delete", func(ctx context.Context, s store.Store, r store.Record) error {
		_, err := s.Delete(ctx, r.ID)
		return err
	}},
	{"DeleteUser", func(ctx context.Context, s store.Store, r store.Record) error {
		_, err := s.DeleteUser(ctx, r.User)
		return err
	}},
	{"List", func(ctx context.Context, s store.Store, r store.Record) error {
		_, err := s.List(ctx, store.Query{})
		return err
	}},
	{"Live", func(ctx context.Context, s store.Store, r store.Record) error {
		_, err := s.Live(ctx, r.User, epoch, epoch, 100)
		return err
	}},
	{"Count", func(ctx context.Context, s store.Store, r store.Record) error {
		_, err := s.Count(ctx, r.User, time.Time{})
		return err
	}},
	{"Sweep", func(ctx context.Context, s store.Store, r store.Record) error {
		_, err := s.Sweep(ctx, epoch, 100)
		return err
	}},
}

var cancelCases = []testCase{
	{
		name: "a cancelled call says so",
		why: "A caller who has gone must not keep the store busy, and \"I gave up\" must not read as \"there is no " +
			"such session\".",
		run: func(t *trial) {
			r := t.create(session("ada"))
			ctx, cancel := context.WithCancel(t.ctx)
			cancel()
			for _, c := range calls {
				if err := c.call(ctx, t.s, r); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got error %v, want context.Canceled", c.name, err)
				}
			}
		},
	}, {
		name: "a call after its deadline says so",
		why:  "Sessions answer 503 when a deadline passes, and tell it apart from a cancelled request.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			ctx, cancel := context.WithDeadline(t.ctx, time.Unix(1, 0))
			defer cancel()
			for _, c := range calls {
				if err := c.call(ctx, t.s, r); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: got error %v, want context.DeadlineExceeded", c.name, err)
				}
			}
		},
	}, {
		name: "a cancelled write happened wholly or not at all",
		why:  "Half a replacement is a user with two sessions that count as one, or none.",
		run: func(t *trial) {
			const n = 60
			olds, news := make([]store.Record, n), make([]store.Record, n)
			for i := range olds {
				olds[i] = session("ada")
				news[i] = successor(asStored(olds[i], 1), "ada")
			}
			t.createAll(olds)
			var done atomic.Int64
			t.parallel(n, func(i int) {
				ctx, cancel := context.WithCancel(t.ctx)
				stop := time.AfterFunc(time.Duration(i)*20*time.Microsecond, cancel)
				defer stop.Stop()
				switch err := t.s.Create(ctx, news[i], olds[i].ID); {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, context.Canceled):
					t.Errorf("create: %v", err)
				}
				cancel()
			})
			replaced := 0
			for i := range olds {
				_, oldErr := t.s.Load(t.ctx, olds[i].ID)
				_, newErr := t.s.Load(t.ctx, news[i].ID)
				// A cut-off write may happen between two loads, once, and a cache hears of it a little later.
				deadline := time.Now().Add(t.late)
				for (oldErr == nil) == (newErr == nil) && time.Now().Before(deadline) {
					time.Sleep(time.Millisecond)
					_, oldErr = t.s.Load(t.ctx, olds[i].ID)
					_, newErr = t.s.Load(t.ctx, news[i].ID)
				}
				if (oldErr == nil) == (newErr == nil) {
					t.Errorf("replacement %d: the old record loads with %v, the new one with %v", i, oldErr, newErr)
				}
				if newErr == nil {
					replaced++
				}
			}
			if replaced < int(done.Load()) {
				t.Errorf("%d replacements were acknowledged, %d happened", done.Load(), replaced)
			}
			t.counts("ada", n)
			t.counts("", n)
		},
	}, {
		name: "the store works on after a cancelled call",
		why:  "Browsers cancel requests all day; none may take a connection or a lock with it.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			t.parallel(64, func(i int) {
				ctx, cancel := context.WithCancel(t.ctx)
				if i%2 == 0 {
					cancel()
				} else {
					defer time.AfterFunc(time.Duration(i)*10*time.Microsecond, cancel).Stop()
				}
				_ = calls[i%2].call(ctx, t.s, r) // a load or a creation; the result does not matter
				cancel()
			})
			t.has(r)
			t.has(t.save(changed(r)))
			t.has(t.create(session("alan")))
		},
	},
}
