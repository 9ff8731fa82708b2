package scale

import (
	"context"
	"runtime"
	"testing"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/test/scale/figures"
)

// An engine runs for as long as it is measured. Its places are two stores of their own on one server, so that few
// sessions and all of them can be looked at in turn.
type engine struct {
	version, settings string
	open              func(place string) store.Store
	hear              func(place string) store.Store // as open, for another node, with a feed; nil within one process
	lax               func(lax bool)                 // whether it waits for the disk; nil if it always does, or never
	size              func(place string, e *figures.Engine, n int)
	trips             func() int64 // to the server and back so far; nil if there are none
	commands          func() int64 // that the server has counted; nil if it does not
}

type kind struct {
	name   string
	server bool
	start  func(testing.TB) *engine
}

// engines are in the order of the document.
var engines = []kind{
	{"memory", false, startMemory}, {"sqlite", false, startSQLite},
	{"postgresql", true, startPostgres}, {"mariadb", true, startMariaDB}, {"redis", true, startRedis},
}

// startMemory weighs the whole heap: nothing else of any size is on it.
func startMemory(testing.TB) *engine {
	began := heap()
	return &engine{
		version: runtime.Version(), settings: "in this process",
		open: func(string) store.Store { return memory.New() },
		size: func(_ string, e *figures.Engine, n int) { e.Memory = float64(heap()-began) / float64(n) },
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (g *engine) setLax(lax bool) {
	if g.lax != nil {
		g.lax(lax)
	}
}

const few = 1000 // sessions in the place with few

// measure runs an engine through everything.
func measure(t *testing.T, name string, g *engine, sessions int) *figures.Engine {
	e := &figures.Engine{Name: name, LoadBefore: load(), Version: g.version, Settings: g.settings}
	all, c := g.open("everything"), newPopulation(t)
	g.setLax(true)
	e.Fill = c.fill(t, all, sessions)
	g.size("everything", e, sessions)
	small, fewOf := g.open("few"), newPopulation(t)
	fewOf.fill(t, small, few)
	g.setLax(false)
	e.List = lists(t, small, fewOf, all, c)
	feed(t, g, fewOf, e)
	requests(t, g, all, c, e)
	throughput(t, all, c, e)
	sweep(t, g, all, c, e)
	e.LoadAfter = load()
	return e
}

var ctx = context.Background()
