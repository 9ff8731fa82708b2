package event

import (
	"time"

	"coatcheck.dev/store"
)

// An Event tells of something that happened. It never holds a secret: the handle is public.
type Event struct {
	Kind    Kind
	At      time.Time
	Handle  store.ID  // the session's; zero if no session is concerned
	Was     store.ID  // the handle that it had until now, if a sign-in or step-up has given it a new one
	User    string    // who is signed in, if anybody is
	Address string    // of the client, if there is a request, or of the actor: see session.WithActorAddress
	Actor   string    // who did it, if not the session's own user: see session.WithActor
	Reason  string    // why, in a few words
	Key     string    // the session key or cookie concerned, for the kinds that concern one
	Before  time.Time // what began then or earlier has ended, if one mark ends it; zero otherwise
	Count   int       // how many, for the kinds that come in batches
	Err     error     // what failed, for the kinds that are failures
	Request *Request  // the one that another site forged, for CrossSite alone
	Consent *Consent  // the answer, for Consented alone
}

// A Request is one that another site made a visitor's browser send, or may have. The client wrote all of it but
// Refused; every text is cut to 256 bytes.
type Request struct {
	Method  string
	Host    string // that the request was for
	Path    string
	Origin  string // header
	Site    string // header Sec-Fetch-Site
	Refused bool   // false where package csrf is told to report only
}

// A Consent is a visitor's answer about what may be kept. It has nothing by which to tell the visitor: such an event
// has no session, user or address, and its time is rounded down to the minute.
type Consent struct {
	Version   string   // of what the visitor was asked
	Agreed    []string // purposes
	Refused   []string // purposes
	Withdrawn []string // those of Refused that an earlier answer had agreed to
	GPC       bool     // whether the browser said no by Sec-GPC
}
