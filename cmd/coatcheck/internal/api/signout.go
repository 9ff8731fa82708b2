package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/session"
)

// Which sessions a sign-out ends.
const (
	endThis   = "this"
	endOthers = "others"
	endAll    = "all"
)

// signOut ends the session of a visitor, and takes its cookie away; or the others of its user; or all.
func (s sessions) signOut(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		guest
		Which string `json:"which"`
	}
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	switch asked.Which {
	case "":
		asked.Which = endThis
	case endThis, endOthers, endAll:
	default:
		badRequest(`which is "this", "others" or "all"`).write(w)
		return
	}
	site, done, ok := s.at(w, &asked.guest)
	if !ok {
		return
	}
	defer done()
	ended := struct {
		Others int `json:"ended_others"`
		passed
	}{}
	told, err := s.visit(r.Context(), site, &asked.guest, asked.Ticket != nil, func(v *session.Session) (err error) {
		if v.Unknown() {
			return errUnknown
		}
		if user := v.User(); user != "" && asked.Which != endThis {
			if ended.Others, err = site.Sessions.RevokeUser(r.Context(), user, v.Handle()); err != nil {
				return err
			}
		}
		if asked.Which == endOthers {
			return nil
		}
		return v.SignOut()
	})
	if err != nil {
		failureOf(err).write(w)
		return
	}
	ended.passed = told
	answer(w, http.StatusOK, ended)
}

// A cutoffRequest is what a client asks of /v1/not-before.
type cutoffRequest struct {
	User    string `json:"user"`
	Confirm string `json:"confirm"`
	Before  string `json:"before"`
	Reason  string `json:"reason"`
	DryRun  bool   `json:"dry_run"`
}

// notBefore ends what began at a moment or before, of a user or of everybody, by one durable mark.
func (s finder) notBefore(w http.ResponseWriter, r *http.Request) {
	var asked cutoffRequest
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	asked.Reason = strings.TrimSpace(asked.Reason)
	before, ok := cutoffOf(asked.Before)
	if !ok {
		badRequest("before: " + span.Want).write(w)
		return
	}
	if err := asked.check(callerOf(r.Context()).admin()); err != nil {
		failureOf(err).write(w)
		return
	}
	if asked.DryRun {
		s.weigh(w, r, asked.User, before)
		return
	}
	ctx := r.Context()
	if asked.Reason != "" {
		ctx = session.WithActor(ctx, callerOf(ctx).name, asked.Reason)
	}
	var err error
	if asked.User == "" {
		err = s.manager.RevokeBefore(ctx, before)
	} else {
		err = s.manager.RevokeUserBefore(ctx, asked.User, before)
	}
	if err != nil {
		unavailable.write(w)
		return
	}
	answer(w, http.StatusOK, struct {
		Before time.Time `json:"before"`
	}{before.UTC().Round(0)})
}

// check returns the failure that refuses the request, nil if nothing does. A dry run needs the same rights, because
// the number of everybody's sessions is for admins alone. Only the word that confirms may be missing.
func (c *cutoffRequest) check(admin bool) error {
	switch {
	case len(c.User) > session.MaxUserLen:
		return badRequest("user is longer than there can be")
	case len(c.Reason) > ending.MaxReason:
		return badRequest(fmt.Sprintf("reason is longer than %d bytes", ending.MaxReason))
	case c.User == "" && c.Confirm != Everybody && !c.DryRun:
		return badRequest(`without a user this is for everybody: then confirm is "` + Everybody + `"`)
	case c.User != "" && c.Confirm != "":
		return badRequest("user and confirm contradict each other")
	case c.User == "" && !admin:
		return wrongScope
	}
	return nil
}

// cutoffOf reads up to when something is meant: until now, if it is empty or later. Nothing ends that has not begun.
func cutoffOf(text string) (time.Time, bool) {
	now := time.Now()
	if text == "" {
		return now, true
	}
	edge, ok := span.Parse(text)
	if at := edge.Ago(now); at.Before(now) {
		return at, ok
	}
	return now, ok
}

// weigh says what a not-before would end, and ends nothing.
func (s finder) weigh(w http.ResponseWriter, r *http.Request, user string, before time.Time) {
	if s.index == nil {
		badRequest("dry_run: there is no index here, so nobody can tell").write(w)
		return
	}
	n, err := s.index.Count(r.Context(), index.Query{
		User: user, Created: index.Span{Before: span.At(before.Add(time.Microsecond))},
	})
	if err != nil {
		unavailable.write(w)
		return
	}
	answer(w, http.StatusOK, struct {
		Before   time.Time `json:"before"`
		Sessions int       `json:"sessions"`
	}{before.UTC().Round(0), n})
}
