package redisstore

import (
	"sync"
	"sync/atomic"
)

// workers is how many commands of one call are under way at the same time.
const workers = 16

// parallel calls f for every i below n, several at a time, until one fails.
func parallel(n int, f func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	work := func() {
		for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
			if err := f(i); err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		}
	}
	if n == 1 {
		work()
	} else {
		var running sync.WaitGroup
		for range min(n, workers) {
			running.Go(work)
		}
		running.Wait()
	}
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
