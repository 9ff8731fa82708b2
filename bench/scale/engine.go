package main

import (
	"context"
	"fmt"
	"runtime"

	"coatcheck.dev/bench/figures"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// An engine runs for as long as it is measured. Its places are two stores of their own on one server, so that few sessions and all
// of them can be looked at in turn.
type engine struct {
	version, settings string
	open              func(place string) (store.Store, error)
	hear              func(place string) (store.Store, error) // as open, for another node, with a feed
	lax               func(lax bool) error                    // whether it waits for the disk
	size              func(place string, e *figures.Engine, n int) error
	trips             func() int64 // to the server and back so far
	commands          func() int64 // that the server has counted; nil if it does not
	close             func()
}

var engines = map[string]func() (*engine, error){
	"memory": startMemory, "sqlite": startSQLite, "postgresql": startPostgres, "mariadb": startMariaDB, "redis": startRedis,
}

// startMemory weighs the whole heap: nothing else of any size is on it.
func startMemory() (*engine, error) {
	began := heap()
	return &engine{
		version: runtime.Version(), settings: "in this process",
		open: func(string) (store.Store, error) { return memory.New(), nil },
		hear: func(string) (store.Store, error) { return nil, nil },
		lax:  func(bool) error { return nil },
		size: func(_ string, e *figures.Engine, n int) error {
			e.Memory = float64(heap()-began) / float64(n)
			return nil
		},
		trips: func() int64 { return 0 },
		close: func() {},
	}, nil
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

const few = 1000 // sessions in the place with few

// measure runs an engine through everything.
func measure(name string, sessions int) (*figures.Engine, error) {
	start, known := engines[name]
	if !known {
		return nil, fmt.Errorf("no such engine")
	}
	e := &figures.Engine{Name: name, LoadBefore: load()}
	g, err := start()
	if err != nil {
		return nil, err
	}
	defer g.close()
	e.Version, e.Settings = g.version, g.settings
	all, err := g.open("everything")
	if err != nil {
		return nil, err
	}
	if err := g.lax(true); err != nil {
		return nil, err
	}
	c := newCrowd()
	if e.Fill, err = c.fill(all, sessions); err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	if err := g.size("everything", e, sessions); err != nil {
		return nil, fmt.Errorf("size: %w", err)
	}
	small, err := g.open("few")
	if err != nil {
		return nil, err
	}
	fewOf := newCrowd()
	if _, err := fewOf.fill(small, few); err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	if err := g.lax(false); err != nil {
		return nil, err
	}
	e.List, err = lists(small, fewOf, all, c)
	for _, step := range []func() error{
		func() error { return feed(g, small, fewOf, e) },
		func() error { return requests(g, all, c, e) },
		func() error { return throughput(all, c, e) },
		func() error { return sweep(g, all, c, e) },
	} {
		if err == nil {
			err = step()
		}
	}
	e.LoadAfter = load()
	return e, err
}

var ctx = context.Background()
