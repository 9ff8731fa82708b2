package api

import (
	"errors"
	"net/http"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/session"
)

// A failure answers a request that was not carried out.
type failure struct {
	status  int
	code    string
	message string
	state   string // of a session, for those who ask for it
}

func fail(status int, code, message string) failure { return failure{status, code, message, ""} }

func badRequest(message string) failure { return fail(http.StatusBadRequest, "bad_request", message) }

func wrongRole(role operator.Role) failure {
	return fail(http.StatusForbidden, "wrong_role", "this operator's role does not allow that: it is "+string(role))
}

func (f failure) Error() string { return f.message }

var (
	noPath = fail(http.StatusNotFound, "not_found", "there is nothing at this path")
	noEnd  = fail(http.StatusNotFound, "not_found",
		"there is no such job; what was not started within an hour is gone")
	noSession = fail(http.StatusNotFound, "not_found", "there is no such session")
	badMethod = fail(http.StatusMethodNotAllowed, "method_not_allowed",
		"the header Allow lists the methods of this path")
	noToken = fail(http.StatusUnauthorized, "unauthorized",
		"send the token in the header Authorization: Bearer TOKEN")
	wrongToken = fail(http.StatusUnauthorized, "unauthorized", "this token is not valid")
	wrongScope = fail(http.StatusForbidden, "wrong_scope", "the scopes of this key do not allow that")
	tokenAlone = fail(http.StatusForbidden, "passkey_needed",
		"this operator has a passkey, so the token alone is not enough: use the console, or an app key")
	crossOrigin = fail(http.StatusForbidden, "cross_origin", "a page of another origin cannot change anything here")
	conflict    = fail(http.StatusConflict, "conflict",
		"a value is not what the request expects; nothing was changed")
	tooMany  = fail(http.StatusConflict, "too_many_sessions", "the user has as many sessions as there may be")
	tooLarge = fail(http.StatusRequestEntityTooLarge, "too_large", "the session's data would be too large")
	noTokens = fail(http.StatusConflict, "no_tokens",
		"this site makes no tokens; give it tokens-issuer (--tokens-issuer)")
	tooManyStreams = fail(http.StatusServiceUnavailable, "too_many_streams",
		"so many services watch already that there is no room")
	unavailable = fail(http.StatusServiceUnavailable, "unavailable",
		"the session store did not answer in time, or failed; please try again")
)

// unknown is unavailable for a check, whose answer always has a state.
var unknown = failure{unavailable.status, unavailable.code, unavailable.message, "unknown"}

func (f failure) write(w http.ResponseWriter) {
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	var body struct {
		State string `json:"state,omitempty"`
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.State, body.Error.Code, body.Error.Message = f.state, f.code, f.message
	answer(w, f.status, body)
}

// failureOf is the answer for what could not be done with a session.
func failureOf(err error) failure {
	f := new(failure)
	switch {
	case errors.As(err, f):
		return *f
	case errors.Is(err, session.ErrTooManySessions):
		return tooMany
	case errors.Is(err, session.ErrTooLarge):
		return tooLarge
	case errors.Is(err, session.ErrConflict):
		return conflict
	case errors.Is(err, session.ErrEnded):
		return noSession
	}
	return unavailable
}
