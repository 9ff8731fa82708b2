package main

import (
	"math"

	"coatcheck.dev/test/scale/figures"
)

// sample is how many sessions a model has: as many as take a second or two to simulate.
const sample = 50_000

// A Plan is what a number of sessions takes.
type Plan struct {
	Sessions      float64
	Requests      float64 // a second, as all rates
	Nodes         int
	Sticky, Any   float64 // hits near, if a session stays on a node and if it does not
	Loads, Misses float64 // asked of the store, in either case
	Touches       float64 // if it stays
	TouchesAny    float64
	Saves         float64
	SignIns, Ends float64
	Notices       float64 // that each node hears
	Redis         Shards
	Postgres      Shards
}

// Shards are the machines of an engine.
type Shards struct {
	GB          float64
	Full, Busy  int // how many it takes for their size, and for their speed
	Number      int
	Use         float64 // of the time of each
	Median, P99 float64 // of a load there, in milliseconds
	Messages    float64 // of the feed that each sends, a second
}

func plan(f *figures.Figures, sessions float64) Plan {
	p := Plan{Sessions: sessions, Requests: sessions * visitsPerDay * requestsAVisit * peak / day}
	p.Nodes = max(2, int(math.Ceil(p.Requests/perNode)))
	room := nearBytes / f.Counted
	stays := newModel(sample, sessions, p.Nodes, room, true)
	stays.run()
	any := newModel(sample, sessions, p.Nodes, room, false)
	any.run()
	p.Requests = stays.perSecond(stays.requests)
	p.Sticky, p.Any = stays.hits(), any.hits()
	p.Loads, p.Misses = stays.perSecond(stays.loads), any.perSecond(any.loads)
	p.Touches, p.TouchesAny = stays.perSecond(stays.touches), any.perSecond(any.touches)
	p.Saves = stays.perSecond(stays.saves + stays.rotations)
	p.SignIns = sessions * signInsPerDay * peak / day
	p.Ends = p.SignIns
	p.Notices = p.Saves + p.SignIns + p.Ends
	p.Redis = p.shards(f.Engine("redis"), redisGB)
	p.Postgres = p.shards(f.Engine("postgresql"), postgresGB)
	return p
}

// work is what all shards together are asked for if sessions stay on their nodes.
func (p *Plan) work(e *figures.Engine, shards int) []work {
	each := float64(shards)
	save := 1 / e.Saves
	like := func(kind string) float64 { return save * e.Request(kind).Median / e.Request("write").Median }
	return []work{
		{p.Loads / each, 1 / e.Loads},
		{p.Saves / each, save},
		{p.SignIns / each, like("sign-in")},
		{p.Ends * signOuts / each, like("sign-out")},
		{p.Touches / each, e.Request("touches, in batches of 1,000").Median / 1e6},
		{p.Ends * (1 - signOuts) / each, e.Request("sweep").Median / 1e6},
	}
}

func (p *Plan) shards(e *figures.Engine, gb float64) (s Shards) {
	s.GB = p.Sessions * e.Bytes() / 1e9
	s.Full = int(math.Ceil(s.GB / gb))
	s.Busy = int(math.Ceil(use(p.work(e, 1)) / busy))
	s.Number = max(s.Full, s.Busy)
	work := p.work(e, s.Number)
	s.Use = use(work)
	median, p99 := queue(work)
	s.Median, s.P99 = 1000*median, 1000*p99
	s.Messages = p.Notices * float64(p.Nodes) / float64(s.Number)
	return s
}

// A Herd is what a restart asks of the store, in loads a second: of one node, and of the store itself, after which
// every node forgets what it had.
type Herd struct{ Before, Node, Store, Seconds float64 }

// herd restarts at the peak. A second in which more than half as many again are loaded as before counts to the herd.
func herd(f *figures.Figures, sessions float64) (h Herd) {
	nodes := max(2, int(math.Ceil(sessions*visitsPerDay*requestsAVisit*peak/day/perNode)))
	restart := func(forget func(*model)) (before, most, seconds float64) {
		w := newModel(4*sample, sessions, nodes, nearBytes/f.Counted, true)
		w.broken, w.forget = w.fromThen(1800), forget
		w.run()
		for _, n := range w.loadsAt[:1800] {
			before += float64(n) / 1800
		}
		for i := 1800; i < 1800+120; i += 5 { // five seconds together, as so few are simulated
			sum := 0.0
			for _, n := range w.loadsAt[i : i+5] {
				sum += float64(n) / 5
			}
			if most = max(most, sum); sum > 1.5*before {
				seconds = float64(i + 5 - 1800)
			}
		}
		return before / w.part, most / w.part, seconds
	}
	h.Before, h.Node, _ = restart(func(w *model) { w.nodes[0].empty() })
	_, h.Store, h.Seconds = restart(func(w *model) {
		for i := range w.nodes {
			w.nodes[i].empty()
		}
	})
	return h
}
