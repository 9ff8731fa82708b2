package jar

import (
	"slices"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/cookie"
)

// Options configure a jar. The zero value is a jar by the standard, on the system's clock.
type Options struct {
	// Profile is the user agent to follow.
	Profile Profile
	// Limits bound the jar. The zero value means those of the profile.
	Limits Limits
	// Now is the clock. The default is time.Now.
	Now func() time.Time
	// OnChange is called for every change, in order, while the jar is locked: it must be quick and must not call the
	// jar.
	OnChange func(Change)
}

// A Jar keeps cookies as a user agent does. It is safe for concurrent use.
//
// It finds cookies by the labels of the requested host, so the cookies of other sites do not slow a look-up.
type Jar struct {
	profile Profile
	rules   *rules
	limits  Limits
	now     func() time.Time
	change  func(Change) // nil if nobody listens

	mu    sync.RWMutex
	index index
}

// New returns an empty jar.
func New(o Options) *Jar {
	j := &Jar{
		profile: o.Profile, rules: &profiles[o.Profile], limits: o.Limits, now: o.Now, change: o.OnChange,
		index: newIndex(),
	}
	if j.limits == (Limits{}) {
		j.limits = j.rules.limits
	}
	if j.now == nil {
		j.now = time.Now
	}
	return j
}

// Now returns the time on the jar's clock.
func (j *Jar) Now() time.Time { return j.now() }

// Profile returns the profile of the jar.
func (j *Jar) Profile() Profile { return j.profile }

// Limits returns the limits of the jar.
func (j *Jar) Limits() Limits { return j.limits }

// Set takes a Set-Cookie line from the response to a request, or from its script by way of document.cookie. It
// returns the reasons for refusing the cookie ([cookie.Reasons.Excluded]), and warnings. Lines over [cookie.MaxLine]
// are refused unread.
func (j *Jar) Set(r *Request, line string) cookie.Reasons {
	a := j.profile.access(r, true, j.now())
	p := cookie.Parse(line)
	return j.set(&a, r, &p)
}

