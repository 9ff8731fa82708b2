package session

import (
	"encoding/json"
	"fmt"
	"strconv"

	"coatcheck.dev/store"
)

// A Key names a typed value in sessions. Values are kept as JSON, so that programs in other languages can read them
// and a field can be added to T at any time. Declare keys once, as package variables:
//
//	var Cart = session.NewKey[[]Item]("cart", session.Carry)
type Key[T any] struct {
	name string
	keyOptions
}

// MaxKeyLen is the longest name of a key, in bytes.
const MaxKeyLen = 64

// NewKey returns the key of a name: 1 to 64 ASCII letters, digits, dots, hyphens or underscores. Any other name
// panics; see [CheckKey] for names that come from elsewhere. Two keys of one name are the same value.
func NewKey[T any](name string, options ...KeyOption) Key[T] {
	if err := CheckKey(name); err != nil {
		panic(err)
	}
	var o keyOptions
	for _, option := range options {
		option(&o)
	}
	return Key[T]{name, o}
}

// CheckKey reports what is wrong with the name of a key, if anything.
func CheckKey(name string) error {
	ok := len(name) > 0 && len(name) <= MaxKeyLen
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
	}
	if !ok {
		return fmt.Errorf("%w, not %.70q", errKeyName, name)
	}
	return nil
}

// Name returns the key's name.
func (k Key[T]) Name() string { return k.name }

// Get returns the session's value, or the zero value of T if there is none.
func (k Key[T]) Get(s *Session) T {
	v, _ := k.Lookup(s)
	return v
}

// Lookup returns the session's value and whether there is one. A stored value that does not decode into T any more
// counts as none: it is deleted with the request's other changes, and reported to the observers.
func (k Key[T]) Lookup(s *Session) (T, bool) {
	value, ok := s.data().Get(k.name)
	if !ok {
		var none T
		return none, false
	}
	if v, ok := plain[T](value.JSON); ok {
		return v, true
	}
	var v T
	if err := json.Unmarshal([]byte(value.JSON), &v); err != nil {
		s.unreadable(k.name, value, err)
		var zero T
		return zero, false
	}
	return v, true
}

// Set sets the session's value. If other requests set it at the same time, the last one to be saved wins, unless the
// key was declared with [Counter], [Union], [Merge] or [Reject]; where the new value depends on the old one, use
// [Key.Update].
//
// An error means that nothing was changed: v cannot be JSON, the data would be too large ([ErrTooLarge]), or the
// session is new and its cookie cannot be set any more ([ErrTooLate]).
func (k Key[T]) Set(s *Session, v T) error {
	text, err := encode(v)
	if err != nil {
		return fmt.Errorf("session: set %s: %w", k.name, err)
	}
	return s.change(change{key: k.name, value: store.Value{JSON: text, Carry: k.carry}, merge: k.merge})
}

// Update sets the value to what fn makes of the present one, the zero value of T if there is none. If another request
// changes the value before this one is saved, fn is called again with what the other left, so that no change is lost.
// fn must not use the session.
func (k Key[T]) Update(s *Session, fn func(T) T) error {
	apply := func(old store.Value, _ bool) (store.Change, error) {
		var v T
		if old.JSON != "" && json.Unmarshal([]byte(old.JSON), &v) != nil {
			var zero T // reported when somebody reads it; here it is being replaced
			v = zero
		}
		text, err := encode(fn(v))
		return store.Change{Value: store.Value{JSON: text, Carry: k.carry}}, err
	}
	if err := s.change(change{key: k.name, apply: apply}); err != nil {
		return fmt.Errorf("session: update %s: %w", k.name, err)
	}
	return nil
}

// Pop returns the session's value and removes it, for what is to be shown once. It reports false if there is none, or
// if it could not be removed: then it is shown another time.
func (k Key[T]) Pop(s *Session) (T, bool) {
	v, ok := k.Lookup(s)
	if !ok || k.Delete(s) != nil {
		var none T
		return none, false
	}
	return v, true
}

// Delete removes the session's value, if there is one.
func (k Key[T]) Delete(s *Session) error {
	return s.change(change{key: k.name, delete: true, merge: k.merge})
}

// encode returns the JSON of a value, that of a number or a truth value without encoding/json.
func encode[T any](v T) (string, error) {
	switch p := any(&v).(type) {
	case *int:
		return strconv.Itoa(*p), nil
	case *bool:
		return strconv.FormatBool(*p), nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// plain decodes the JSON of the simplest values: text without escapes, whole numbers, true and false. They are what
// most keys hold, and encoding/json would spend as much time on one as it takes to find the session. It reports false
// for anything that is not certain, errors included: encoding/json decides about those.
func plain[T any](text string) (v T, ok bool) {
	switch p := any(&v).(type) {
	case *string:
		*p, ok = plainString(text)
	case *int:
		*p, ok = plainInt(text)
	case *bool:
		*p = text == "true"
		ok = *p || text == "false"
	}
	return v, ok
}

// plainString leaves everything beyond ASCII to encoding/json, which replaces what is not UTF-8.
func plainString(text string) (string, bool) {
	last := len(text) - 1
	if last < 1 || text[0] != '"' || text[last] != '"' {
		return "", false
	}
	for i := 1; i < last; i++ {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return text[1:last], true
}

// plainInt leaves signs and leading zeros to encoding/json: in JSON not all of them are numbers.
func plainInt(text string) (int, bool) {
	if text == "" || text[0] < '1' {
		return 0, text == "0"
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
