package client

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

type deadlineKey struct{}

func TestLazyDeadline(t *testing.T) {
	canceled, cancel := context.WithCancel(context.WithValue(context.Background(), deadlineKey{}, "value"))
	cancel()
	for name, first := range map[string]func(context.Context){
		"asked first":      func(ctx context.Context) { _ = ctx.Err() },
		"waited for first": func(ctx context.Context) { _ = ctx.Done() },
		"a child first":    func(ctx context.Context) { _, stop := context.WithCancel(ctx); stop() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newLazyDeadline(canceled, time.Now().Add(time.Second))
				defer p.end()
				first(p)
				if err := p.Err(); err != nil || context.Cause(p) != nil || p.Value(deadlineKey{}) != "value" {
					t.Errorf("before the deadline: %v, %v, %v", err, context.Cause(p), p.Value(deadlineKey{}))
				}
				if until, ok := p.Deadline(); !ok || time.Until(until) != time.Second {
					t.Errorf("the deadline is in %v, %v", time.Until(until), ok)
				}
				began := time.Now()
				<-p.Done()
				if waited := time.Since(began); waited != time.Second {
					t.Errorf("it ended after %v", waited)
				}
				if err := p.Err(); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("after the deadline: %v", err)
				}
			})
		})
	}
}

// What nobody waited for ends on time all the same.
func TestLazyDeadlineThatWasOnlyAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLazyDeadline(t.Context(), time.Now().Add(time.Second))
		time.Sleep(time.Second)
		if err := p.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestLazyDeadlineEndsWithTheCall(t *testing.T) {
	for name, waits := range map[string]bool{"waited for": true, "not waited for": false} {
		t.Run(name, func(t *testing.T) {
			p := newLazyDeadline(t.Context(), time.Now().Add(time.Hour))
			if waits {
				_ = p.Done()
			}
			p.end()
			if err := p.Err(); !errors.Is(err, context.Canceled) {
				t.Errorf("before anybody waits: got %v", err)
			}
			<-p.Done()
			if err := p.Err(); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Drivers derive contexts from it by the dozen, and none of those may cost a goroutine.
func TestLazyDeadlineIsFollowedWithoutGoroutines(t *testing.T) {
	p := newLazyDeadline(t.Context(), time.Now().Add(time.Hour))
	defer p.end()
	const children = 1000
	before := runtime.NumGoroutine()
	for range children {
		_, cancel := context.WithCancel(p)
		defer cancel()
	}
	if more := runtime.NumGoroutine() - before; more > children/2 {
		t.Errorf("%d goroutines for %d contexts", more, children)
	}
}
