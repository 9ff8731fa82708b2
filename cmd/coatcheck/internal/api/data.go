package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"reflect"
	"slices"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A patch changes values of a session. Those of its keys are put together with what others change meanwhile.
type patch struct {
	Set    map[string]json.RawMessage   `json:"set"`    // the last one to be saved wins
	Delete []string                     `json:"delete"` // likewise
	Add    map[string]float64           `json:"add"`    // to a number; all that is added counts
	Union  map[string][]json.RawMessage `json:"union"`  // of lists without duplicates; all of it is there
	If     map[string]json.RawMessage   `json:"if"`     // what a value that is set or deleted has to be now
	Absent []string                     `json:"if_absent"`
	Carry  []string                     `json:"carry"` // keys of Set that go along when a visitor signs in
}

// keys are all that are changed. The error is about one that is named twice, or malformed.
func (p *patch) keys(o *session.Options) (keys []string, err error) {
	for key := range p.Set {
		keys = append(keys, key)
	}
	keys = append(keys, p.Delete...)
	for key := range p.Add {
		keys = append(keys, key)
	}
	for key := range p.Union {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for i, key := range keys {
		if err := checkKey(o, key); err != nil {
			return nil, err
		}
		if i > 0 && keys[i-1] == key {
			return nil, badRequest(fmt.Sprintf("the key %s is changed in two ways", key))
		}
	}
	if len(keys) == 0 {
		return nil, badRequest("nothing is changed: say what in set, delete, add or union")
	}
	return keys, nil
}

// check reports what is wrong with a patch, if anything.
func (p *patch) check(o *session.Options) error {
	if _, err := p.keys(o); err != nil {
		return err
	}
	expected := slices.Clone(p.Absent)
	for key := range p.If {
		expected = append(expected, key)
	}
	slices.Sort(expected)
	for i, key := range expected {
		if _, set := p.Set[key]; !set && !slices.Contains(p.Delete, key) {
			return badRequest("if and if_absent are about keys that the same request sets or deletes")
		}
		if i > 0 && expected[i-1] == key {
			return badRequest("a key is expected to have a value, and none")
		}
	}
	for _, n := range p.Add {
		if math.Abs(n) >= inexact {
			return badRequest("a number that is added is less than 2^53: beyond it, numbers are not exact")
		}
	}
	for _, key := range p.Carry {
		if _, set := p.Set[key]; !set {
			return badRequest("carry is about keys that the same request sets")
		}
	}
	return nil
}

// apply changes a session. On an error the caller drops all that was changed.
func (p *patch) apply(s *session.Session) error {
	for key, want := range p.If {
		if now, there := session.NewKey[json.RawMessage](key).Lookup(s); !there || !sameJSON(now, want) {
			return conflict
		}
	}
	for _, key := range p.Absent {
		if _, there := session.NewKey[json.RawMessage](key).Lookup(s); there {
			return conflict
		}
	}
	for key, value := range p.Set {
		if err := p.key(key).Set(s, value); err != nil {
			return err
		}
	}
	for _, key := range p.Delete {
		if err := p.key(key).Delete(s); err != nil {
			return err
		}
	}
	return errors.Join(p.add(s), p.unite(s))
}

// key is that of a value that is set or deleted. What was expected of it has to be so when it is saved.
func (p *patch) key(name string) session.Key[json.RawMessage] {
	var options []session.KeyOption
	if _, expected := p.If[name]; expected || slices.Contains(p.Absent, name) {
		options = append(options, session.Reject)
	}
	if slices.Contains(p.Carry, name) {
		options = append(options, session.Carry)
	}
	return session.NewKey[json.RawMessage](name, options...)
}

// inexact is from where on a double has no place for every whole number. JSON's numbers are doubles to many readers.
const inexact = 1 << 53

func (p *patch) add(s *session.Session) error {
	for name, more := range p.Add {
		key := session.NewKey[json.RawMessage](name)
		var old float64
		if now, there := key.Lookup(s); there && json.Unmarshal(now, &old) != nil {
			return conflict
		}
		if math.Abs(old) >= inexact || math.Abs(old+more) >= inexact {
			return conflict
		}
		err := key.Update(s, func(now json.RawMessage) json.RawMessage {
			var n float64
			_ = json.Unmarshal(now, &n) // what somebody else has made of it meanwhile counts as 0
			sum, err := json.Marshal(n + more)
			if err != nil {
				return now // somebody else has made it too large for a number
			}
			return sum
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *patch) unite(s *session.Session) error {
	for name, more := range p.Union {
		key := session.NewKey[json.RawMessage](name)
		var old []json.RawMessage
		if now, there := key.Lookup(s); there && json.Unmarshal(now, &old) != nil {
			return conflict
		}
		err := key.Update(s, func(now json.RawMessage) json.RawMessage {
			var all []json.RawMessage
			_ = json.Unmarshal(now, &all)
			for _, value := range more {
				if !slices.ContainsFunc(all, func(v json.RawMessage) bool { return sameJSON(v, value) }) {
					all = append(all, value)
				}
			}
			text, _ := json.Marshal(all) // of JSON
			return text
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sameJSON reports whether two texts mean the same, whatever their spaces, escapes and order of names. Numbers that
// doubles cannot tell apart are the same if they are spelt alike.
func sameJSON(a, b json.RawMessage) bool {
	x, y := meaning(a), meaning(b)
	return x != nil && y != nil && reflect.DeepEqual(x, y)
}

// meaning returns a JSON text's value in a list of its own, so that null is something, or nil if it is none.
func meaning(text json.RawMessage) []any {
	from := json.NewDecoder(bytes.NewReader(text))
	from.UseNumber()
	var v any
	if from.Decode(&v) != nil {
		return nil
	}
	return []any{exactly(v)}
}

// exactly makes doubles of the numbers in a value, where those are exact.
func exactly(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil && math.Abs(f) < inexact {
			return f
		}
	case []any:
		for i := range v {
			v[i] = exactly(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = exactly(v[name])
		}
	}
	return v
}

// changed is the answer to a patch.
type changed struct {
	Handle string          `json:"handle"`
	Data   json.RawMessage `json:"data"`
}

// patchHandle changes values of the session of a handle.
func (s sessions) patchHandle(w http.ResponseWriter, r *http.Request) {
	handle, ok := handleOf(w, r)
	if !ok {
		return
	}
	var p patch
	if _, ok := readBody(w, r, maxDataBody, &p); !ok {
		return
	}
	is, err := s.patch(r, s.manager, handle, &p)
	if err != nil {
		failureOf(err).write(w)
		return
	}
	answer(w, http.StatusOK, is)
}

func (s sessions) patch(r *http.Request, m *session.Manager, handle store.ID, p *patch) (is changed, err error) {
	o := m.Options()
	if err := p.check(&o); err != nil {
		return is, err
	}
	is.Handle = handle.String()
	note := unnoted
	err = m.Update(r.Context(), handle, func(visitor *session.Session) error {
		if err := p.apply(visitor); err != nil {
			return err
		}
		if err := visitor.Save(); err != nil {
			return err
		}
		is.Data, note = s.seenBy(r, visitor)
		return nil
	})
	if err == nil {
		note()
	}
	return is, err
}

// patchVisitor changes values of a visitor's session, which begins with them if there is none.
func (s sessions) patchVisitor(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		guest
		patch
	}
	if _, ok := readBody(w, r, maxDataBody, &asked); !ok {
		return
	}
	site, done, ok := s.at(w, &asked.guest)
	if !ok {
		return
	}
	defer done()
	o := site.Sessions.Options()
	if err := asked.patch.check(&o); err != nil {
		failureOf(err).write(w)
		return
	}
	var is struct {
		changed
		passed
	}
	var handle store.ID
	told, err := s.visit(r.Context(), site, &asked.guest, asked.Ticket != nil, func(v *session.Session) (err error) {
		if v.Unknown() {
			return errUnknown
		}
		if handle = v.Handle(); !handle.IsZero() {
			return nil
		}
		is.changed, err = asked.patch.start(site.Sessions, v)
		return err
	})
	if err == nil && !handle.IsZero() {
		// By its handle, so that either all of it is saved or nothing.
		is.changed, err = s.patch(r, site.Sessions, handle, &asked.patch)
	}
	if err != nil {
		failureOf(err).write(w)
		return
	}
	is.passed = told
	answer(w, http.StatusOK, is)
}

// start gives a visitor a session with the values that a patch sets. What may fail is tried before anything is changed,
// because there is no way back.
func (p *patch) start(m *session.Manager, s *session.Session) (is changed, err error) {
	if len(p.If) > 0 {
		return is, conflict
	}
	all := maps.Clone(p.Set)
	if all == nil {
		all = make(map[string]json.RawMessage)
	}
	for key, n := range p.Add {
		all[key], _ = json.Marshal(n) // a number that was JSON
	}
	for key, list := range p.Union {
		all[key], _ = json.Marshal(list) // likewise
	}
	if err := fits(m, all); err != nil {
		return is, err
	}
	if err := p.apply(s); err != nil {
		return is, err
	}
	if err := s.Save(); err != nil {
		return is, err
	}
	is.Data = values(s, everything)
	if handle := s.Handle(); !handle.IsZero() { // else there was nothing to store
		is.Handle = handle.String()
	}
	return is, nil
}
