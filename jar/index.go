package jar

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// An index finds the stored cookies by Domain, and counts them by site for the limits.
type index struct {
	hosts  map[string]*host
	sites  map[string]*site
	plain  int    // cookies outside of partitions
	bytes  int    // of all cookies, by Cookie.size
	oldest int64  // a lower bound of the last accesses outside of partitions
	order  uint64 // of the newest entry
}

// A host has the cookies of one Domain.
type host struct {
	name  string
	site  *site
	plain bucket
	parts map[Partition]*bucket
}

// A site has the hosts of one registrable domain. Limits hold for a site.
type site struct {
	name  string
	plain group
	parts map[Partition]*group
}

// A group is one site in one partition, or outside of all.
type group struct {
	cookies, bytes int // bytes of names and values
	buckets        map[string]*bucket
}

// A bucket is one host in one partition, or outside of all.
type bucket struct {
	host    *host
	group   *group
	entries []*entry // sorted by before
}

// An entry is a stored cookie. It changes under the jar's lock; its last access and shared also under the read lock.
type entry struct {
	Cookie
	bucket     *bucket
	order      uint64 // of creation, for equal times
	lastAccess atomic.Int64
	shared     atomic.Pointer[http.Cookie] // for all callers of Cookies
}

func newIndex() index {
	return index{hosts: map[string]*host{}, sites: map[string]*site{}, oldest: math.MaxInt64}
}

// siteOf returns the site of a domain, nil if it has no cookies.
func (x *index) siteOf(domain string) *site {
	if h := x.hosts[domain]; h != nil {
		return h.site
	}
	return x.sites[siteOf(domain)]
}

// in returns the bucket of a partition, nil if there is none or no host.
func (h *host) in(p Partition) *bucket {
	switch {
	case h == nil:
		return nil
	case p == Partition{}:
		return &h.plain
	}
	return h.parts[p]
}

// in returns the group of a partition, nil if there is none.
func (s *site) in(p Partition) *group {
	if p == (Partition{}) {
		return &s.plain
	}
	return s.parts[p]
}

// find returns the entry of the same identity, nil if there is none.
func (x *index) find(c *Cookie) *entry {
	if b := x.hosts[c.Domain].in(c.Partition); b != nil {
		for _, e := range b.entries {
			if e.Name == c.Name && e.HostOnly == c.HostOnly && e.Path == c.Path {
				return e
			}
		}
	}
	return nil
}

// add stores a cookie of a new identity.
func (x *index) add(c *Cookie) *entry {
	x.order++
	e := &entry{Cookie: *c, bucket: x.bucket(c.Domain, c.Partition), order: x.order}
	e.lastAccess.Store(c.LastAccess.UnixNano())
	b := e.bucket
	if len(b.entries) == 0 {
		b.group.buckets[b.host.name] = b
	}
	b.insert(e)
	b.group.cookies++
	b.group.bytes += len(e.Name) + len(e.Value)
	x.bytes += e.size()
	if b == &b.host.plain {
		x.plain++
		x.oldest = min(x.oldest, e.lastAccess.Load())
	}
	return e
}

// replace puts a cookie in the place of one of the same identity. With a new creation time it moves in the order.
func (x *index) replace(e *entry, c *Cookie, keepsCreation bool) {
	more := len(c.Value) - len(e.Value)
	e.bucket.group.bytes += more
	x.bytes += more
	created := e.Created
	if !keepsCreation {
		e.bucket.remove(e)
	}
	e.Cookie = *c
	e.lastAccess.Store(c.LastAccess.UnixNano())
	x.oldest = min(x.oldest, e.lastAccess.Load())
	if keepsCreation {
		e.Created = created
		return
	}
	x.order++
	e.order = x.order
	e.bucket.insert(e)
}

// drop takes an entry out of the index, and everything emptied by that.
func (x *index) drop(e *entry) {
	b := e.bucket
	h, g := b.host, b.group
	b.remove(e)
	g.cookies--
	g.bytes -= len(e.Name) + len(e.Value)
	x.bytes -= e.size()
	if b == &h.plain {
		x.plain--
	}
	if len(b.entries) > 0 {
		return
	}
	delete(g.buckets, h.name)
	delete(h.parts, e.Partition)
	if len(h.plain.entries) == 0 && len(h.parts) == 0 {
		delete(x.hosts, h.name)
	}
	if len(g.buckets) == 0 {
		delete(h.site.parts, e.Partition)
	}
	if len(h.site.plain.buckets) == 0 && len(h.site.parts) == 0 {
		delete(x.sites, h.site.name)
	}
}

// bucket returns the bucket of a domain and partition, and makes it if needed.
func (x *index) bucket(domain string, p Partition) *bucket {
	h := x.hosts[domain]
	if h == nil {
		h = &host{name: domain, site: x.siteOf(domain)}
		if h.site == nil {
			h.site = &site{name: siteOf(domain), plain: group{buckets: map[string]*bucket{}}}
			x.sites[h.site.name] = h.site
		}
		h.plain = bucket{host: h, group: &h.site.plain}
		x.hosts[domain] = h
	}
	b := h.in(p)
	if b != nil {
		return b
	}
	g := h.site.parts[p]
	if g == nil {
		g = &group{buckets: map[string]*bucket{}}
		if h.site.parts == nil {
			h.site.parts = map[Partition]*group{}
		}
		h.site.parts[p] = g
	}
	b = &bucket{host: h, group: g}
	if h.parts == nil {
		h.parts = map[Partition]*bucket{}
	}
	h.parts[p] = b
	return b
}

// all returns the entries for which keep returns true.
func (x *index) all(keep func(*entry) bool) []*entry {
	var list []*entry
	collect := func(b *bucket) {
		for _, e := range b.entries {
			if keep(e) {
				list = append(list, e)
			}
		}
	}
	for _, h := range x.hosts {
		collect(&h.plain)
		for _, b := range h.parts {
			collect(b)
		}
	}
	return list
}

func (b *bucket) insert(e *entry) {
	i, _ := slices.BinarySearchFunc(b.entries, e, before)
	b.entries = slices.Insert(b.entries, i, e)
}

func (b *bucket) remove(e *entry) {
	i, _ := slices.BinarySearchFunc(b.entries, e, before)
	b.entries = slices.Delete(b.entries, i, i+1)
}

// before is the order of sending: longer paths first, then older cookies (RFC 6265bis section 5.8.3, step 4).
func before(a, b *entry) int {
	if len(a.Path) != len(b.Path) {
		return len(b.Path) - len(a.Path)
	}
	return byCreation(a, b)
}

// beforeInLibsoup is the order of libsoup: among equal paths the domains are looked through, that of the host with all
// below it first, then the host alone, then its parents.
func beforeInLibsoup(a, b *entry, host string) int {
	rank := func(e *entry) int {
		switch {
		case e.HostOnly:
			return 1
		case e.Domain == host:
			return 0
		}
		return 2 + len(host) - len(e.Domain)
	}
	return cmp.Or(len(b.Path)-len(a.Path), rank(a)-rank(b), byCreation(a, b))
}

func byCreation(a, b *entry) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return cmp.Compare(a.order, b.order)
}

func (e *entry) snapshot() Cookie {
	c := e.Cookie
	c.LastAccess = time.Unix(0, e.lastAccess.Load())
	return c
}
