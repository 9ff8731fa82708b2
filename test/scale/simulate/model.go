package main

import (
	"container/heap"
	"container/list"
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// A model is a part of all sessions, and of the room in each node's cache, that has the visits of an hour at the peak
// of a day. It stands for all of them: what is counted is multiplied by the rest.
type model struct {
	rng     *rand.Rand
	ranks   []float64 // sums of how often sessions are visited
	records []kept
	nodes   []appNode
	sticky  bool // a session's requests go to one node
	coming  visits
	now     time.Duration
	from    time.Duration // what happens before is not counted
	part    float64       // of all sessions
	counters
	loadsAt []int // by second since from
	broken  time.Duration
	forget  func(*model)
}

type counters struct{ requests, loads, touches, saves, rotations int }

// kept is what the store has of a session, and whether the library is about to rotate it.
type kept struct {
	version       int
	seen, rotated time.Duration
	pending       bool
}

// An appNode is one process of the application. It has a cache, whose least recently used entry gives way. (The real
// one is better at that: see TestCacheIsNoBetterThanNear.)
type appNode struct {
	room    int
	entries map[int]*list.Element
	recent  *list.List
}

type entry struct {
	session, version int
	seen             time.Duration
}

// A visit is when a session's next request comes, and how many come after.
type visit struct {
	at            time.Duration
	session, left int
}

type visits []visit

func (v visits) Len() int           { return len(v) }
func (v visits) Less(i, j int) bool { return v[i].at < v[j].at }
func (v visits) Swap(i, j int)      { v[i], v[j] = v[j], v[i] }
func (v *visits) Push(x any)        { *v = append(*v, x.(visit)) }
func (v *visits) Pop() any {
	last := (*v)[len(*v)-1]
	*v = (*v)[:len(*v)-1]
	return last
}

// newModel is n sessions that stand for all of them, on so many nodes with caches for so many records.
func newModel(n int, all float64, nodes int, room float64, sticky bool) *model {
	w := &model{rng: rand.New(rand.NewPCG(1, 2)), records: make([]kept, n), sticky: sticky, part: float64(n) / all}
	sum := 0.0
	for i := range n { // every 1/part-th of all, by how often they are visited
		sum += math.Pow((float64(i)+0.5)/w.part, -skew)
		w.ranks = append(w.ranks, sum)
	}
	for i := range w.records {
		w.records[i].rotated = -rotateEvery
		w.records[i].seen = -touchEvery
	}
	for range nodes {
		room := max(1, int(math.Round(room*w.part)))
		w.nodes = append(w.nodes, appNode{room, make(map[int]*list.Element), list.New()})
	}
	return w
}

// run lets visitors come for an hour, and before that until the caches are as they stay.
func (w *model) run() {
	w.from = 30 * time.Minute
	until := w.from + time.Hour
	w.loadsAt = make([]int, int((until-w.from)/time.Second)+1)
	rate := float64(len(w.records)) * visitsPerDay * peak / day
	next := w.after(1 / rate)
	for {
		for len(w.coming) == 0 || w.coming[0].at > next {
			heap.Push(&w.coming, visit{next, w.somebody(), w.length()})
			next += w.after(1 / rate)
		}
		v := heap.Pop(&w.coming).(visit)
		if v.at > until {
			return
		}
		if w.now = v.at; w.forget != nil && w.now >= w.broken {
			w.forget(w)
			w.forget = nil
		}
		w.request(v.session)
		if v.left > 1 {
			heap.Push(&w.coming, visit{v.at + w.after(gap.Seconds()), v.session, v.left - 1})
		}
	}
}

// after draws a time, in seconds in the mean.
func (w *model) after(mean float64) time.Duration {
	return time.Duration(w.rng.ExpFloat64() * mean * float64(time.Second))
}

func (w *model) somebody() int {
	return sort.SearchFloat64s(w.ranks, w.rng.Float64()*w.ranks[len(w.ranks)-1])
}

// length draws the requests of a visit: the next one is the last with the same chance each time.
func (w *model) length() int {
	return 1 + int(math.Log(1-w.rng.Float64())/math.Log(1-1.0/requestsAVisit))
}

func (w *model) request(session int) {
	at := session % len(w.nodes)
	if !w.sticky {
		at = w.rng.IntN(len(w.nodes))
	}
	s, n := &w.records[session], &w.nodes[at]
	w.count(&w.requests)
	e := n.find(session)
	if e == nil || e.version != s.version { // the feed has told of the change, so it is not there
		w.count(&w.loads)
		if w.now >= w.from {
			w.loadsAt[int((w.now-w.from)/time.Second)]++
		}
		e = n.keep(entry{session, s.version, s.seen})
	}
	if w.now-e.seen >= touchEvery || w.provesKept(s, e) { // by what this node knows: no feed tells of touches
		w.count(&w.touches)
		e.seen, s.seen = w.now, w.now
	}
	switch {
	case s.pending:
		s.pending, s.rotated = false, w.now
		w.save(s, e, &w.rotations)
	case w.now-s.rotated >= rotateEvery:
		s.pending = true
		w.save(s, e, &w.rotations)
	}
	if w.rng.Float64() < writes {
		w.save(s, e, &w.saves)
	}
}

// provesKept reports whether it is the first use of a secret since the browser has surely written it to disk, which is
// noted at once while a lost one is taken back.
func (w *model) provesKept(s *kept, e *entry) bool {
	settled := s.rotated + settles
	return !s.pending && s.rotated >= 0 && e.seen <= settled && settled < w.now && w.now < s.rotated+takesBack
}

func (w *model) count(n *int) {
	if w.now >= w.from {
		*n++
	}
}

// save changes the record, which the node that does it goes on to keep.
func (w *model) save(s *kept, e *entry, n *int) {
	w.count(n)
	s.version++
	s.seen = w.now
	e.version, e.seen = s.version, s.seen
}

func (n *appNode) find(session int) *entry {
	el := n.entries[session]
	if el == nil {
		return nil
	}
	n.recent.MoveToFront(el)
	return el.Value.(*entry)
}

func (n *appNode) keep(e entry) *entry {
	if el := n.entries[e.session]; el != nil {
		*el.Value.(*entry) = e
		return el.Value.(*entry)
	}
	if n.recent.Len() >= n.room {
		last := n.recent.Back()
		delete(n.entries, last.Value.(*entry).session)
		n.recent.Remove(last)
	}
	n.entries[e.session] = n.recent.PushFront(&e)
	return n.entries[e.session].Value.(*entry)
}

// empty is a node that has just been started.
func (n *appNode) empty() {
	clear(n.entries)
	n.recent.Init()
}

// perSecond scales what was counted in the hour up to all sessions.
func (w *model) perSecond(n int) float64 { return float64(n) / w.part / time.Hour.Seconds() }

func (t *counters) hits() float64 { return 1 - float64(t.loads)/float64(t.requests) }

// fromThen is the time so many seconds after counting begins.
func (w *model) fromThen(seconds int) time.Duration {
	return 30*time.Minute + time.Duration(seconds)*time.Second
}
