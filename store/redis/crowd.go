package redisstore

import (
	"sync"
	"sync/atomic"
)

// lanes is how many commands of one call are on their way at the same time.
const lanes = 16

// each calls f for every i below n, some at a time, until one fails.
func each(n int, f func(i int) error) error {
	if n == 1 {
		return f(0)
	}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var crowd sync.WaitGroup
	for range min(n, lanes) {
		crowd.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	crowd.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
