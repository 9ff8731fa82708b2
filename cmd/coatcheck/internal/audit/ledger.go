package audit

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/lint"
	"coatcheck.dev/state"
)

// A ledger has all that was found so far, at all scenes. It is safe for concurrent use.
type ledger struct {
	mu        sync.Mutex
	site      *url.URL // the first page
	items     map[itemKey]*Item
	responses []lint.Response
	judged    map[string]bool // by URL, names and attributes
	bytes     int             // of the responses
	happened  []Happening
	truncated bool
}

// A Happening is an entry of the time line.
type Happening struct {
	Scene string        `json:"scene"`
	After time.Duration `json:"after_ns"` // since the scene began
	What  string        `json:"what"`     // open, click, item …
	Text  string        `json:"text"`
}

// Bounds of what a ledger keeps, beside maxItems.
const (
	maxHappenings = 2_000
	maxLines      = 16 << 20 // bytes of Set-Cookie lines
)

func newLedger(site *url.URL) *ledger {
	return &ledger{site: site, items: map[itemKey]*Item{}, judged: map[string]bool{}}
}

// A finding is an item as it was seen once.
type finding struct {
	Item
	at     Sighting
	source Source
	stored bool // it is in the browser now, and this is how
}

// add takes a finding.
func (l *ledger) add(f finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.Kind == state.KindCookie && f.ThirdParty {
		f.Kind = state.KindThirdPartyCookie
	}
	f.Name, f.Place, f.Path, f.Partition = cut(f.Name), cut(f.Place), cut(f.Path), cut(f.Partition)
	item := l.items[f.key()]
	if item == nil {
		if len(l.items) >= maxItems {
			l.truncated = true
			return
		}
		item = &f.Item
		item.First = f.at
		l.items[f.key()] = item
		l.note(Happening{f.at.Scene, f.at.After, "item", string(f.Kind) + " " + f.Name})
	}
	if f.stored {
		item.Size, item.Attributes = max(item.Size, f.Size), orElse(f.Attributes, item.Attributes)
	}
	item.saw(f.at.Scene)
	item.from(f.source)
}

func orElse(a, b *Attributes) *Attributes {
	if a != nil {
		return a
	}
	return b
}

// note adds to the time line. The caller has the lock.
func (l *ledger) note(h Happening) {
	if len(l.happened) < maxHappenings {
		l.happened = append(l.happened, h)
	}
}

// happen adds to the time line.
func (l *ledger) happen(h Happening) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(h)
}

// A setting is a response or a script that sets cookies.
type setting struct {
	request jar.Request
	lines   []string // as in Set-Cookie headers; document.cookie has the same form
	sizes   []int    // of name and value, if the lines have no values
	blocked []string // those of the lines that the browser has refused
	at      Sighting
	source  Source
}

// set takes cookies that were set. It asks the jar what Chrome makes of them; a cookie that is dropped or deleted is no
// item, but lint hears of it.
func (l *ledger) set(s setting) {
	now := time.Now()
	l.lint(&s, now)
	for i, line := range s.lines {
		parsed := cookie.Parse(line)
		stored, reasons := jar.Chrome.Decide(&parsed, &s.request, now)
		deleted := !stored.Expires.IsZero() && !stored.Expires.After(now)
		if reasons.Excluded() || deleted || slices.Contains(s.blocked, line) {
			continue
		}
		size := len(stored.Name) + len(stored.Value)
		if s.sizes != nil {
			size = s.sizes[i]
		}
		f := finding{at: s.at, source: s.source, stored: true, Item: l.stored(&stored, size, now)}
		l.add(f)
	}
}

// stored describes a cookie of the jar.
func (l *ledger) stored(c *jar.Cookie, size int, now time.Time) Item {
	i := Item{
		Kind: state.KindCookie, Name: c.Name, Place: c.Domain, Path: c.Path, Size: size,
		Partition: c.Partition.TopLevelSite,
		Attributes: &Attributes{Secure: c.Secure, HTTPOnly: c.HttpOnly,
			Partitioned: c.Partition.TopLevelSite != ""},
	}
	if c.SameSite != cookie.SameSiteUnset {
		i.Attributes.SameSite = c.SameSite.String()
	}
	if !c.HostOnly {
		i.Place = "." + c.Domain
	}
	if !c.Expires.IsZero() {
		i.Attributes.Lifetime = int64(c.Expires.Sub(now).Round(time.Second) / time.Second)
	}
	i.ThirdParty = l.foreign(c.Domain)
	return i
}

// foreign reports whether a host is of another site than the one that is audited.
func (l *ledger) foreign(host string) bool {
	return !jar.SameSite(&url.URL{Scheme: l.site.Scheme, Host: host}, l.site)
}

// lint keeps lines for package lint. Those of the same response at another time have nothing new to tell.
func (l *ledger) lint(s *setting, now time.Time) {
	same := s.request.URL.Scheme + s.request.URL.Host + s.request.URL.Path
	for _, line := range s.lines {
		name, attributes, _ := strings.Cut(line, ";")
		name, _, _ = strings.Cut(name, "=")
		same += "\n" + name + ";" + attributes
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.judged[same] {
		return
	}
	for _, line := range s.lines {
		l.bytes += len(line)
	}
	if len(l.responses) >= lint.MaxCookies || l.bytes > maxLines {
		l.truncated = true
		return
	}
	l.judged[same] = true
	l.responses = append(l.responses, lint.Response{URL: s.request.URL, SetCookie: s.lines,
		Redirects: s.request.Redirects, Context: &s.request, At: now})
}

// sorted returns the items in the order of reports.
func (l *ledger) sorted() []*Item {
	l.mu.Lock()
	defer l.mu.Unlock()
	workers := map[string]Source{}
	for _, i := range l.items {
		if i.Kind == state.KindServiceWorker {
			workers[i.Place] = Source{By: "service worker", URL: i.Place + i.Name}
		}
	}
	var list []*Item
	for _, i := range l.items {
		if i.Sources == nil {
			i.Sources = []Source{}
		}
		// Chromium runs no script of ours in a service worker before its own. All others were watched, so it was this
		// one.
		if worker, ok := workers[i.Place]; ok && len(i.Sources) == 0 &&
			(i.Kind == state.KindCacheStorage || i.Kind == state.KindIndexedDB || i.Kind == FileSystem) {
			i.from(worker)
		}
		list = append(list, i)
	}
	slices.SortFunc(list, order)
	return list
}

// cutShort notes that there is more than the report has.
func (l *ledger) cutShort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.truncated = true
}
