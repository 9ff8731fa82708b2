package watch

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"coatcheck.dev/internal/visible"
)

// sendLimit is for one write to a service that does not read.
const sendLimit = 10 * time.Second

// A follower is the connection of one service.
type follower struct {
	hub   *Hub
	w     io.Writer
	conn  *http.ResponseController
	began time.Time
	beat  time.Time // what the last beat has told
}

// Serve writes the stream until the service has gone, the hub is closed, or good returns false: it is asked about once
// a second whether the service may still have it. It returns false, and has written nothing, if there are too many
// streams.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, good func() bool) bool {
	s := follower{hub: h, w: w, conn: http.NewResponseController(w), began: time.Now()}
	after := r.Header["Last-Event-Id"]
	if len(after) != 1 {
		after = []string{""}
	}
	woken, from, found, ok := h.join(after[0])
	if !ok {
		return false
	}
	defer h.leave(woken)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold the events back
	if r.Method == http.MethodHead {
		return true // a stream without a body would have no end either
	}
	defer s.conn.SetWriteDeadline(time.Time{})
	err := s.send("retry: 1000\n\n" + h.id(from-1) + event("hello", hello{h.lease.Milliseconds(), found}))
	if err == nil && after[0] != "" && !found {
		err = s.send(event("resync", why{"the last event is not known any more"}))
	}
	if err == nil {
		_ = s.tell(r, woken, from, good) // what fails is the connection
	}
	return true
}

type hello struct {
	Lease   int64 `json:"lease_ms"`
	Resumed bool  `json:"resumed"`
}

type beat struct {
	UpTo int64 `json:"upto_ms"`
}

// tell writes events and beats.
func (s *follower) tell(r *http.Request, woken <-chan struct{}, from uint64, good func() bool) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		var b batch
		b, from = s.hub.take(from)
		if err := s.write(&b); err != nil {
			return err
		}
		switch {
		case b.closing:
			return s.send(event("bye", why{"the node stops"}))
		case len(b.events) == maxBatch:
			continue
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-woken:
		case <-tick.C:
			if !good() {
				return s.send(event("bye", why{"the key was retired"}))
			}
		}
	}
}

// write writes a batch. Its beat comes last, and not more often than it has to.
func (s *follower) write(b *batch) error {
	text := ""
	if b.missed {
		text = event("resync", why{"the stream was read too slowly"})
	}
	for i, e := range b.events {
		text += s.hub.id(b.first+uint64(i)) + event(e.name, e.data)
	}
	if b.upto.After(s.began) && b.upto.Sub(s.beat) >= beatEvery/2 {
		s.beat = b.upto
		text += event("beat", beat{b.upto.Sub(s.began).Milliseconds()})
	}
	if text == "" {
		return nil
	}
	return s.send(text)
}

// id is the line by which a service resumes after an event.
func (h *Hub) id(seq uint64) string {
	return "id: " + h.epoch + "." + strconv.FormatUint(seq, 10) + "\n"
}

// event is the text of an event. What it has is our own, so it marshals; what is unseen in names is escaped.
func event(name string, data any) string {
	text, _ := json.Marshal(data)
	return "event: " + name + "\ndata: " + string(visible.JSON(text)) + "\n\n"
}

// send writes a text at once.
func (s *follower) send(text string) error {
	err := s.conn.SetWriteDeadline(time.Now().Add(sendLimit))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.conn.Flush()
}
