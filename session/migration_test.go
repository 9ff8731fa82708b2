package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// An oneOld is a library that has left one session behind.
type oneOld struct{ old session.OldSession }

func (o oneOld) Cookie() *cookie.Cookie { return &cookie.Cookie{Name: "old", Path: "/"} }

func (o oneOld) Check(value string) bool { return value == "ticket" }

func (o oneOld) Load(context.Context, string) (*session.OldSession, error) { return &o.old, nil }

func (o oneOld) Remove(context.Context, string) error { return nil }

// A session that moves in has begun when the other library says so, unless that is nothing or has not come yet.
//
// Rows: A39
func TestMovedSessionKeepsItsBeginning(t *testing.T) {
	for name, c := range map[string]struct{ ago, want time.Duration }{
		"an hour ago": {time.Hour, time.Hour},
		"in future":   {-time.Hour, 0},
		"unknown":     {0, 0},
	} {
		inBubble(t, name, func(t *testing.T) {
			old := session.OldSession{User: "ada"}
			if c.ago != 0 {
				old.Began = time.Now().Add(-c.ago)
			}
			b := newBrowser(t, newManager(t, newFaultStore(), asleep(session.Options{Migrate: oneOld{old}})))
			b.cookies["old"] = "ticket"
			b.with(func(s *session.Session) {
				info, ok := s.Info()
				if !ok || info.User != "ada" || time.Since(info.CreatedAt) != c.want {
					t.Errorf("%q began %v ago, want %v", info.User, time.Since(info.CreatedAt), c.want)
				}
			})
			synctest.Wait()
		})
	}
}

// Whom sign-in would refuse does not move in either.
//
// Rows: A44
func TestMovedSessionNeedsAReadableUser(t *testing.T) {
	for _, user := range []string{"a\xff", "a\nb", "\x1b[31m", strings.Repeat("u", session.MaxUserLen+1)} {
		inBubble(t, fmt.Sprintf("%.10q", user), func(t *testing.T) {
			var events recorder
			old := session.OldSession{User: user, Began: time.Now()}
			m := newManager(t, newFaultStore(), asleep(session.Options{
				Migrate: oneOld{old}, Events: event.NewQueue(events.observe),
			}))
			b := newBrowser(t, m)
			b.cookies["old"] = "ticket"
			if handle := b.handle(); !handle.IsZero() {
				t.Error("the session has moved in")
			}
			events.the(t, m, event.StoreError)
		})
	}
}
