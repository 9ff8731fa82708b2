// Package coalesce lets callers with the same question share calls, without an answer that is older than the question.
//
// The usual way to share a call hands its result to everybody who asks while it is under way. Such a result may be
// older than the question: a session may have been revoked between the two. Here, callers who come while a call is
// under way share the next one. That one begins when the one before it has ended.
package coalesce

import (
	"context"
	"errors"
	"sync"
)

var (
	// ErrAbandoned is for a function whose own context has ended before there was an answer: those who wait for it try
	// again. Only the function's own caller gets it.
	ErrAbandoned = errors.New("coalesce: call abandoned")

	// ErrPanicked is what callers get who have waited for a function that panicked. The panic itself goes to the caller
	// whose function it was.
	ErrPanicked = errors.New("coalesce: call panicked")
)

// A Group is a set of questions, each with a key. The zero value is ready for use. Its methods may be called from any
// number of goroutines.
type Group[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*call[V] // under way
}

// A call is one run of a function.
type call[V any] struct {
	next  *call[V] // for those who come while this one is under way; nil if nobody has
	done  chan struct{}
	value V
	err   error
}

// Do returns what a call for the key returned that began after Do was called. That is a call of fn, or one of somebody
// else who asks the same. The value is shared: whoever changes it makes a copy first. shared tells which of the two it
// was.
//
// The end of ctx ends waiting, with ctx.Err. It does not end a call that has begun.
func (g *Group[K, V]) Do(ctx context.Context, key K, fn func() (V, error)) (value V, shared bool, err error) {
	for {
		c, ahead, leads := g.join(key)
		if leads {
			value, err = g.lead(ctx, key, c, ahead, fn)
			return value, false, err
		}
		select {
		case <-c.done:
		case <-ctx.Done():
			return value, true, ctx.Err()
		}
		if !errors.Is(c.err, ErrAbandoned) {
			return c.value, true, c.err
		}
	}
}

// join returns the call that begins next, the one that it waits for, if any, and whether the caller makes it.
func (g *Group[K, V]) join(key K) (c, ahead *call[V], leads bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ahead = g.calls[key]
	if ahead != nil && ahead.next != nil {
		return ahead.next, nil, false
	}
	c = &call[V]{done: make(chan struct{}), err: ErrAbandoned}
	if ahead != nil {
		ahead.next = c
		return c, ahead, true
	}
	if g.calls == nil {
		g.calls = make(map[K]*call[V])
	}
	g.calls[key] = c
	return c, nil, true
}

// lead makes a call as soon as the one ahead of it has ended.
func (g *Group[K, V]) lead(ctx context.Context, key K, c, ahead *call[V], fn func() (V, error)) (value V, err error) {
	defer g.leave(key, c, ahead)
	if ahead != nil {
		select {
		case <-ahead.done:
		case <-ctx.Done():
			return value, ctx.Err()
		}
	}
	c.err = ErrPanicked
	c.value, c.err = fn()
	return c.value, c.err
}

// leave lets the next call begin, and those who wait for this one see its answer.
func (g *Group[K, V]) leave(key K, c, ahead *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer close(c.done)
	switch {
	case g.calls[key] != c: // it was abandoned before it began
		ahead.next = nil
	case c.next != nil:
		g.calls[key] = c.next
	default:
		delete(g.calls, key)
	}
}
