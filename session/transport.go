package session

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
)

// ticketHeader carries new tickets to programs that have no cookies; empty, it tells them to forget the one they have.
const ticketHeader = "Session-Ticket"

// shown is what a request has where its ticket should be.
type shown struct {
	text   string
	n      int  // how many there are; text is the first
	bearer bool // in the header for programs, not in the cookie

	claim
	valid bool // there is one, and it is the text of a ticket
}

// shown finds the ticket of a request.
func (m *Manager) shown(r *http.Request) (f shown) {
	if m.opts.Header != nil && m.opts.Header(r) {
		f.text, f.n = bearer(r.Header["Authorization"])
		f.bearer = true
	} else if header := r.Header["Cookie"]; len(header) > 0 {
		f.text, f.n = cookie.Lookup(header, m.opts.Cookie)
	}
	if f.n != 1 {
		return f
	}
	var t ticket
	if t, f.valid = parseTicket(f.text); f.valid {
		f.claim = t.claim()
	}
	return f
}

// bearer returns the token of RFC 6750, section 2.1, and how many there are. Other schemes are somebody else's.
func bearer(header []string) (token string, n int) {
	for _, line := range header {
		scheme, rest, ok := strings.Cut(line, " ")
		if ok && strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimLeft(rest, " ")
			n++
		}
	}
	return token, n
}

// announce writes the new ticket into the response's header, or takes the old one away.
func (s *Session) announce(header http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cookie == cookieOffer && !s.takeSuccessor() {
		s.cookie = cookieKeep
	}
	if s.cookie == cookieKeep {
		return
	}
	gone := s.cookie == cookieDelete
	s.cookie = cookieKeep
	s.dropOldCookie(header)
	switch {
	case s.response.bearer && gone:
		header.Set(ticketHeader, "")
	case s.response.bearer:
		header.Set(ticketHeader, s.ticket.expose())
	case gone:
		s.setCookie(header, s.m.opts.cookie("", 0).Deletion())
	default:
		s.setCookie(header, s.m.opts.cookie(s.ticket.expose(), s.cookieLifetime(time.Now())))
	}
}

func (s *Session) setCookie(header http.Header, c *cookie.Cookie) {
	if err := cookie.Set(header, c); err != nil {
		// Options.Check has tried this cookie, so only a session that ends within the second comes here.
		s.emit(event.Event{Kind: event.Undelivered, Err: fmt.Errorf("session: write cookie: %w", err)})
	}
}

// cookieLifetime is how long the browser is to keep the cookie: as long as the session can last if the user wants to
// be remembered, and until the browser closes otherwise. It is for convenience only; the record is what ends a session.
func (s *Session) cookieLifetime(now time.Time) time.Duration {
	if !s.record.Remember {
		return 0
	}
	left := s.record.ExpiresAt.Sub(now)
	return max(left.Round(time.Second), time.Second)
}

// varyOn is the line for Vary with the request header that a response depends on.
func (s *Session) varyOn() []string {
	if s.response.bearer {
		return varyAuthorization
	}
	return varyCookie
}
