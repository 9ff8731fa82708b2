package event

import "slices"

// Kind names what happened. Where the OWASP logging vocabulary has a word, it is that word.
type Kind string

// The kinds of events. Of Touched, Expired and Conflict one event tells several at once, in its Count.
const (
	Created          Kind = "session_created"                  // a visitor stored something, or a user signed in
	SignedIn         Kind = "authn_login_success"              // a user signed in
	SteppedUp        Kind = "authn_step_up"                    // a signed-in user proved again who they are
	Rotated          Kind = "session_renewed"                  // the browser has taken the next secret into use
	Recovered        Kind = "session_recovered"                // a browser lost its secret, and goes on with another
	Touched          Kind = "session_touched"                  // Count sessions were noted as used
	SignedOut        Kind = "session_logout"                   // the session was ended by its user
	Revoked          Kind = "session_revoked"                  // the session was ended from the server side
	Expired          Kind = "session_expired"                  // Count sessions were swept
	UsedExpired      Kind = "session_use_after_expire"         // a ticket came after its session's time
	Theft            Kind = "authn_token_reuse"                // a secret came that its browser had given up
	Forged           Kind = "session_ticket_forged"            // a ticket came that is malformed, or has a wrong secret
	Duplicate        Kind = "session_ticket_duplicate"         // a request had several cookies of the session's name
	Unknown          Kind = "session_ticket_unknown"           // a well-formed ticket came, and no session has it
	Limit            Kind = "excess_sessions_exceeded"         // a limit of session.Options was reached
	Conflict         Kind = "session_conflict"                 // Count saves met a concurrent change and were repeated
	Dropped          Kind = "session_changes_dropped"          // changes were dropped because the session had ended
	Undelivered      Kind = "session_ticket_undelivered"       // a new ticket could not be sent with the response
	StoreError       Kind = "session_store_error"              // the store failed
	KeyUnreadable    Kind = "session_key_unreadable"           // a stored value does not decode, and counts as none
	Cacheable        Kind = "session_response_made_uncachable" // a response with session data was to be shared
	Migrated         Kind = "session_migrated"                 // a session of another library has moved in
	CapabilityHidden Kind = "session_store_capability_hidden"  // a store hides an optional interface of another one
	ClockOff         Kind = "session_clock_off"                // nothing is swept or rotated: clocks disagree
	Bound            Kind = "session_bound"                    // the browser has a key for its session: package bound
	Unproven         Kind = "session_binding_missing"          // a request came without what its browser would show
	BindingSkipped   Kind = "session_binding_skipped"          // the browser says why it shows nothing
	ProofRefused     Kind = "session_proof_refused"            // the proof of a browser's key is no good
	PlainHTTP        Kind = "session_cookie_over_plain_http"   // a browser would drop the cookie; once a host
	Clash            Kind = "session_cookie_name_clash"        // another program on the host has the cookie's name
	CrossSite        Kind = "malicious_csrf"                   // another site made a visitor's browser send a request
	Consented        Kind = "consent_answered"                 // a visitor answered what may be kept: package state
	StateMalformed   Kind = "state_cookie_malformed"           // a declared cookie came that counts as absent

	// Package state: what is not as the inventory says. One event tells of several at once, in its Count.
	UndeclaredCookie Kind = "state_cookie_undeclared" // a response set a cookie that nobody declared
	UndeclaredKey    Kind = "state_key_undeclared"    // a key of the session was set that nobody declared
	DifferentCookie  Kind = "state_cookie_different"  // a response set a cookie otherwise than declared
	UnknownCookie    Kind = "state_cookie_unknown"    // a request brought a cookie that nobody declared
)

var kinds = []Kind{
	Created, SignedIn, SteppedUp, Rotated, Recovered, Touched, SignedOut, Revoked, Expired, UsedExpired, Theft, Forged,
	Duplicate, Unknown, Limit, Conflict, Dropped, Undelivered, StoreError, KeyUnreadable, Cacheable, Migrated,
	CapabilityHidden, ClockOff, Bound, Unproven, BindingSkipped, ProofRefused, PlainHTTP, Clash, CrossSite,
	Consented, StateMalformed,
	UndeclaredCookie, UndeclaredKey, DifferentCookie, UnknownCookie,
}

// Kinds returns all kinds, for those who count them from 0.
func Kinds() []Kind { return slices.Clone(kinds) }
