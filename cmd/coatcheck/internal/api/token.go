package api

import (
	"errors"
	"net/http"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/token"
)

// An exchanged is the answer to a ticket that was exchanged for a token.
type exchanged struct {
	State     string     `json:"state"`
	Token     string     `json:"token,omitempty"`
	Handle    string     `json:"handle"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // of the token
	passed
}

// exchange gives a service a token of who is behind a request, for the one audience of the service's key. It is a use
// of the session, and a bound one needs its device's cookie, as any request of the visitor's.
func (s sessions) exchange(w http.ResponseWriter, r *http.Request) {
	var asked struct{ guest }
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	who := callerOf(r.Context())
	if who.key == nil {
		wrongScope.write(w) // an operator's token is for nobody in particular
		return
	}
	site, done, ok := s.at(w, &asked.guest)
	if !ok {
		return
	}
	defer done()
	if site.Token == nil {
		noTokens.write(w)
		return
	}
	is := exchanged{State: stateNone}
	told, err := s.visit(r.Context(), site, &asked.guest, asked.Ticket != nil, func(v *session.Session) error {
		if v.Unknown() {
			return errUnknown
		}
		text, until, err := site.Token(v, who.key.Audience())
		switch {
		case errors.Is(err, token.ErrNobody):
			return nil
		case err != nil:
			return err
		}
		until = until.UTC()
		is.State, is.Token, is.Handle, is.ExpiresAt = stateValid, text, v.Handle().String(), &until
		return nil
	})
	if err != nil {
		unknown.write(w)
		return
	}
	is.passed = told
	answer(w, http.StatusOK, is)
}
