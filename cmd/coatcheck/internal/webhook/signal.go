package webhook

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Signals say how a receiver of shared signals is spoken to. Tokens are those of RFC 8417, pushed as RFC 8935 says.
type Signals struct {
	Issuer        string // the site's URL, under which receivers find the keys
	Audience      string // the receiver, as it calls itself
	Authorization string // the header of that name; empty for none. It is a secret

	// Sign signs claims as a token of type secevent+jwt.
	Sign func(claims any) (string, error)
}

// Format implements [fmt.Formatter], so that no verb prints the secret.
func (s *Signals) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "signals of "+s.Issuer+" for "+s.Audience)
}

func (s *Signals) same(other *Signals) bool {
	return s.Issuer == other.Issuer && s.Audience == other.Audience && s.Authorization == other.Authorization
}

// wants: a session that is over by its time, or goes on under another handle, is not revoked.
func (s *Signals) wants(m *notification) bool {
	switch m.Type {
	case SessionEnded:
		return m.Data.Cause == signedOut || m.Data.Cause == revoked
	case UserCutoff, EverybodyCutoff:
		return true
	}
	return false
}

// revokedEvent is the type of the one event of a token: CAEP 1.0, section 3.1.
const revokedEvent = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"

// A token is the claims of a security event token: RFC 8417, section 2.2.
type eventToken struct {
	Issuer   string                  `json:"iss"`
	Audience string                  `json:"aud"`
	ID       string                  `json:"jti"`
	IssuedAt int64                   `json:"iat"`
	Subject  signalSubject           `json:"sub_id"`
	Events   map[string]sessionEvent `json:"events"`
}

// A signalSubject names who is concerned: RFC 9493, and for a session of a user the complex subject of the Shared
// Signals Framework 1.0, section 3.
type signalSubject struct {
	Format  string         `json:"format"`
	ID      string         `json:"id,omitempty"`  // opaque
	Issuer  string         `json:"iss,omitempty"` // iss_sub
	User    string         `json:"sub,omitempty"` // iss_sub
	Session *signalSubject `json:"session,omitempty"`
	Of      *signalSubject `json:"user,omitempty"`
	Tenant  *signalSubject `json:"tenant,omitempty"`
}

// A sessionEvent is what CAEP 1.0 says of an event, in section 2.
type sessionEvent struct {
	At         int64             `json:"event_timestamp"`
	Initiating string            `json:"initiating_entity"`
	Reason     map[string]string `json:"reason_admin,omitempty"`
}

// token makes a token of the body of a message.
func (s *Signals) token(id string, body []byte, now time.Time) (string, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return "", err
	}
	e := sessionEvent{At: p.Timestamp.Unix(), Initiating: initiating(&p)}
	if p.Data.Reason != "" {
		e.Reason = map[string]string{"en": p.Data.Reason}
	}
	return s.Sign(eventToken{
		Issuer: s.Issuer, Audience: s.Audience, ID: id, IssuedAt: now.Unix(), Subject: s.subject(&p.Data),
		Events: map[string]sessionEvent{revokedEvent: e},
	})
}

func (s *Signals) subject(d *Data) signalSubject {
	user := signalSubject{Format: "iss_sub", Issuer: s.Issuer, User: d.User}
	session := signalSubject{Format: "opaque", ID: d.Session}
	switch {
	case d.Session != "" && d.User != "":
		return signalSubject{Format: "complex", Session: &session, Of: &user}
	case d.Session != "":
		return session
	case d.User != "":
		return user // all that this user has
	}
	return signalSubject{Format: "complex", Tenant: &signalSubject{Format: "opaque", ID: s.Issuer}}
}

// initiating says who has ended it, in the words of CAEP.
func initiating(p *payload) string {
	switch {
	case p.Data.Cause == signedOut, p.Data.Actor != "" && p.Data.Actor == p.Data.User:
		return "user"
	case p.Data.Actor != "":
		return "admin"
	case p.Type == EverybodyCutoff, p.Type == UserCutoff:
		return "system"
	}
	return "policy"
}
