package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// ofManagers is code that managers run: of this package, of those below it, and of what they use.
var ofManagers = regexp.MustCompile(`coatcheck\.dev/(?:session[./]|event\.|internal/)`)

// ownBubble is what the first line of a goroutine's stack says of the bubble that it is in.
var ownBubble = regexp.MustCompile(`synctest bubble \d+\]`)

// stacks returns the goroutines of this bubble that run code of managers. An earlier test's observer may still be told
// something outside.
func stacks(t *testing.T) (found []string) {
	buf := make([]byte, 1<<20)
	text := string(buf[:runtime.Stack(buf, true)])
	bubble := ownBubble.FindString(text) // the caller's comes first
	if bubble == "" {
		t.Fatalf("this goroutine is in no bubble:\n%.200s", text)
	}
	for stack := range strings.SplitSeq(text, "\n\n") {
		if first, _, _ := strings.Cut(stack, "\n"); strings.Contains(first, bubble) && ofManagers.MatchString(stack) {
			found = append(found, stack)
		}
	}
	return found
}

// A manager has no goroutine and no timer while it has nothing to do, and none after Close, whatever it has done
// before. The bubble does not end before the last of its goroutines has.
//
// Rows: I9, R6
func TestCloseLeavesNothingRunning(t *testing.T) {
	for _, closed := range []bool{true, false} {
		inBubble(t, fmt.Sprint("closed: ", closed), func(t *testing.T) {
			var events recorder
			st := newFaultStore()
			m := session.New(st, session.Options{Events: event.NewQueue(events.observe)})
			b := newBrowser(t, m)
			b.signIn("ada")
			ctx, cancel := context.WithCancel(t.Context())
			b.send(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil),
				func(_ http.ResponseWriter, r *http.Request) {
					_ = session.From(r.Context()).Done()
				})
			time.Sleep(45 * time.Minute) // touches, rotation
			b.user()
			b.user()
			set(b, note, "x")
			cancel()
			if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
				t.Error(err)
			}
			if closed {
				if err := m.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(2 * time.Minute) // the sweep that is due, if the manager was not closed
			synctest.Wait()
			calls := st.count()
			if left := stacks(t); len(left) != 0 {
				t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
			}
			time.Sleep(1000 * time.Hour)
			if n := st.count() - calls; n != 0 {
				t.Errorf("%d calls of the store by a manager that nobody uses", n)
			}
			if err := m.Close(t.Context()); err != nil {
				t.Errorf("close again: %v", err)
			}
		})
	}
}

// Close waits for a sweep that is under way, and none begins after it.
//
// Rows: I9, R6
func TestCloseWaitsForASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := session.New(st, session.Options{})
		set(newBrowser(t, m), note, "x")
		var sweeping atomic.Bool
		st.trap(func(context.Context) error {
			sweeping.Store(true)
			time.Sleep(500 * time.Millisecond)
			sweeping.Store(false)
			return nil
		}, "Sweep")
		time.Sleep(time.Minute + 100*time.Millisecond)
		if !sweeping.Load() {
			t.Fatal("no sweep is under way, so nothing is tested")
		}
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if sweeping.Load() {
			t.Error("Close returned during a sweep")
		}
		before := st.count("Sweep")
		set(newBrowser(t, m), note, "x") // a manager goes on serving
		time.Sleep(time.Hour)
		if n := st.count("Sweep") - before; n != 0 {
			t.Errorf("%d sweeps after Close", n)
		}
	})
}

// After Close the manager still serves what comes, so that a shutdown in any order loses nothing.
//
// Rows: I2
func TestManagerServesAfterClose(t *testing.T) {
	m := session.New(newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	set(b, note, "kept")
	if b.user() != "ada" || get(b, note) != "kept" {
		t.Errorf("user %q, note %q", b.user(), get(b, note))
	}
	b.with(func(s *session.Session) {
		if err := s.SignOut(); err != nil {
			t.Error(err)
		}
	})
}
