package audit

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/state"
)

// FileSystem is a kind that no inventory has a place for: a file or folder of the origin's private file system.
const FileSystem state.Kind = "file system"

// kinds are all that a browser keeps, in the order of reports.
var kinds = []state.Kind{state.KindCookie, state.KindThirdPartyCookie, state.KindLocalStorage, state.KindSessionStorage,
	state.KindIndexedDB, state.KindCacheStorage, state.KindServiceWorker, FileSystem}

// Bounds of what is kept of a site, whatever it does.
const (
	maxItems   = 5_000
	maxSources = 4   // of an item
	maxText    = 500 // bytes of a name or a URL
)

// An itemKey tells items apart.
type itemKey struct {
	kind      state.Kind
	name      string
	place     string // of a cookie its domain, with a leading dot if hosts below have it too; else the origin
	path      string // of a cookie
	partition string // the site that embeds it, if that has one of its own
}

// An Item is something that a browser keeps.
type Item struct {
	Kind       state.Kind  `json:"kind"`
	Name       string      `json:"name"`
	Place      string      `json:"place"`               // the domain of a cookie, else an origin
	Path       string      `json:"path,omitempty"`      // of a cookie
	Partition  string      `json:"partition,omitempty"` // the top-level site, if it is partitioned
	ThirdParty bool        `json:"third_party"`
	Size       int         `json:"size,omitempty"` // bytes of name and value, if known
	Attributes *Attributes `json:"attributes,omitempty"`
	Scenes     []string    `json:"scenes"` // at which it was there
	First      Sighting    `json:"first"`
	Sources    []Source    `json:"sources"` // who put it there; empty if nobody was seen doing it
	Verdict    Verdict     `json:"verdict"`
	Problems   []Problem   `json:"problems"`
	Declared   string      `json:"declared,omitempty"` // the description in the inventory
	Purpose    string      `json:"purpose,omitempty"`
}

// Attributes are those of a stored cookie.
type Attributes struct {
	Secure      bool   `json:"secure"`
	HTTPOnly    bool   `json:"http_only"`
	SameSite    string `json:"same_site,omitempty"`
	Partitioned bool   `json:"partitioned"`
	Lifetime    int64  `json:"lifetime_seconds"` // 0: until the browser closes
}

// A Sighting is when and where an item was first seen.
type Sighting struct {
	Scene string        `json:"scene"`
	Page  string        `json:"page"`
	After time.Duration `json:"after_ns"` // since the scene began
}

// A Source is who put an item there.
type Source struct {
	By      string `json:"by"`                // response, script or service worker
	URL     string `json:"url"`               // of the response or the script
	Line    int    `json:"line,omitempty"`    // of the script, from 1
	Column  int    `json:"column,omitempty"`  // from 1
	Frame   string `json:"frame,omitempty"`   // the document in which it happened
	Because string `json:"because,omitempty"` // the script that asked for the response, with line
}

// String returns the source in a few words.
func (s Source) String() string {
	text := s.By + " " + s.URL
	if s.Line > 0 {
		text += ":" + strconv.Itoa(s.Line)
		if s.Column > 0 {
			text += ":" + strconv.Itoa(s.Column)
		}
	}
	if s.Because != "" {
		text += ", asked for by " + s.Because
	}
	return text
}

func (i *Item) key() itemKey { return itemKey{i.Kind, i.Name, i.Place, i.Path, i.Partition} }

// saw notes that the item was there at a scene.
func (i *Item) saw(scene string) {
	if !slices.Contains(i.Scenes, scene) {
		i.Scenes = append(i.Scenes, scene)
	}
}

// from notes who put it there.
func (i *Item) from(s Source) {
	same := func(o Source) bool { return o.By == s.By && o.URL == s.URL && o.Line == s.Line && o.Column == s.Column }
	if s.By != "" && len(i.Sources) < maxSources && !slices.ContainsFunc(i.Sources, same) {
		i.Sources = append(i.Sources, s)
	}
}

// order is that of reports: by party, kind and name.
func order(a, b *Item) int {
	if a.ThirdParty != b.ThirdParty {
		if a.ThirdParty {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Place, b.Place), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Partition, b.Partition))
}

// cut bounds a text that a site has chosen, on a whole character.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}

// bare returns a URL without what may hold secrets: user information, query and fragment.
func bare(text string) string {
	u, err := url.Parse(cut(text))
	if err != nil {
		return "(no URL)"
	}
	if u.Opaque != "" && u.Scheme != "blob" {
		return u.Scheme + ":…"
	}
	u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
	return u.String()
}
