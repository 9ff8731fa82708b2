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

// notBefore ends what began at a moment or before, of a user or of everybody, by one durable mark.
func (s finder) notBefore(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		User    string `json:"user"`
		Confirm string `json:"confirm"`
		Before  string `json:"before"`
		Reason  string `json:"reason"`
		DryRun  bool   `json:"dry_run"`
	}
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	asked.Reason = strings.TrimSpace(asked.Reason)
	before, ok := cutoffOf(asked.Before)
	if !ok {
		badRequest("before: " + span.Want).write(w)
		return
	}
	if asked.DryRun {
		s.weigh(w, r, asked.User, before)
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
	if len(user) > session.MaxUserLen {
		badRequest("user is longer than there can be").write(w)
		return
	}
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
