package api

import (
	"encoding/json"
	"net/http"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/session"
)

// values returns a session's data as one object. What is stored and no JSON is left out, and the session reports it; so
// is what is not shown.
func values(s *session.Session, shows func(key string) bool) json.RawMessage {
	all := []byte{'{'}
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
	}
	return append(all, '}')
}

func everything(string) bool { return true }

// seenBy returns what a caller may see of a session's data. A service sees all, because it keeps it there; an operator
// sees what their role and the declarations of the keys allow, and note keeps in the history that they have looked.
func (s sessions) seenBy(r *http.Request, visitor *session.Session) (data json.RawMessage, note func()) {
	switch who := callerOf(r.Context()); {
	case who.key != nil:
		return values(visitor, everything), unnoted
	case !who.operator.Role.May(operator.Values):
		return json.RawMessage("{}"), unnoted
	}
	var keys []string
	data = values(visitor, func(key string) bool {
		if !s.shows(key) {
			return false
		}
		keys = append(keys, key)
		return true
	})
	if len(keys) == 0 {
		return data, unnoted
	}
	e := s.past.act(r, history.OperatorActed, history.Looked(keys))
	e.Handle, e.User = visitor.Handle(), visitor.User()
	return data, func() { s.past.history.Note(e) }
}

func unnoted() {}

// sizes returns how many bytes the value of each key has.
func sizes(s *session.Session) map[string]int {
	all := make(map[string]int)
	for key, value := range s.Values() {
		all[key] = len(value)
	}
	return all
}
