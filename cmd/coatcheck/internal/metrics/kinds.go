package metrics

import "coatcheck.dev/session"

// kinds are all kinds of events, to be counted from 0.
var kinds = []session.Kind{
	session.EventCreated, session.EventSignedIn, session.EventSteppedUp, session.EventRotated, session.EventTouched,
	session.EventSignedOut, session.EventRevoked, session.EventExpired, session.EventUsedExpired, session.EventTheft,
	session.EventForged, session.EventDuplicate, session.EventUnknown, session.EventLimit, session.EventConflict,
	session.EventDropped, session.EventUndelivered, session.EventStoreError, session.EventKeyUnreadable,
	session.EventCacheable,
}
