// Package watch tells services, over HTTP, which sessions have ended or changed, so that they can keep answers of the
// session API for a time that is known.
//
// The stream is one of server-sent events. Each has a JSON object; what is empty is left out:
//
//	hello       {"lease_ms":5000,"resumed":false}   it begins; unless resumed, drop all that you keep
//	ended       {"handle":"…","user":"ada","reason":"…","at":"…"}
//	user_ended  {"user":"ada","at":"…"}             drop what you keep of this user
//	not_before  {"user":"ada","before":"…","at":"…"}  drop what you keep of this user, or all without a user
//	changed     {"handle":"…","user":"ada","at":"…"}  its values, or its end; drop what you keep of it
//	resync      {"reason":"…"}                      something may be missing: drop all that you keep
//	beat        {"upto_ms":12345}                   about once a second
//	bye         {"reason":"…"}                      it ends
//
// The reason of an end is "ended" (by sign-out, by an operator, by a service), "replaced" (by sign-in or step-up;
// "next" is then the new handle, if it is known) or "expired". Who did it is in the log of events. Ends by other nodes
// are told as well, as fast as the store's feed. The user is told if this node has heard of the session's beginning;
// the handle always is.
//
// # What a service may keep
//
// Everything that was durable until upto_ms after the request for the stream began has been told when a beat comes. So
// a service that has noted by its own clock when it sent that request, begun, believes what it keeps until
//
//	begun + upto_ms + lease_ms
//
// of the latest beat, and asks again after that. It needs no clock but its own, and a beat that was long on its way, or
// read late, does not count for more than it is worth. A session that was ended is accepted for the lease at most: the
// stream may be cut, the node gone, the service slow.
//
// Three rules make that whole. An answer is not kept if its session is among those told as ended or changed within a
// lease: it may have been on its way. It is not kept either if it was asked for within a lease after a hello that has
// not resumed, or a resync: another node may have given it that had not heard of an end which this stream tells no
// more. And what is kept ends by itself after its own idle_seconds and seconds, because time is not told.
//
// # Bounds
//
// The last 8,192 events are kept for all streams together. The header Last-Event-ID, which clients of server-sent
// events send by themselves, resumes after an event that is still among them; otherwise there is a resync. So it is for
// a stream that reads too slowly: it is never waited for, and never has a buffer of its own. After a restart of the
// node no event is known. There are at most 256 streams.
package watch
