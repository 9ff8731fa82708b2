package state

import (
	"slices"
	"strings"
)

// An index finds entries by name, without a lock. It is made anew after each declaration.
type index struct {
	named map[Kind]map[string][]*Entry // several if they differ in their host
	open  map[Kind][]*Entry            // those that end with '*', the longest first
}

func (inv *Inventory) makeIndex() *index {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	ix := &index{map[Kind]map[string][]*Entry{}, map[Kind][]*Entry{}}
	for _, kind := range kinds {
		ix.named[kind] = map[string][]*Entry{}
	}
	for _, e := range inv.entries { // a copy each: readers keep it
		kind := e.Place.Kind()
		if strings.HasSuffix(e.Name, "*") {
			ix.open[kind] = append(ix.open[kind], &e)
			continue
		}
		ix.named[kind][e.Name] = append(ix.named[kind][e.Name], &e)
	}
	for _, open := range ix.open {
		slices.SortStableFunc(open, func(a, b *Entry) int { return len(b.Name) - len(a.Name) })
	}
	inv.index.Store(ix)
	return ix
}

func (ix *index) find(kind Kind, host, name string) *Entry {
	for _, e := range ix.named[kind][name] {
		if e.at(host) {
			return e
		}
	}
	for _, e := range ix.open[kind] {
		if strings.HasPrefix(name, e.Name[:len(e.Name)-1]) && e.at(host) {
			return e
		}
	}
	return nil
}

// at reports whether the entry is kept by a host, "" for the site itself.
func (e *Entry) at(host string) bool {
	if e.Host == "" || host == "" {
		return e.Host == host
	}
	return host == e.Host || strings.HasSuffix(host, "."+e.Host)
}
