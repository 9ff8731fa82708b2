package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"coatcheck.dev/store"
)

// A KeyOption is something that a key does differently.
type KeyOption func(*keyOptions)

type keyOptions struct {
	carry    bool
	merge    mergeFunc
	misfit   func(reflect.Type) string // why merge is not for values of a type, "" if it is; nil is for all
	upgrades []any                     // each an upgrade of the key's type
}

// Carry takes the value over into the session that sign-in makes, as for a cart that was filled before. Without it,
// what an unknown visitor stored is gone after sign-in: it may have been put there by somebody else (session puzzling
// and fixation, OWASP WSTG-SESS-08 and -03).
func Carry(o *keyOptions) { o.carry = true }

// Counter makes concurrent changes of a whole number add up: if one request raises 5 to 6 and another to 8, the value
// is 9. [NewKey] panics if the key has another type.
func Counter(o *keyOptions) {
	o.misfit = func(of reflect.Type) string {
		if k := of.Kind(); k >= reflect.Int && k <= reflect.Uint64 || of == reflect.TypeFor[json.Number]() {
			return ""
		}
		return "Counter is for whole numbers"
	}
	o.merge = typedMerge(func(base, theirs, mine json.Number) (json.Number, error) {
		var n [3]int64
		for i, text := range []json.Number{base, theirs, mine} {
			var err error
			if text == "" {
				continue
			}
			if n[i], err = text.Int64(); err != nil {
				return "", err
			}
		}
		return json.Number(fmt.Sprint(n[1] + n[2] - n[0])), nil
	})
}

// Union makes concurrent changes of a list without duplicates add up: what either request added is there, and what
// either removed is not. [NewKey] panics if the key has another type.
func Union(o *keyOptions) {
	o.misfit = func(of reflect.Type) string {
		bytes := of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Uint8 // which JSON has as text
		list := of.Kind() == reflect.Slice && !bytes
		if list || of.Kind() == reflect.Array || of.Implements(reflect.TypeFor[json.Marshaler]()) {
			return ""
		}
		return "Union is for lists"
	}
	o.merge = typedMerge(func(base, theirs, mine []json.RawMessage) ([]json.RawMessage, error) {
		in := func(list []json.RawMessage, v json.RawMessage) bool {
			return slices.ContainsFunc(list, func(w json.RawMessage) bool { return string(v) == string(w) })
		}
		merged := make([]json.RawMessage, 0, len(theirs)+len(mine))
		for _, v := range theirs {
			if in(mine, v) || !in(base, v) {
				merged = append(merged, v)
			}
		}
		for _, v := range mine {
			if !in(merged, v) && !in(base, v) {
				merged = append(merged, v)
			}
		}
		return merged, nil
	})
}

// Merge puts concurrent changes together by a function of the application: base is what was there before both, theirs
// what another request has saved, mine what this one has set; the zero value of T stands for none. [NewKey] panics if T
// is not its own type.
func Merge[T any](fn func(base, theirs, mine T) T) KeyOption {
	return func(o *keyOptions) {
		o.misfit = func(of reflect.Type) string {
			if want := reflect.TypeFor[T](); of != want {
				return fmt.Sprintf("Merge is for %v", want)
			}
			return ""
		}
		o.merge = typedMerge(func(base, theirs, mine T) (T, error) { return fn(base, theirs, mine), nil })
	}
}

// Reject refuses to save a change of the key if another request has changed it meanwhile. The response is then 409
// Conflict, and none of this request's changes are saved; [Session.Save] returns ErrConflict to a handler that wants
// to say more.
func Reject(o *keyOptions) {
	o.merge, o.misfit = func(_, _, _ string) (string, error) { return "", ErrConflict }, nil
}

// A change is what a request does to one key. It is kept until it is saved, so that it can be applied again to a record
// that others have changed.
type change struct {
	key    string
	value  store.Value
	base   store.Value // what the key had when the change was made
	delete bool

	// apply is there instead of value and delete, if the change depends on what is there.
	apply func(st *state, old store.Value) (store.Change, error)

	// merge puts the change together with what another request has saved. If it is nil the last one wins.
	merge mergeFunc
}

// on returns what the change does to data.
func (c *change) on(st *state, data store.Data) (store.Change, error) {
	if c.apply == nil {
		return store.Change{Key: c.key, Value: c.value, Delete: c.delete}, nil
	}
	old, _ := data.Get(c.key)
	step, err := c.apply(st, old)
	step.Key = c.key
	return step, err
}

// merged returns what the change does to data that another request may have saved.
func (c *change) merged(st *state, data store.Data) (store.Change, error) {
	theirs, _ := data.Get(c.key)
	if c.merge == nil || c.apply != nil || c.base.JSON == theirs.JSON {
		return c.on(st, data)
	}
	text, err := c.merge(c.base.JSON, theirs.JSON, c.value.JSON)
	if errors.Is(err, ErrConflict) {
		return store.Change{}, err
	}
	if err != nil { // theirs is not of the key's type: the last write wins
		return c.on(st, data)
	}
	return store.Change{Key: c.key, Value: store.Value{JSON: text, Carry: c.value.Carry}}, nil
}

// A mergeFunc puts the value that this request has set together with the one that another request has saved
// meanwhile. base is what was there before both. An empty string is no value.
type mergeFunc func(base, theirs, mine string) (string, error)

func typedMerge[T any](fn func(base, theirs, mine T) (T, error)) mergeFunc {
	return func(base, theirs, mine string) (string, error) {
		var v [3]T
		for i, text := range []string{base, theirs, mine} {
			if text == "" {
				continue
			}
			if err := json.Unmarshal([]byte(text), &v[i]); err != nil {
				if i > 0 {
					return "", err
				}
				v[0] = *new(T) // this request has read none either
			}
		}
		merged, err := fn(v[0], v[1], v[2])
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(merged)
		return string(text), err
	}
}
