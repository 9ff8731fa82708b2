package shop

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

const (
	maxRecent   = 4
	maxVisitors = 10_000 // whose lists, and whose looks at one of the goods, are in memory
)

// A memory has what visitors looked at, by their numbers. It is the demo's: a shop has a database.
type memory struct {
	mu     sync.Mutex
	recent map[string][]string // newest first, by the number for it
	order  []string            // of the numbers, the oldest first
	seen   map[string]map[string]bool
}

// remember puts one of the goods in front of what a visitor looked at.
func (m *memory) remember(id, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.recent == nil {
		m.recent = map[string][]string{}
	}
	if _, known := m.recent[id]; !known {
		m.order = append(m.order, id)
		if len(m.order) > maxVisitors {
			delete(m.recent, m.order[0])
			m.order = m.order[1:]
		}
	}
	others := slices.DeleteFunc(m.recent[id], func(n string) bool { return n == name })
	others = append([]string{name}, others...)
	m.recent[id] = others[:min(len(others), maxRecent)]
}

func (m *memory) forget(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.recent, id)
	m.order = slices.DeleteFunc(m.order, func(other string) bool { return other == id })
}

func (m *memory) recentOf(id string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.recent[id])
}

// count notes that a visitor has seen one of the goods, "" for one who is not counted, and returns how many have.
func (m *memory) count(id, name string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[string]map[string]bool{}
	}
	if m.seen[name] == nil {
		m.seen[name] = map[string]bool{}
	}
	if id != "" && len(m.seen[name]) < maxVisitors {
		m.seen[name][id] = true
	}
	return len(m.seen[name])
}

// recent returns what the visitor looked at, newest first. Without consent that is nothing.
func (s *shop) recent(r *http.Request) []Good {
	id, ok := s.kept.recent.Get(r)
	if !ok {
		return nil
	}
	var seen []Good
	for _, name := range s.memory.recentOf(id) {
		good, _ := find(name)
		seen = append(seen, good)
	}
	return seen
}

// noteLook remembers and counts that a visitor looks at one of the goods, as far as they have agreed to it. It returns
// how many visitors have been counted.
func (s *shop) noteLook(w http.ResponseWriter, r *http.Request, name string) (visitors int, err error) {
	id, ok, err := s.kept.recent.Ensure(w, r)
	if err != nil {
		return 0, err
	}
	if ok {
		s.memory.remember(id, name)
	}
	number, _, err := s.kept.visitors.Ensure(w, r)
	return s.memory.count(number, name), err
}

// posters are what can lead to the shop, by /?from=.
var posters = []string{"station", "market", "radio"}

// notePoster remembers which poster led the visitor here, if they have agreed to that.
func (s *shop) notePoster(w http.ResponseWriter, r *http.Request) error {
	from := r.URL.Query().Get("from")
	if !slices.Contains(posters, from) {
		return nil
	}
	_, err := s.kept.poster.Set(w, r, from)
	return err
}

// forgetting forgets behind the counter, too, what a visitor no longer wants to be remembered.
func (s *shop) forgetting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, had := s.kept.recent.Get(r)
		next.ServeHTTP(w, r)
		gone := func(line string) bool { return strings.HasPrefix(line, s.kept.recent.Name()+"=;") }
		if had && slices.ContainsFunc(w.Header()["Set-Cookie"], gone) {
			s.memory.forget(id)
		}
	})
}
