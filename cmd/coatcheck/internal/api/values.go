package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/session"
)

// values returns a session's data as one object, and the keys that are in it. What is stored and no JSON is left out,
// and the session reports it; so is what is not shown.
func values(s *session.Session, shows func(key string) bool) (all json.RawMessage, keys []string) {
	all = []byte{'{'}
	for key, value := range s.Values() {
		if !shows(key) {
			continue
		}
		if !json.Valid(value) {
			session.NewKey[json.RawMessage](key).Lookup(s)
			continue
		}
		if len(all) > 1 {
			all = append(all, ',')
		}
		all = append(append(all, '"'), key...) // needs no escaping: see session.CheckKey
		all = append(append(all, '"', ':'), value...)
		keys = append(keys, key)
	}
	return append(all, '}'), keys
}

func everything(string) bool { return true }

// shownTo says which values a caller may see. A service sees all, because it keeps them there; an operator sees what
// their role and the declaration of the key allow.
func (s sessions) shownTo(who *caller) func(key string) bool {
	switch {
	case who.key != nil:
		return everything
	case who.operator.Role.May(operator.Values):
		return s.shows
	}
	return func(string) bool { return false }
}

// noteLook keeps in the history that an operator has looked at values.
func (s sessions) noteLook(r *http.Request, i session.Info, keys []string) {
	if callerOf(r.Context()).key != nil || len(keys) == 0 {
		return
	}
	slices.Sort(keys)
	e := s.past.act(r, history.OperatorActed, "looked at the values of "+strings.Join(keys, ", "))
	e.Handle, e.User = i.Handle, i.User
	s.past.history.Note(e)
}

// sizes returns how many bytes the value of each key has.
func sizes(s *session.Session) map[string]int {
	all := make(map[string]int)
	for key, value := range s.Values() {
		all[key] = len(value)
	}
	return all
}
