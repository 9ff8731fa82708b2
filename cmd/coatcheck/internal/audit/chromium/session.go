package chromium

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// A Session is a connection to one target. It is a [cdp.Session] without subscriptions: events go to Options.Event.
type Session struct {
	Target target.Info // as it was when it was attached; that of the browser is empty

	conn   *conn
	id     target.SessionID
	parent *Session
}

// ID returns the session's ID; that of the browser is empty.
func (s *Session) ID() target.SessionID { return s.id }

// Parent returns the session whose page has the frame or started the worker. The browser has none.
func (s *Session) Parent() *Session { return s.parent }

// Call sends a command and waits for its result. ErrGone says that nobody is there to answer.
func (s *Session) Call(ctx context.Context, method string, params, result any) error {
	id, reply, err := s.conn.send(s, method, params)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		s.conn.forget(id)
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case m, ok := <-reply:
		switch {
		case !ok:
			return ErrGone
		case m.Error != nil:
			return fmt.Errorf("%s: %w", method, m.Error)
		case result == nil:
			return nil
		}
		if err := jsonv2.Unmarshal(m.Result, result, chromedp.DefaultUnmarshalOptions); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		return nil
	}
}

// Send sends a command and does not wait for its result.
func (s *Session) Send(method string, params any) {
	_, _, _ = s.conn.send(s, method, params) // who is gone needs no command
}

// Subscribe is here for the interface: its channel has no events.
func (s *Session) Subscribe(string) (<-chan jsonv2.Value, func()) {
	none := make(chan jsonv2.Value)
	close(none)
	return none, func() {}
}

// Child returns the session of a target that was attached through this one or another of the same browser.
func (s *Session) Child(id target.SessionID) (*Session, bool) { return s.conn.Session(id) }
