package state

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/event"
)

// driftKinds are what a [Drift] finds.
var driftKinds = [...]event.Kind{event.UndeclaredCookie, event.UndeclaredKey, event.DifferentCookie,
	event.UnknownCookie}

// A Finding is one thing that is not as the inventory says, and how often that was seen.
type Finding struct {
	Kind   event.Kind
	Name   string // of the cookie or key, cut to 64 bytes; "" for cookies without a name, and all beyond the bound
	Reason string // what is wrong with it
	Where  string // the first time: method and path of the request, cut to 256 bytes; "" for a key
	Count  uint64
}

// finding is what findings are told apart by.
type finding struct {
	kind   event.Kind
	name   string
	reason string
}

// findings are bounded, because clients choose the names of the cookies that they send.
type findings struct {
	mu  sync.Mutex
	all map[finding]*sightings
	per map[event.Kind]int // how many findings
}

type sightings struct {
	where  string
	count  uint64
	told   time.Time // when the last event was sent
	untold int       // since then
}

const (
	maxFindings = 256 // of each kind; the others are one
	maxName     = 64
	maxWhere    = 256
	tellEvery   = time.Minute
)

func clip(text string) string { return clipTo(text, maxName) }

func clipTo(text string, most int) string {
	if len(text) > most {
		return text[:most]
	}
	return text
}

// report counts a finding, and tells the observers of it if they have not heard of it for a while.
func (d *Drift) report(r *http.Request, f finding) {
	f.name = clip(f.name)
	d.counts[slices.Index(driftKinds[:], f.kind)].Add(1)
	f, n := d.found.add(r, f, time.Now())
	if n > 0 {
		d.events.Send(event.Event{Kind: f.kind, Key: f.name, Reason: f.reason, Count: n})
	}
}

// add counts a finding. It returns how many of them an event is to tell of, usually none.
func (fs *findings) add(r *http.Request, f finding, now time.Time) (finding, int) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	s := fs.all[f]
	if s == nil && fs.per[f.kind] >= maxFindings {
		f = finding{f.kind, "", "more names than are told apart"}
		s = fs.all[f]
	}
	if s == nil {
		f.name, f.reason = strings.Clone(f.name), strings.Clone(f.reason)
		s = &sightings{where: where(r)}
		if fs.all == nil {
			fs.all, fs.per = map[finding]*sightings{}, map[event.Kind]int{}
		}
		fs.all[f] = s
		fs.per[f.kind]++
	}
	s.count++
	s.untold++
	if now.Sub(s.told) < tellEvery {
		return f, 0
	}
	n := s.untold
	s.told, s.untold = now, 0
	return f, n
}

func where(r *http.Request) string {
	if r == nil {
		return ""
	}
	return strings.Clone(clipTo(r.Method+" "+r.URL.Path, maxWhere))
}

// Counts returns how often each kind of drift was seen, with the kinds that were not seen, for metrics.
func (d *Drift) Counts() map[event.Kind]uint64 {
	all := make(map[event.Kind]uint64, len(driftKinds))
	for i, kind := range driftKinds {
		all[kind] = d.counts[i].Load()
	}
	return all
}

// Findings returns what is not as the inventory says, sorted by kind and name: at most 257 of each kind.
func (d *Drift) Findings() []Finding {
	d.found.mu.Lock()
	var all []Finding
	for f, s := range d.found.all {
		all = append(all, Finding{f.kind, f.name, f.reason, s.where, s.count})
	}
	d.found.mu.Unlock()
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name),
			strings.Compare(a.Reason, b.Reason))
	})
	return all
}
