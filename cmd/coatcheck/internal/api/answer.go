package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/internal/visible"
)

// A failure answers a request that was not carried out.
type failure struct {
	status  int
	code    string
	message string
}

var (
	noPath    = failure{http.StatusNotFound, "not_found", "there is nothing at this path"}
	noSession = failure{http.StatusNotFound, "not_found", "there is no session with this handle"}
	badMethod = failure{http.StatusMethodNotAllowed, "method_not_allowed",
		"the header Allow lists the methods of this path"}
	noToken = failure{http.StatusUnauthorized, "unauthorized",
		"send the token in the header Authorization: Bearer TOKEN"}
	wrongToken  = failure{http.StatusUnauthorized, "unauthorized", "this token is not valid"}
	crossOrigin = failure{http.StatusForbidden, "cross_origin", "a page of another origin cannot change anything here"}
	unavailable = failure{http.StatusServiceUnavailable, "unavailable",
		"the session store did not answer in time, or failed; please try again"}
)

func badRequest(message string) failure {
	return failure{http.StatusBadRequest, "bad_request", message}
}

func (f failure) write(w http.ResponseWriter) {
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = f.code, f.message
	answer(w, f.status, body)
}

// answer writes a value as JSON, with what is unseen in names escaped. The values are our own, so they marshal. What
// fails is the connection.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	text, _ := json.Marshal(value)
	_, _ = w.Write(append(visible.JSON(text), '\n'))
}

// methods has a handler for each method. Any other method gets 405, in JSON: ServeMux would answer in plain text.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, ok := m[method]; ok {
		handle(w, r)
		return
	}
	allowed := slices.Sorted(maps.Keys(m))
	if _, ok := m[http.MethodGet]; ok {
		allowed = append(allowed, http.MethodHead)
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	badMethod.write(w)
}
