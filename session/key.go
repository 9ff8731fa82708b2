package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"coatcheck.dev/store"
)

// A Key names a typed value in sessions. Values are kept as JSON, so that programs in other languages can read them
// and a field can be added to T at any time. Declare keys once, as package variables:
//
//	var Cart = session.NewKey[[]Item]("cart", session.Carry)
type Key[T any] struct {
	name string
	keyOptions
	upgrades []upgrade[T]
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
	of := reflect.TypeFor[T]()
	if o.misfit != nil {
		if why := o.misfit(of); why != "" {
			panic(fmt.Sprintf("session: key %s: %s, and its values are of the type %v", name, why, of))
		}
	}
	k := Key[T]{name: name, keyOptions: o}
	for _, each := range o.upgrades {
		u, ok := each.(upgrade[T])
		if !ok {
			panic(fmt.Sprintf("session: key %s: Upgrade has to return the key's type, %v", name, of))
		}
		k.upgrades = append(k.upgrades, u)
	}
	if len(k.upgrades) > 0 && o.merge != nil {
		k.merge = func(base, theirs, mine string) (string, error) {
			return o.merge(k.renewed(base), k.renewed(theirs), mine)
		}
	}
	return k
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

// Lookup returns the session's value and whether there is one. A stored value that does not decode into T counts as
// none until another is set, and is reported to the observers once, as [event.KeyUnreadable]. It stays in the store as
// it is, sign-in included: another version of the program may know what to do with it. See [Upgrade].
func (k Key[T]) Lookup(s *Session) (T, bool) {
	value, ok := s.data().Get(k.name)
	if !ok {
		var none T
		return none, false
	}
	if v, ok := plain[T](value.JSON); ok {
		return v, true
	}
	v, err := k.decode(value.JSON)
	if err != nil {
		st := s.lock()
		defer s.mu.Unlock()
		st.unreadable(k.name, err)
	}
	return v, err == nil
}

// decode returns what a JSON text says, by way of an older type if need be, and the zero value of T with an error.
func (k *Key[T]) decode(text string) (T, error) {
	var v, zero T
	if len(k.upgrades) > 0 && decodeWhole(text, &v) != nil {
		for _, upgrade := range k.upgrades {
			if v, is, err := upgrade(text); is {
				return v, err
			}
		}
	}
	v = zero
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return zero, err
	}
	return v, nil
}

// renewed returns a JSON text as if it had been written today.
func (k *Key[T]) renewed(text string) string {
	if text == "" {
		return ""
	}
	v, err := k.decode(text)
	if err != nil {
		return text
	}
	if now, err := encode(v); err == nil {
		return now
	}
	return text
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
	apply := func(st *state, old store.Value) (store.Change, error) {
		v, ok := plain[T](old.JSON)
		if !ok && old.JSON != "" {
			var err error
			if v, err = k.decode(old.JSON); err != nil {
				st.unreadable(k.name, err)
			}
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

// An upgrade makes a value of today's type out of the JSON of an older one. It reports false if it is not of that type.
type upgrade[T any] func(text string) (v T, is bool, err error)

// Upgrade reads values that an earlier version of the program has stored under the key as type Old, when New is the
// type that the key has now:
//
//	var Cart = session.NewKey[[]Item]("cart", session.Upgrade(func(names []string) ([]Item, error) { ... }))
//
// A value is taken for an Old if not all of it decodes into New, and all of it into Old; for what no type tells, Old
// may be [json.RawMessage]. If fn returns an error, the value counts as none: see [Key.Lookup]. With several of these
// options the first one that fits is taken.
//
// Reading changes nothing in the store, so that the earlier version, if it comes back, finds what it has stored until
// something is set. fn is called at each read, and must not use the session. NewKey panics if New is not its own type.
func Upgrade[Old, New any](fn func(Old) (New, error)) KeyOption {
	return func(o *keyOptions) {
		o.upgrades = append(o.upgrades, upgrade[New](func(text string) (v New, is bool, err error) {
			var old Old
			if decodeWhole(text, &old) != nil {
				return v, false, nil
			}
			upgraded, err := fn(old)
			if err != nil {
				return v, true, err
			}
			return upgraded, true, nil
		}))
	}
}

// decodeWhole is json.Unmarshal, but an error if the type has no place for a part of the value.
func decodeWhole(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text after the value")
	}
	return nil
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
