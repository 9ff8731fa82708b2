package state

import (
	"slices"
	"strings"
)

// An index finds entries by name, without a lock. It is made anew after each declaration.
type index struct {
	cookies names // apart, because each request and response asks for some
	others  map[Kind]*names
}

// names are the entries of one kind.
type names struct {
	whole map[string][]*indexed // several if they differ in their host
	begin []*indexed            // those that end with '*', the longest first
}

// An indexed entry is a copy, which nobody changes.
type indexed struct {
	Entry
	seen seen // attributes that were as declared
}

func (inv *Inventory) makeIndex() *index {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	ix := &index{others: map[Kind]*names{}}
	for _, kind := range kinds {
		if kind != KindCookie {
			ix.others[kind] = &names{}
		}
	}
	for _, e := range inv.entries {
		ix.of(e.Place.Kind()).add(&indexed{Entry: e.clone()})
	}
	inv.index.Store(ix)
	return ix
}

// of returns the entries of a kind, nil if there is no such kind.
func (ix *index) of(kind Kind) *names {
	if kind == KindCookie {
		return &ix.cookies
	}
	return ix.others[kind]
}

func (n *names) add(e *indexed) {
	if !strings.HasSuffix(e.Name, "*") {
		if n.whole == nil {
			n.whole = map[string][]*indexed{}
		}
		n.whole[e.Name] = append(n.whole[e.Name], e)
		return
	}
	n.begin = append(n.begin, e)
	slices.SortStableFunc(n.begin, func(a, b *indexed) int { return len(b.Name) - len(a.Name) })
}

// find returns the entry that stands for a name, nil if there is none.
func (n *names) find(host, name string) *indexed {
	if n == nil {
		return nil
	}
	for _, e := range n.whole[name] {
		if e.at(host) {
			return e
		}
	}
	for _, e := range n.begin {
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
