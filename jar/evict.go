package jar

import (
	"cmp"
	"math"
	"slices"
	"time"

	"coatcheck.dev/cookie"
)

// evict keeps the limits after a cookie was stored in b.
func (j *Jar) evict(b *bucket, now time.Time) {
	if b == &b.host.plain {
		j.evictSite(b.group, now)
		j.evictTotal(now)
	} else {
		j.evictPartition(b.group, now)
	}
	j.evictBytes(now)
}

// evictSite purges a site down to Limits.SitePurge below its limit.
func (j *Jar) evictSite(g *group, now time.Time) {
	if j.limits.Site == 0 || g.cookies <= j.limits.Site {
		return
	}
	var list []*entry
	for _, b := range g.buckets {
		list = append(list, b.entries...)
	}
	if list = j.dropExpired(list, now); len(list) <= j.limits.Site {
		return
	}
	leastRecentlyUsedFirst(list)
	stay := max(j.limits.Site-j.limits.SitePurge, 0)
	goal := len(list) - stay
	for _, round := range j.rules.rounds(stay) {
		if goal > 0 {
			list, goal = j.purge(list, goal, round)
		}
	}
}

// round is one round of a purge. It evicts cookies of one priority, the least recently used first.
type round struct {
	priority cookie.Priority
	quota    int  // stays of the priority
	secure   bool // evicts Secure cookies as well
}

// rounds are those of Chromium: of 150 remaining cookies it keeps 30, 50 and 70 for the priorities. Others have no
// priorities, so all cookies are medium.
func (r *rules) rounds(stay int) []round {
	if !r.priorities {
		return []round{{priority: cookie.PriorityMedium}, {priority: cookie.PriorityMedium, secure: true}}
	}
	low, medium, high := stay*30/150, stay*50/150, stay*70/150
	return []round{
		{cookie.PriorityLow, low, false},
		{cookie.PriorityLow, low, true},
		{cookie.PriorityMedium, medium, false},
		{cookie.PriorityHigh, high, false},
		{cookie.PriorityMedium, medium, true},
		{cookie.PriorityHigh, high, true},
	}
}

// purge evicts up to goal entries in one round. It returns the entries and the goal that are left.
func (j *Jar) purge(list []*entry, goal int, r round) ([]*entry, int) {
	count, secure := 0, 0
	for _, e := range list {
		if j.priority(e) == r.priority {
			count++
			if e.Secure {
				secure++
			}
		}
	}
	// Secure cookies fill the quota first: only the excess over both may go.
	spare := count - r.quota
	if !r.secure {
		spare = count - max(secure, r.quota)
	}
	if count <= r.quota || spare <= 0 {
		return list, goal
	}
	kept := list[:0]
	for _, e := range list {
		if spare > 0 && goal > 0 && j.priority(e) == r.priority && (r.secure || !e.Secure) {
			spare--
			goal--
			j.drop(e, Evicted)
			continue
		}
		kept = append(kept, e)
	}
	return kept, goal
}

func (j *Jar) priority(e *entry) cookie.Priority {
	if !j.rules.priorities || e.Priority == cookie.PriorityUnset {
		return cookie.PriorityMedium
	}
	return e.Priority
}

// evictTotal purges the jar. Insecure cookies go first, and recently used ones stay.
func (j *Jar) evictTotal(now time.Time) {
	if j.limits.Total == 0 || j.index.plain <= j.limits.Total {
		return
	}
	safe := now.Add(-j.limits.Safe).UnixNano()
	if j.limits.Safe > 0 && j.index.oldest >= safe {
		return
	}
	list := j.index.all(func(e *entry) bool { return e.Partition == Partition{} })
	if list = j.dropExpired(list, now); len(list) <= j.limits.Total {
		return
	}
	leastRecentlyUsedFirst(list)
	slices.SortStableFunc(list, func(a, b *entry) int { return cmp.Compare(boolRank(a.Secure), boolRank(b.Secure)) })
	goal := len(list) - max(j.limits.Total-j.limits.TotalPurge, 0)
	j.index.oldest = math.MaxInt64
	for _, e := range list {
		last := e.lastAccess.Load()
		if goal > 0 && (j.limits.Safe == 0 || last < safe) {
			j.drop(e, Evicted)
			goal--
			continue
		}
		j.index.oldest = min(j.index.oldest, last)
	}
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// evictPartition evicts the least recently used cookies of a site in one partition.
func (j *Jar) evictPartition(g *group, now time.Time) {
	l := &j.limits
	over := func(slack int) bool {
		return l.PartitionCookies > 0 && g.cookies > l.PartitionCookies ||
			l.PartitionBytes > 0 && g.bytes > l.PartitionBytes+slack
	}
	if !over(l.PartitionSlack) {
		return
	}
	var list []*entry
	for _, b := range g.buckets {
		list = append(list, b.entries...)
	}
	list = j.dropExpired(list, now)
	leastRecentlyUsedFirst(list)
	for _, e := range list {
		if !over(0) {
			return
		}
		j.drop(e, Evicted)
	}
}

// evictBytes is the last resort. It frees a tenth of the room.
func (j *Jar) evictBytes(now time.Time) {
	if j.limits.Bytes == 0 || j.index.bytes <= j.limits.Bytes {
		return
	}
	list := j.dropExpired(j.index.all(func(*entry) bool { return true }), now)
	leastRecentlyUsedFirst(list)
	for _, e := range list {
		if j.index.bytes <= j.limits.Bytes-j.limits.Bytes/10 {
			return
		}
		j.drop(e, Evicted)
	}
}

func (j *Jar) dropExpired(list []*entry, now time.Time) []*entry {
	return slices.DeleteFunc(list, func(e *entry) bool {
		if e.expired(now) {
			j.drop(e, Expired)
			return true
		}
		return false
	})
}

func leastRecentlyUsedFirst(list []*entry) {
	slices.SortFunc(list, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.lastAccess.Load(), b.lastAccess.Load()), cmp.Compare(a.order, b.order))
	})
}
