// Package identity has the headers by which an app learns who makes a request. They are the same at every door: the
// gate puts them into the request, and forward-auth into its answer, from which a proxy copies them into the request.
//
//	Coatcheck-User: ada                      who is signed in; bytes other than visible ASCII as %XX
//	Coatcheck-Session: R0tYAd1Zkhb7cPQm3nMWzA the session's public handle: no secret, fit for logs
//	Coatcheck-Data: {"cart":["tea"]}         all values of the session, one JSON object in ASCII
//	Coatcheck-Bound: yes                     only where sessions are bound to devices
//	Authorization: Bearer TOKEN              only with tokens, for a user
//
// A header that does not apply is there with an empty value, because a client's own would stand where it is missing.
package identity

import (
	"log/slog"
	"net/http"

	"coatcheck.dev/bound"
	"coatcheck.dev/session"
)

// The headers, in Go's canonical spelling.
const (
	User    = "Coatcheck-User"
	Session = "Coatcheck-Session"
	Data    = "Coatcheck-Data"
	Bound   = "Coatcheck-Bound"
)

// A Teller says who makes a request. The zero value tells of nothing but the session.
type Teller struct {
	// Bound has the header Coatcheck-Bound told, for sessions that are bound to devices.
	Bound bool

	// Token returns a token of a user's session for the app. The default is nil: none is told.
	Token func(*session.Session) (string, error)

	// Log is told of a token that could not be made. It is needed with Token.
	Log *slog.Logger
}

// A Told has what the app is told about the session, in one piece of memory.
type Told [3]string

// Tell adds all headers but Authorization to those of an app's request, in place of those that are there. The session
// is nil where none was looked up. The told text lies in x.
func (t *Teller) Tell(header http.Header, s *session.Session, x *Told) {
	if s != nil && !s.Handle().IsZero() {
		*x = Told{EncodeUser(s.User()), s.Handle().String(), dataHeader(s)}
	}
	header[User], header[Session], header[Data] = x[0:1:1], x[1:2:2], x[2:3:3]
	if t.Bound {
		header[Bound] = []string{isBound(s)}
	}
}

// Authorization returns what the header Authorization has to say, "" for nobody. A token that cannot be made is
// missing, so that an app that relies on it refuses the request.
func (t *Teller) Authorization(s *session.Session) string {
	if t.Token == nil || s == nil || !s.SignedIn() {
		return ""
	}
	text, err := t.Token(s)
	if err != nil {
		t.Log.Error("no token could be made for the app", "error", err)
		return ""
	}
	return "Bearer " + text
}

// isBound says whether the session is bound to its device; nothing if there is none.
func isBound(s *session.Session) string {
	if s == nil {
		return ""
	}
	info, there := s.Info()
	if !there {
		return ""
	}
	if b, ok := bound.Of(info); ok && b.Confirmed {
		return "yes"
	}
	return "no"
}
