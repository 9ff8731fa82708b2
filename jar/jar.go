package jar

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/cookie"
)

// Options are the options of a jar. The zero value is a jar by the standard, in memory, on the system's clock.
type Options struct {
	// Profile is the user agent to follow.
	Profile Profile
	// Limits bound the jar; zero are those of the profile.
	Limits Limits
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// OnChange is told of every change, in order, while the jar is locked: it must be quick and must not call the jar.
	OnChange func(Change)
}

// A Change is something that has happened to a cookie in a jar.
type Change struct {
	Cause  Cause
	Cookie Cookie // as it is now, or as it was at last
}

// A Cause is why a cookie has changed.
type Cause uint8

const (
	// Added: a cookie that was not there has been stored.
	Added Cause = iota
	// Replaced: a cookie has been stored over one of the same identity.
	Replaced
	// Deleted: a server or a script has set it with an expiry that is over.
	Deleted
	// Expired: its time was over. Jars notice when they next clear up, which may be later.
	Expired
	// Evicted: a limit was passed.
	Evicted
	// Removed: the program removed it.
	Removed
)

// String returns the name of the cause.
func (c Cause) String() string {
	return [...]string{"added", "replaced", "deleted", "expired", "evicted", "removed"}[c]
}

// A Jar keeps cookies as a user agent does. It may be used from any number of goroutines.
//
// Cookies are found by the labels of the host that is asked for: the time that a look-up takes does not depend on what other
// sites have stored.
type Jar struct {
	profile Profile
	rules   *rules
	limits  Limits
	now     func() time.Time
	change  func(Change)

	mu      sync.RWMutex
	domains map[string]*bucket
	sites   map[string]*site
	plain   int    // how many cookies outside of partitions
	bytes   int    // of all
	oldest  int64  // no cookie outside of partitions was used before
	order   uint64 // how many cookies have been stored, ever
}

// bucket has the cookies of one domain.
type bucket struct {
	site  *site
	plain []*entry               // sorted by before
	parts map[Partition][]*entry // likewise
}

// site is what limits hold for: all hosts of one registrable domain. The zero Partition has what is outside of partitions.
type site struct {
	name   string
	groups map[Partition]*group
}

// group is what one site has in one partition.
type group struct {
	cookies, bytes int // bytes of names and values
	hosts          map[string]*bucket
}

// entry is a stored cookie. It does not change, but for the time of its last access.
type entry struct {
	Cookie
	order      uint64 // of creation; tells apart what was created at the same time
	lastAccess atomic.Int64
	shared     atomic.Pointer[http.Cookie] // what Cookies hands out
}

// New returns an empty jar.
func New(o Options) *Jar {
	j := &Jar{profile: o.Profile, rules: &profiles[o.Profile], limits: o.Limits, now: o.Now, change: o.OnChange}
	if j.limits == (Limits{}) {
		j.limits = j.rules.limits
	}
	if j.now == nil {
		j.now = time.Now
	}
	if j.change == nil {
		j.change = func(Change) {}
	}
	j.reset()
	return j
}

func (j *Jar) reset() {
	j.domains, j.sites = map[string]*bucket{}, map[string]*site{}
	j.plain, j.bytes, j.oldest = 0, 0, math.MaxInt64
}

// Profile returns the profile that the jar follows.
func (j *Jar) Profile() Profile { return j.profile }

// Limits returns the limits that the jar holds.
func (j *Jar) Limits() Limits { return j.limits }

// Set takes a Set-Cookie line that came with the response to a request, or that its script assigned to document.cookie. It
// returns why the cookie was refused ([cookie.Reasons.Excluded]), and warnings. Lines over [cookie.MaxLine] are refused
// unread.
func (j *Jar) Set(r *Request, line string) cookie.Reasons {
	p := cookie.Parse(line)
	return j.set(r, &p)
}