func (j *Jar) set(a *access, r *Request, p *cookie.Parsed) cookie.Reasons {
	c, why := a.decide(r, p)
	if why.Excluded() {
		return why
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !a.secure && !a.rules.libsoup && j.index.hasSecure(&c, a) {
		why.Add(cookie.ExcludeOverwriteSecure)
	}
	old := j.index.find(&c)
	if old != nil && old.expired(a.now) {
		j.drop(old, Expired)
		old = nil
	}
	if a.rules.libsoup && old != nil && old.Secure && !a.encrypted {
		why.Add(cookie.ExcludeOverwriteSecure)
	}
	if old != nil && old.HttpOnly && a.script {
		why.Add(cookie.ExcludeOverwriteHTTPOnly)
	}
	if !why.Excluded() {
		j.store(old, &c, a.now)
	}
	return why
}

// hasSecure reports whether a cookie would overlay a Secure one of its site ([cookie.ExcludeOverwriteSecure]).
func (x *index) hasSecure(c *Cookie, a *access) bool {
	s := x.siteOf(c.Domain)
	if s == nil || s.in(c.Partition) == nil {
		return false
	}
	for _, b := range s.in(c.Partition).buckets {
		for _, old := range b.entries {
			if old.Secure && old.Name == c.Name && !old.expired(a.now) && pathMatch(c.Path, old.Path) &&
				(a.covers(c, &old.Cookie) || a.covers(&old.Cookie, c)) {
				return true
			}
		}
	}
	return false
}

// covers reports whether a cookie counts as one for the hosts of another.
func (a *access) covers(c, other *Cookie) bool {
	if c.HostOnly && a.rules.hostOnlyOverlaysItsHost {
		return c.Domain == other.Domain
	}
	return domainMatch(other.Domain, c.Domain)
}

// store puts c in the place of old, nil for none. If c has expired, it only deletes old.
func (j *Jar) store(old *entry, c *Cookie, now time.Time) {
	if c.expired(now) {
		if old != nil {
			j.drop(old, Deleted)
		}
		return
	}
	e, cause := old, Replaced
	if old == nil {
		e, cause = j.index.add(c), Added
	} else {
		j.index.replace(old, c, !j.rules.sameValueKeepsCreation || old.Value == c.Value)
	}
	j.report(cause, e)
	j.evict(e.bucket, now)
}

func (j *Jar) drop(e *entry, cause Cause) {
	j.index.drop(e)
	j.report(cause, e)
}

// accessGranularity is the precision of last accesses in nanoseconds. It spares memory traffic; Chromium does the same.
const accessGranularity = int64(time.Minute)

// match appends the entries for a request, in order, and notes their use. The jar is locked for reading, and the
// entries may be used only until it is unlocked.
func (j *Jar) match(a *access, r *Request, found []*entry) []*entry {
	if len(a.host) > maxHost {
		return found // it is no host name, and each label would cost a look-up
	}
	groups, whole := 0, isIP(a.host)
	var p Partition // of the request, as soon as a cookie needs it
	for domain := a.host; ; {
		if h := j.index.hosts[domain]; h != nil {
			n := len(found)
			if !a.thirdParty {
				found = a.collect(&h.plain, found)
			}
			if len(found) > n {
				groups++
				if a.rules.libsoup {
					groups++ // a host has two lists
				}
			}
			if h.parts != nil {
				if p == (Partition{}) {
					p = a.partition(r)
				}
				n = len(found)
				if found = a.collect(h.parts[p], found); len(found) > n {
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
	switch {
	case groups > 1 && a.rules.libsoup:
		slices.SortFunc(found, func(x, y *entry) int { return beforeInLibsoup(x, y, a.host) })
	case groups > 1:
		slices.SortFunc(found, before)
	}
	now := a.now.UnixNano()
	for _, e := range found {
		if last := e.lastAccess.Load(); now-last >= accessGranularity {
			e.lastAccess.Store(now)
		}
	}
	return found
}

func (a *access) collect(from *bucket, to []*entry) []*entry {
	if from == nil {
		return to
	}
	for _, e := range from.entries {
		if !e.expired(a.now) && !a.include(&e.Cookie).Excluded() {
			to = append(to, e)
		}
	}
	return to
}

// Get returns the cookies for a request, in the order of sending.
func (j *Jar) Get(r *Request) []Cookie {
	var room [16]*entry
	a := j.profile.access(r, false, j.now())
	j.mu.RLock()
	defer j.mu.RUnlock()
	found := j.match(&a, r, room[:0])
	if len(found) == 0 {
		return nil
	}
	return snapshots(found)
}

// Header returns the value of the Cookie header for a request, or of document.cookie for a script. "" means no
// header.
func (j *Jar) Header(r *Request) string {
	var room [16]*entry
	a := j.profile.access(r, false, j.now())
	j.mu.RLock()
	defer j.mu.RUnlock()
	found := j.match(&a, r, room[:0])
	n := 0
	for _, e := range found {
		n += len(e.Name) + len(e.Value) + len("=; ")
	}
	var b strings.Builder
	b.Grow(n)
	for _, e := range found {
		if e.Name == "" && e.Value == "" {
			continue // libsoup keeps such a cookie
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if e.Name != "" {
			b.WriteString(e.Name)
			b.WriteByte('=')
		}
		b.WriteString(e.Value) // alone, if the cookie has no name
	}
	return b.String()
}

// All returns the cookies, oldest first, without the expired ones.
func (j *Jar) All() []Cookie {
	now := j.now()
	j.mu.RLock()
	defer j.mu.RUnlock()
	entries := j.index.all(func(e *entry) bool { return !e.expired(now) })
	slices.SortFunc(entries, byCreation)
	return snapshots(entries)
}

// Remove removes the cookies for which match returns true, and returns their number. match must not call the jar.
func (j *Jar) Remove(match func(Cookie) bool) int {
	return j.dropAll(func(e *entry) bool { return match(e.snapshot()) }, Removed)
}

// EndSession removes the session cookies, as a user agent does when it is closed. It returns their number.
func (j *Jar) EndSession() int {
	return j.dropAll(func(e *entry) bool { return e.Session() }, Removed)
}

// Sweep drops the expired cookies, and returns their number. No request sees them in any case. Sweep frees their
// memory and reports them as [Expired] at once, and not only when their site is used again.
func (j *Jar) Sweep() int {
	now := j.now()
	return j.dropAll(func(e *entry) bool { return e.expired(now) }, Expired)
}

func (j *Jar) dropAll(match func(*entry) bool, cause Cause) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := j.index.all(match)
	for _, e := range list {
		j.drop(e, cause)
	}
	return len(list)
}

func snapshots(entries []*entry) []Cookie {
	cookies := make([]Cookie, len(entries))
	for i, e := range entries {
		cookies[i] = e.snapshot()
	}
	return cookies
}
