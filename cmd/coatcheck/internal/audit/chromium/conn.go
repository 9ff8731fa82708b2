package chromium

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// ErrGone says that a target, or the whole browser, is no more.
var ErrGone = errors.New("the browser, or the page in it, is gone")

// An Event is what the browser tells without having been asked.
type Event struct {
	Session *Session
	Method  string
	message *cdproto.Message
}

// Decode returns the event as package cdproto has it.
func (e *Event) Decode() (any, error) {
	return cdproto.UnmarshalMessage(e.message, chromedp.DefaultUnmarshalOptions)
}

// conn routes the messages of all sessions through one pipe.
type conn struct {
	pipe  chromedp.Transport
	event func(Event)

	mu       sync.Mutex
	next     int64
	pending  map[int64]pending
	sessions map[target.SessionID]*Session
	gone     bool
}

// pending is a call that waits for its reply.
type pending struct {
	session *Session
	reply   chan *cdproto.Message // closed without a reply when the session is gone
}

func newConn(pipe chromedp.Transport, event func(Event)) *conn {
	c := &conn{pipe: pipe, event: event, pending: map[int64]pending{}, sessions: map[target.SessionID]*Session{}}
	c.sessions[""] = &Session{conn: c}
	return c
}

// Root is the session of the browser itself.
func (c *conn) Root() *Session { return c.sessions[""] } // nobody changes that entry

// read reads until the pipe ends.
func (c *conn) read() {
	for {
		m := new(cdproto.Message)
		if err := c.pipe.Read(context.Background(), m); err != nil {
			break
		}
		if m.ID != 0 {
			c.answer(m)
			continue
		}
		c.tell(m)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for id, p := range c.pending {
		close(p.reply)
		delete(c.pending, id)
	}
}

func (c *conn) answer(m *cdproto.Message) {
	c.mu.Lock()
	p, ok := c.pending[m.ID]
	delete(c.pending, m.ID)
	c.mu.Unlock()
	if ok {
		p.reply <- m // it has room
	}
}

// tell keeps the list of sessions, and hands the event on.
func (c *conn) tell(m *cdproto.Message) {
	c.mu.Lock()
	session := c.sessions[m.SessionID]
	c.mu.Unlock()
	if session == nil {
		return // it has just been detached
	}
	switch m.Method {
	case cdproto.MethodType(target.AttachedToTarget.Method):
		var e target.EventAttachedToTarget
		if jsonv2.Unmarshal(m.Params, &e, chromedp.DefaultUnmarshalOptions) != nil || e.TargetInfo == nil {
			return
		}
		c.mu.Lock()
		c.sessions[e.SessionID] = &Session{conn: c, id: e.SessionID, parent: session, Target: *e.TargetInfo}
		c.mu.Unlock()
	case cdproto.MethodType(target.DetachedFromTarget.Method):
		var e target.EventDetachedFromTarget
		if jsonv2.Unmarshal(m.Params, &e, chromedp.DefaultUnmarshalOptions) == nil {
			c.detach(e.SessionID)
		}
	}
	if c.event != nil {
		c.event(Event{session, string(m.Method), m})
	}
}

func (c *conn) detach(id target.SessionID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	session := c.sessions[id]
	delete(c.sessions, id)
	for n, p := range c.pending {
		if p.session == session {
			close(p.reply)
			delete(c.pending, n)
		}
	}
}

// Session returns an attached session.
func (c *conn) Session(id target.SessionID) (*Session, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sessions[id]
	return s, ok
}

// Sessions returns those of all targets that are attached now, in no order.
func (c *conn) Sessions() []*Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*Session
	for id, s := range c.sessions {
		if id != "" {
			list = append(list, s)
		}
	}
	return list
}

// send writes a command. Commands reach the browser in the order of the calls of one goroutine.
func (c *conn) send(s *Session, method string, params any) (id int64, reply chan *cdproto.Message, err error) {
	m := &cdproto.Message{SessionID: s.id, Method: cdproto.MethodType(method)}
	if params != nil {
		if m.Params, err = jsonv2.Marshal(params, chromedp.DefaultMarshalOptions); err != nil {
			return 0, nil, fmt.Errorf("%s: %w", method, err)
		}
	}
	reply = make(chan *cdproto.Message, 1)
	c.mu.Lock()
	if c.gone || c.sessions[s.id] != s {
		c.mu.Unlock()
		return 0, nil, ErrGone
	}
	c.next++
	m.ID = c.next
	c.pending[m.ID] = pending{s, reply}
	c.mu.Unlock()
	if err := c.pipe.Write(context.Background(), m); err != nil {
		c.forget(m.ID)
		return 0, nil, ErrGone
	}
	return m.ID, reply, nil
}

func (c *conn) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}
