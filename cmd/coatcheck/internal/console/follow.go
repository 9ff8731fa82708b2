package console

import (
	"errors"
	"io"
	"net/http"
	"time"

	"coatcheck.dev/store"
)

const (
	tellEvery = 250 * time.Millisecond // the shortest time between two changes that a page is told of
	beatEvery = 15 * time.Second       // shows that a connection is gone, and keeps proxies from closing a quiet one
	sendLimit = 10 * time.Second       // for one write to a page that does not read
)

// follow is a stream of server-sent events: "change" when the list has changed, and "end" when the operator's own
// session has ended.
func (c *Console) follow(w http.ResponseWriter, r *http.Request) {
	operator := c.operators.From(r.Context()).Handle()
	s, ok := c.live.join(operator)
	if !ok {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "Too many pages are open already.", http.StatusServiceUnavailable)
		return
	}
	defer c.live.leave(s)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold the events back
	out := eventWriter{w, http.NewResponseController(w)}
	defer out.conn.SetWriteDeadline(time.Time{}) // the next answer on this connection has its own
	// A page that has lost its stream tries again after 2 seconds.
	if out.send("retry: 2000\n\n") == nil {
		c.tell(out, s, r.Context().Done())
	}
}

// tell writes events until the stream is over, its page has gone, or its operator's session has ended.
func (c *Console) tell(out eventWriter, s *stream, gone <-chan struct{}) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	changed, pause := s.changed, (<-chan time.Time)(nil)
	for {
		text := ""
		select {
		case <-gone:
			return
		case <-s.over:
			if s.signOut {
				_ = out.send("event: end\ndata: signed out\n\n") // it is over either way
			}
			return
		case <-pause:
			changed, pause = s.changed, nil
			continue
		case <-changed:
			text = "event: change\ndata: sessions\n\n"
			changed, pause = nil, time.After(tellEvery)
		case now := <-beat.C:
			if c.over(s.operator, now) {
				_ = out.send("event: end\ndata: signed out\n\n")
				return
			}
			text = ":\n\n"
		}
		if out.send(text) != nil {
			return
		}
	}
}

// over reports whether an operator's session has ended. No notice tells of an end by time.
func (c *Console) over(operator store.ID, now time.Time) bool {
	encoded, _ := c.records.Peek(operator, time.Now())
	head, ok := encoded.Head()
	return !ok || head.Over(now.UnixMicro())
}

// An eventWriter sends events at once.
type eventWriter struct {
	w    io.Writer
	conn *http.ResponseController
}

func (e eventWriter) send(text string) error {
	err := e.conn.SetWriteDeadline(time.Now().Add(sendLimit))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	return e.conn.Flush()
}
