package e2e_test

import (
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/token"
)

// A stream is what a service hears of a node over the session API.
type stream struct {
	t     testing.TB
	heard chan store.Notice
}

// watch follows a node's stream, and returns once it is whole.
func (h *program) watch() *stream {
	h.t.Helper()
	s := &stream{h.t, make(chan store.Notice, 10_000)}
	feed := token.Watch(h.console+"/v1/watch", h.token, nil)
	h.t.Cleanup(feed.Subscribe(func(n store.Notice) { s.heard <- n }))
	s.await(store.Beat, "")
	return s
}

// await waits until the stream tells something, of a session if there is a handle.
func (s *stream) await(kind store.NoticeKind, handle string) {
	s.t.Helper()
	for late := time.After(30 * time.Second); ; {
		select {
		case n := <-s.heard:
			if n.Kind == kind && (handle == "" || n.ID.String() == handle) {
				return
			}
		case <-late:
			s.t.Fatalf("the stream does not tell the notice %d of %q", kind, handle)
		}
	}
}
