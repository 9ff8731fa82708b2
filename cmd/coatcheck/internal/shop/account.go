package shop

import (
	"context"
	"net/http"
	"slices"

	"coatcheck.dev/session"
)

func (s *shop) account(w http.ResponseWriter, r *http.Request) {
	browsers, err := s.sessions.List(r.Context(), session.From(r.Context()).User())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "account", "Your browsers", browsers)
}

// endOne signs one of the user's own browsers out. A handle says nothing of whose session it is, so the list decides.
func (s *shop) endOne(w http.ResponseWriter, r *http.Request) {
	visitor := session.From(r.Context())
	browsers, err := s.sessions.List(r.Context(), visitor.User())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	i := slices.IndexFunc(browsers, func(b session.Info) bool { return b.Handle.String() == r.FormValue("handle") })
	switch {
	case i < 0: // it has ended already, or was never theirs
	case browsers[i].Current:
		err = visitor.SignOut()
	default:
		_, err = s.sessions.Revoke(byUser(r), browsers[i].Handle)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

func (s *shop) endOthers(w http.ResponseWriter, r *http.Request) {
	visitor := session.From(r.Context())
	if _, err := s.sessions.RevokeUser(byUser(r), visitor.User(), visitor.Handle()); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// byUser notes for the record who ended a session.
func byUser(r *http.Request) context.Context {
	return session.WithActor(r.Context(), session.From(r.Context()).User(), "asked for on the account page")
}
