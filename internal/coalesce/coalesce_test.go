package coalesce_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/internal/coalesce"
)

// Nobody gets an answer that is older than the question, and however many ask at once, two calls are made.
func TestAnswersAreNoOlderThanTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g coalesce.Group[string, time.Time]
		var calls atomic.Int32
		look := func() (time.Time, error) {
			began := time.Now()
			calls.Add(1)
			time.Sleep(time.Second)
			return began, nil
		}
		var asking sync.WaitGroup
		for i := range 100 {
			asking.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				asked := time.Now()
				began, shared, err := g.Do(t.Context(), "a", look)
				if err != nil || began.Before(asked) {
					t.Errorf("%d: began %v before it was asked, error %v", i, asked.Sub(began), err)
				}
				if shared != (i > 1) {
					t.Errorf("%d: shared %v", i, shared)
				}
			})
		}
		asking.Wait()
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
	})
}

// Keys have nothing to do with each other, and nothing is left of a call that has ended.
func TestKeysAreApart(t *testing.T) {
	var g coalesce.Group[string, string]
	inner := func() (string, error) { return "b", nil }
	v, shared, err := g.Do(t.Context(), "a", func() (string, error) {
		v, _, err := g.Do(t.Context(), "b", inner) // a wait for "a" would never end
		return "a" + v, err
	})
	if v != "ab" || shared || err != nil {
		t.Errorf("%q, shared %v, error %v", v, shared, err)
	}
	if v, shared, err := g.Do(t.Context(), "a", inner); v != "b" || shared || err != nil {
		t.Errorf("%q, shared %v, error %v", v, shared, err)
	}
}

// The end of a context ends its own waiting alone: whoever else waits gets an answer.
func TestContextEndsOnlyItsOwnWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g coalesce.Group[int, int]
		var asking sync.WaitGroup
		do := func(ctx context.Context, want int, wantErr error) {
			asking.Go(func() {
				v, _, err := g.Do(ctx, 1, func() (int, error) {
					time.Sleep(time.Second)
					return want, nil
				})
				if !errors.Is(err, wantErr) || err == nil && v != want {
					t.Errorf("%d and %v, want %d and %v", v, err, want, wantErr)
				}
			})
			synctest.Wait()
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		do(t.Context(), 1, nil)                // under way
		do(short, 2, context.DeadlineExceeded) // was to be the next one
		do(t.Context(), 3, nil)                // takes over
		do(short, 3, context.DeadlineExceeded) // waits for that
		began := time.Now()
		asking.Wait()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %v, want 2 s", took)
		}
	})
}

// A function that gives up on behalf of its own caller leaves the others to try again.
func TestAbandonedCallIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g coalesce.Group[int, int]
		var asking sync.WaitGroup
		asking.Go(func() { _, _, _ = g.Do(t.Context(), 1, slow(1, nil)) })
		synctest.Wait()
		asking.Go(func() {
			if _, _, err := g.Do(t.Context(), 1, slow(0, coalesce.ErrAbandoned)); err != coalesce.ErrAbandoned {
				t.Errorf("the one who gave up gets %v", err)
			}
		})
		synctest.Wait()
		asking.Go(func() {
			if v, _, err := g.Do(t.Context(), 1, slow(3, nil)); v != 3 || err != nil {
				t.Errorf("%d, error %v", v, err)
			}
		})
		asking.Wait()
	})
}

// A panic goes to the caller whose function it was. Whoever waits gets an error, and the next call is made.
func TestPanicReachesItsCallerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g coalesce.Group[int, int]
		var asking sync.WaitGroup
		asking.Go(func() { _, _, _ = g.Do(t.Context(), 1, slow(1, nil)) })
		synctest.Wait()
		asking.Go(func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic is gone")
				}
			}()
			_, _, _ = g.Do(t.Context(), 1, func() (int, error) { panic("boom") })
		})
		synctest.Wait()
		asking.Go(func() {
			if _, shared, err := g.Do(t.Context(), 1, slow(3, nil)); !shared || err != coalesce.ErrPanicked {
				t.Errorf("shared %v, error %v", shared, err)
			}
		})
		asking.Wait()
		if v, _, err := g.Do(t.Context(), 1, slow(4, nil)); v != 4 || err != nil {
			t.Errorf("after a panic: %d, error %v", v, err)
		}
	})
}

func slow(v int, err error) func() (int, error) {
	return func() (int, error) {
		time.Sleep(time.Second)
		return v, err
	}
}
