package webhook

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"slices"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// The types of messages. They and the keys of [Data] are a contract with receivers: new ones may come, none changes.
const (
	SessionCreated   = "session.created"
	SessionSignedIn  = "session.signed_in"
	SessionSteppedUp = "session.stepped_up"
	SessionRenewed   = "session.renewed"
	SessionRecovered = "session.recovered"
	SessionBound     = "session.bound"
	SessionTheft     = "session.theft_suspected"
	SessionEnded     = "session.ended"
	UserCutoff       = "user.not_before"
	EverybodyCutoff  = "everybody.not_before"
	Gap              = "outbox.gap" // sent to every receiver, whatever kinds it asks for
)

// Kinds returns the types that a receiver can ask for.
func Kinds() []string {
	return []string{SessionCreated, SessionSignedIn, SessionSteppedUp, SessionRenewed, SessionRecovered, SessionBound,
		SessionTheft, SessionEnded, UserCutoff, EverybodyCutoff}
}

// Data is what a message says. What is empty is left out.
type Data struct {
	Session string `json:"session,omitempty"` // the public handle
	Next    string `json:"next,omitempty"`    // the handle of the session that has replaced it
	User    string `json:"user,omitempty"`
	Address string `json:"address,omitempty"` // of the client
	Actor   string `json:"actor,omitempty"`   // who did it, if not the user
	Reason  string `json:"reason,omitempty"`
	Cause   string `json:"cause,omitempty"` // of an end: signed_out, revoked, expired, replaced

	// Of a gap: events from Since until Until may be missing, at least Count of them if that is known.
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	Count int        `json:"count,omitempty"`
}

// The causes of an end.
const (
	signedOut = "signed_out"
	revoked   = "revoked"
	expired   = "expired"
	replaced  = "replaced"
)

// A payload is the body of a request: Standard Webhooks, payload structure.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// A notification is one event on its way into the outbox.
type notification struct {
	id      string
	subject string // what it is about: messages about the same are sent one after the other
	payload
}

func newNotification(kind, subject string, at time.Time, data Data) notification {
	return notification{"msg_" + rand.Text(), subject, payload{kind, at.UTC().Truncate(time.Microsecond), data}}
}

// body is what is kept, sent and signed.
func (m *notification) body() ([]byte, error) { return json.Marshal(m.payload) }

// typeOf names what receivers hear of.
var typeOf = map[event.Kind]string{
	event.Created: SessionCreated, event.SignedIn: SessionSignedIn, event.SteppedUp: SessionSteppedUp,
	event.Rotated: SessionRenewed, event.Recovered: SessionRecovered, event.Bound: SessionBound,
	event.Theft: SessionTheft, event.SignedOut: SessionEnded, event.Revoked: SessionEnded,
	event.Migrated: SessionCreated,
}

// ofEvent returns the message that tells of an event, if receivers hear of such.
func ofEvent(e *event.Event) (notification, bool) {
	kind, ok := typeOf[e.Kind]
	if !ok {
		return notification{}, false
	}
	data := Data{User: e.User, Address: e.Address, Actor: e.Actor, Reason: e.Reason}
	switch e.Kind {
	case event.SignedOut:
		data.Cause = signedOut
	case event.Revoked:
		data.Cause = revoked
	case event.Migrated:
		data.Reason = "migrated"
	}
	switch {
	case !e.Handle.IsZero():
		data.Session = e.Handle.String()
		return newNotification(kind, data.Session, e.At, data), true
	case e.Kind != event.Revoked:
		return notification{}, false
	case e.User != "":
		data.Cause = ""
		return newNotification(UserCutoff, "user "+e.User, e.At, data), true
	}
	data.Cause = ""
	return newNotification(EverybodyCutoff, "everybody", e.At, data), true
}

// ofNotice returns the message that tells of an end that is no event: by time, or because another session has taken its
// place. The store tells it to every node, and each node gives it the same ID.
func ofNotice(n *store.Notice, now time.Time) (notification, bool) {
	data := Data{Session: n.ID.String(), User: n.User}
	switch n.Kind {
	case store.Swept:
		data.Cause = expired
	case store.Replaced:
		data.Cause = replaced
		if !n.By.IsZero() {
			data.Next = n.By.String()
		}
	default:
		return notification{}, false
	}
	m := newNotification(SessionEnded, data.Session, now, data)
	sum := sha256.Sum256([]byte(data.Cause + " " + data.Session))
	m.id = "msg_" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16])
	return m, true
}

// gap tells that something may be missing.
func gap(since, until time.Time, count int, reason string) notification {
	since, until = since.UTC().Truncate(time.Millisecond), until.UTC().Truncate(time.Millisecond)
	return newNotification(Gap, "gap", until, Data{Since: &since, Until: &until, Count: count, Reason: reason})
}

// wants reports whether a receiver is to hear of a message.
func (r *Receiver) wants(m *notification) bool {
	if r.Signals != nil {
		return r.Signals.wants(m)
	}
	return m.Type == Gap || len(r.Kinds) == 0 || slices.Contains(r.Kinds, m.Type)
}
