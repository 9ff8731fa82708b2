package client

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// optionalInterfaces are those of package store that a client uses, with the price of going without each.
var optionalInterfaces = []struct {
	name, costs string
	is          reflect.Type
}{
	{"store.Feed",
		"cut-offs of other nodes, and the end of a session for Session.Done, are noticed up to 5 seconds late",
		reflect.TypeFor[store.Feed]()},
	{"store.Peeker", "every request waits for a call of Load, and Stale knows only what this manager has loaded itself",
		reflect.TypeFor[store.Peeker]()},
}

// reportHidden reports what the store hides of another one that it wraps. A wrapper that embeds a [store.Store] has the
// methods of that interface and no others, and nothing else would ever say so. Without observers the report goes to
// [slog.Default].
func (c *Client) reportHidden() {
	err := hidden(c.store)
	switch {
	case err == nil:
	case c.opts.Events == nil:
		slog.Default().Warn(string(event.CapabilityHidden), "error", err)
	default:
		c.opts.Events.Send(event.Event{Kind: event.CapabilityHidden, Err: err})
	}
}

// hidden returns an error that names the optional interfaces which a store that st wraps has and st has not, each with
// what its loss costs.
func hidden(st store.Store) error {
	outer := reflect.TypeOf(st)
	var lost []string
	for _, optional := range optionalInterfaces {
		if outer.Implements(optional.is) {
			continue
		}
		if inner := wrapped(reflect.ValueOf(st), optional.is, maxWrappers); inner != nil {
			lost = append(lost, fmt.Sprintf("%s of %v (%s)", optional.name, inner, optional.costs))
		}
	}
	if lost == nil {
		return nil
	}
	return fmt.Errorf("session: the store %v hides %s", outer, strings.Join(lost, " and "))
}

// maxWrappers bounds the search: a wrapper may hold itself.
const maxWrappers = 8

// wrapped returns the type of a store with an optional interface that v, a store or a part of one, holds in a field at
// whatever depth of wrapping, or nil. Fields need not be exported: their types suffice.
func wrapped(v reflect.Value, optional reflect.Type, depth int) reflect.Type {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || depth == 0 {
		return nil
	}
	for i := range v.NumField() {
		field := v.Field(i)
		if field.Kind() == reflect.Interface {
			field = field.Elem()
		}
		if !field.IsValid() || !field.Type().Implements(reflect.TypeFor[store.Store]()) {
			continue
		}
		if field.Type().Implements(optional) {
			return field.Type()
		}
		if t := wrapped(field, optional, depth-1); t != nil {
			return t
		}
	}
	return nil
}
