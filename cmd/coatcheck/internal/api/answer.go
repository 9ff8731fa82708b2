package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/appkey"
	"coatcheck.dev/internal/visible"
)

// answer writes a value as JSON, with what is unseen in names escaped. The values are our own, so they marshal. What
// fails is the connection.
func answer(w http.ResponseWriter, status int, value any) {
	text, _ := json.Marshal(value)
	write(w, status, text)
}

// What all answers say. Nobody writes into a header's lines, so that all can share them.
var (
	isJSON = []string{"application/json"}
	unkept = []string{"no-store"}
	asItIs = []string{"nosniff"}
)

func write(w http.ResponseWriter, status int, text []byte) {
	header := w.Header()
	header["Content-Type"], header["Cache-Control"], header["X-Content-Type-Options"] = isJSON, unkept, asItIs
	w.WriteHeader(status)
	_, _ = w.Write(append(visible.JSON(text), '\n'))
}

// A route is what one method does at a path, and the scope that its callers need.
type route struct {
	scope  appkey.Scope
	handle http.HandlerFunc
}

// methods has a route for each method. Any other method gets 405, in JSON: ServeMux would answer in plain text.
type methods map[string]route

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if to, ok := m[method]; ok {
		if to.scope != "" {
			switch who := callerOf(r.Context()); {
			case who.may(to.scope, method, r):
			case who.key != nil:
				wrongScope.write(w)
				return
			default:
				wrongRole(who.operator.Role).write(w)
				return
			}
		}
		to.handle(w, r)
		return
	}
	allowed := slices.Sorted(maps.Keys(m))
	if _, ok := m[http.MethodGet]; ok {
		allowed = append(allowed, http.MethodHead)
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	badMethod.write(w)
}