func (j *Jar) set(r *Request, p *cookie.Parsed) cookie.Reasons {
	now := j.now()
	a := j.profile.access(r, true, now)
	c, why := a.decide(p)
	if why.Excluded() {
		return why
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	b := j.domains[c.Domain]
	var s *site
	if b != nil {
		s = b.site
	} else {
		s = j.sites[siteOf(c.Domain)]
	}
	if s != nil && !a.secure && s.overlays(&c, now) {
		why.Add(cookie.ExcludeOverwriteSecure)
	}
	old := b.find(&c)
	if old != nil && old.expired(now) {
		j.drop(old, Expired)
		old = nil
	}
	if old != nil && old.HttpOnly && r.Script {
		why.Add(cookie.ExcludeOverwriteHTTPOnly)
	}
	if why.Excluded() {
		return why
	}
	j.replace(old, c, now)
	return why
}

// overlays reports whether a Secure cookie of the site is left alone (RFC 6265bis section 5.7, step 15).
func (s *site) overlays(c *Cookie, now time.Time) bool {
	g := s.groups[c.Partition]
	if g == nil {
		return false
	}
	for _, b := range g.hosts {
		for _, old := range b.in(c.Partition) {
			if old.Secure && old.Name == c.Name && !old.expired(now) && pathMatch(c.Path, old.Path) &&
				(domainMatch(c.Domain, old.Domain) || domainMatch(old.Domain, c.Domain)) {
				return true
			}
		}
	}
	return false
}

// replace puts c in the place of old, which may be nil; or nothing, if c has expired.
func (j *Jar) replace(old *entry, c Cookie, now time.Time) {
	if c.expired(now) {
		if old != nil {
			j.drop(old, Deleted)
		}
		return
	}
	j.order++
	e := &entry{Cookie: c, order: j.order}
	e.lastAccess.Store(c.LastAccess.UnixNano())
	cause := Added
	if old != nil {
		cause = Replaced
		if !j.rules.sameValueKeepsCreation || old.Value == c.Value {
			e.Created, e.order = old.Created, old.order
		}
	}
	switch {
	case old == nil:
		j.link(e)
	case e.order == old.order:
		j.swap(old, e)
	default:
		j.unlink(old)
		j.link(e)
	}
	j.change(Change{cause, e.snapshot()})
	j.evict(e, now)
}

// link puts an entry into the index.
func (j *Jar) link(e *entry) {
	b := j.domains[e.Domain]
	if b == nil {
		b = &bucket{site: j.siteOf(e.Domain)}
		j.domains[e.Domain] = b
	}
	g := b.site.groups[e.Partition]
	if g == nil {
		g = &group{hosts: map[string]*bucket{}}
		b.site.groups[e.Partition] = g
	}
	g.hosts[e.Domain] = b
	g.cookies++
	g.bytes += len(e.Name) + len(e.Value)
	j.bytes += e.size()
	if e.Partition == (Partition{}) {
		b.plain = insert(b.plain, e)
		j.plain++
		j.oldest = min(j.oldest, e.lastAccess.Load())
		return
	}
	if b.parts == nil {
		b.parts = map[Partition][]*entry{}
	}
	b.parts[e.Partition] = insert(b.parts[e.Partition], e)
}

func (j *Jar) siteOf(domain string) *site {
	name := siteOf(domain)
	s := j.sites[name]
	if s == nil {
		s = &site{name: name, groups: map[Partition]*group{}}
		j.sites[name] = s
	}
	return s
}

// swap puts an entry in the place of one that was created at the same time.
func (j *Jar) swap(old, e *entry) {
	b := j.domains[e.Domain]
	g, list := b.site.groups[e.Partition], b.in(e.Partition)
	g.bytes += len(e.Value) - len(old.Value)
	j.bytes += e.size() - old.size()
	i, _ := slices.BinarySearchFunc(list, old, before)
	list[i] = e
}

// unlink takes an entry out of the index, with what is empty then.
func (j *Jar) unlink(e *entry) {
	b := j.domains[e.Domain]
	g := b.site.groups[e.Partition]
	g.cookies--
	g.bytes -= len(e.Name) + len(e.Value)
	j.bytes -= e.size()
	if e.Partition == (Partition{}) {
		b.plain = remove(b.plain, e)
		j.plain--
	} else {
		b.parts[e.Partition] = remove(b.parts[e.Partition], e)
	}
	if len(b.in(e.Partition)) > 0 {
		return
	}
	delete(b.parts, e.Partition)
	delete(g.hosts, e.Domain)
	if len(b.plain) == 0 && len(b.parts) == 0 {
		delete(j.domains, e.Domain)
	}
	if len(g.hosts) == 0 {
		delete(b.site.groups, e.Partition)
	}
	if len(b.site.groups) == 0 {
		delete(j.sites, b.site.name)
	}
}

func (j *Jar) drop(e *entry, cause Cause) {
	j.unlink(e)
	j.change(Change{cause, e.snapshot()})
}

func insert(list []*entry, e *entry) []*entry {
	i, _ := slices.BinarySearchFunc(list, e, before)
	return slices.Insert(list, i, e)
}

func remove(list []*entry, e *entry) []*entry {
	i, _ := slices.BinarySearchFunc(list, e, before)
	return slices.Delete(list, i, i+1)
}

// before is the order in which cookies are sent: longer paths first, then older ones (RFC 6265bis section 5.8.3).
func before(a, b *entry) int {
	if len(a.Path) != len(b.Path) {
		return len(b.Path) - len(a.Path)
	}
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return cmp.Compare(a.order, b.order)
}

func (b *bucket) in(p Partition) []*entry {
	if p == (Partition{}) {
		return b.plain
	}
	return b.parts[p]
}

// find returns the entry of the same identity, nil if there is none or no bucket.
func (b *bucket) find(c *Cookie) *entry {
	if b == nil {
		return nil
	}
	for _, e := range b.in(c.Partition) {
		if e.sameIdentity(c) {
			return e
		}
	}
	return nil
}

func (e *entry) snapshot() Cookie {
	c := e.Cookie
	c.LastAccess = time.Unix(0, e.lastAccess.Load())
	return c
}

// accessGranularity is how exactly last accesses are kept: it spares memory traffic, and Chromium does the same.
const accessGranularity = int64(time.Minute)

// match appends the entries that a request carries, in order, and notes that they were used.
func (j *Jar) match(a *access, found []*entry) []*entry {
	if len(a.host) > maxHost {
		return found // no host name is so long, and each of its labels would cost a look-up
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	now := a.now.UnixNano()
	groups, whole := 0, isIP(a.host)
	for domain := a.host; ; {
		if b := j.domains[domain]; b != nil {
			n := len(found)
			found = collect(a, b.plain, found)
			if len(found) > n {
				groups++
			}
			if b.parts != nil {
				n = len(found)
				if found = collect(a, b.parts[a.partition()], found); len(found) > n {
					groups++
				}
			}
		}
		i := strings.IndexByte(domain, '.')
		if i < 0 || whole {
			break
		}
		domain = domain[i+1:]
	}
	if groups > 1 {
		slices.SortFunc(found, before)
	}
	for _, e := range found {
		if last := e.lastAccess.Load(); now-last >= accessGranularity {
			e.lastAccess.Store(now)
		}
	}
	return found
}

func collect(a *access, from, to []*entry) []*entry {
	for _, e := range from {
		if !e.expired(a.now) && !a.include(&e.Cookie).Excluded() {
			to = append(to, e)
		}
	}
	return to
}

// Get returns the cookies that a request carries, in the order in which they are sent.
func (j *Jar) Get(r *Request) []Cookie {
	var room [16]*entry
	a := j.profile.access(r, false, j.now())
	found := j.match(&a, room[:0])
	if len(found) == 0 {
		return nil
	}
	cookies := make([]Cookie, len(found))
	for i, e := range found {
		cookies[i] = e.snapshot()
	}
	return cookies
}

// Header returns the value of the Cookie header that a request carries, or what document.cookie reads as. "" is no header.
func (j *Jar) Header(r *Request) string {
	var room [16]*entry
	a := j.profile.access(r, false, j.now())
	found := j.match(&a, room[:0])
	n := 0
	for _, e := range found {
		n += len(e.Name) + len(e.Value) + 3
	}
	b := make([]byte, 0, n)
	for i, e := range found {
		if i > 0 {
			b = append(b, "; "...)
		}
		b = e.appendPair(b)
	}
	return string(b)
}

// All returns every cookie that has not expired, oldest first.
func (j *Jar) All() []Cookie {
	now := j.now()
	j.mu.RLock()
	defer j.mu.RUnlock()
	entries := j.entries(func(e *entry) bool { return !e.expired(now) })
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.order, b.order))
	})
	cookies := make([]Cookie, len(entries))
	for i, e := range entries {
		cookies[i] = e.snapshot()
	}
	return cookies
}

