package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// Whoever is active on a WebSocket stays signed in, though no request of theirs comes. A change alone is no use.
func TestUseByHandle(t *testing.T) {
	for _, used := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			m := newManager(t, memory.New(), session.Options{IdleTimeout: time.Hour})
			b := newBrowser(t, m)
			b.signIn("ada")
			var handle store.ID
			b.with(func(s *session.Session) { handle = s.Handle() })
			err := error(nil)
			for range 4 {
				time.Sleep(40 * time.Minute)
				err = m.Update(t.Context(), handle, func(s *session.Session) error {
					if used {
						s.Use()
						if idle, total := s.Left(); idle != time.Hour || total <= idle {
							t.Errorf("%v and %v are left", idle, total)
						}
					}
					return nil
				})
				time.Sleep(2 * time.Second) // touches are written in batches
			}
			if (err == nil) != used {
				t.Errorf("used %v: %v", used, err)
			}
		})
	}
}
