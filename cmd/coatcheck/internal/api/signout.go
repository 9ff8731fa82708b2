package api

import (
	"fmt"
	"net/http"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/index"
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

// notBefore ends what began at a moment or before, of a user or of everybody, by one durable mark.
func (s finder) notBefore(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		User    string    `json:"user"`
		Confirm string    `json:"confirm"`
		Before  time.Time `json:"before"`
		Reason  string    `json:"reason"`
		DryRun  bool      `json:"dry_run"`
	}
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	if asked.DryRun {
		s.weigh(w, r, asked.User, asked.Before)
		return
	}
	switch {
	case len(asked.User) > session.MaxUserLen:
		badRequest("user is longer than there can be").write(w)
		return
	case len(asked.Reason) > ending.MaxReason:
		badRequest(fmt.Sprintf("reason is longer than %d bytes", ending.MaxReason)).write(w)
		return
	case asked.User == "" && asked.Confirm != Everybody:
		badRequest(`without a user this is for everybody: then confirm is "` + Everybody + `"`).write(w)
		return
	case asked.User != "" && asked.Confirm != "":
		badRequest("user and confirm contradict each other").write(w)
		return
	case asked.User == "" && !callerOf(r.Context()).admin():
		wrongScope.write(w)
		return
	}
	before := asked.Before
	if now := time.Now(); before.IsZero() || before.After(now) { // nothing ends that has not begun
		before = now
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

// weigh says what a not-before would end, and ends nothing.
func (s finder) weigh(w http.ResponseWriter, r *http.Request, user string, before time.Time) {
	if len(user) > session.MaxUserLen {
		badRequest("user is longer than there can be").write(w)
		return
	}
	if before.IsZero() {
		before = time.Now()
	}
	if s.index == nil {
		badRequest("dry_run: there is no index here, so nobody can tell").write(w)
		return
	}
	n, err := s.index.Count(r.Context(), index.Query{
		User: user, Created: index.Span{Before: index.At(before.Add(time.Microsecond))},
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