func (j *Jar) entries(keep func(*entry) bool) []*entry {
	var list []*entry
	for _, b := range j.domains {
		for _, e := range b.plain {
			if keep(e) {
				list = append(list, e)
			}
		}
		for _, part := range b.parts {
			for _, e := range part {
				if keep(e) {
					list = append(list, e)
				}
			}
		}
	}
	return list
}

// Remove removes the cookies that match says true of, and returns how many. match must not call the jar.
func (j *Jar) Remove(match func(Cookie) bool) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := j.entries(func(e *entry) bool { return match(e.snapshot()) })
	for _, e := range list {
		j.drop(e, Removed)
	}
	return len(list)
}

// EndSession removes session cookies, as a user agent does when it is closed for good.
func (j *Jar) EndSession() int {
	return j.Remove(func(c Cookie) bool { return c.Session() })
}

// Sweep drops the cookies that have expired and returns how many. Nobody sees them anyway; Sweep frees their memory, and
// reports them as [Expired], without waiting for their site to be used again.
func (j *Jar) Sweep() int {
	now := j.now()
	j.mu.Lock()
	defer j.mu.Unlock()
	list := j.entries(func(e *entry) bool { return e.expired(now) })
	for _, e := range list {
		j.drop(e, Expired)
	}
	return len(list)
}
