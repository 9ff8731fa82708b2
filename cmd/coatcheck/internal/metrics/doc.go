// Package metrics counts for Prometheus what happens to sessions.
//
//	coatcheck_session_events_total{kind="…"}   events, by their names in the OWASP logging vocabulary
//	coatcheck_session_events_lost_total        events that an observer was too slow for; what is counted here may be fewer then
//	coatcheck_sessions                         sessions in the store; those whose time is over until they are swept
//	coatcheck_store_errors_total               calls to the store that failed, or were not made since it fails
//	coatcheck_near_…                           what a cache in front of the store does: see docs/operations.md
//	coatcheck_build_info{version,goversion}    always 1
//	go_…, process_…                            what the Go collectors of Prometheus tell of any program
//
// Every kind is there from the start, with 0, so that a rate of something rare can be asked for. Kinds of which one
// event tells several at once (session_touched, session_expired, session_conflict) count each of the several.
//
// The store is asked for the number of sessions at most every 10 seconds, however many scrape. While it does not
// answer, coatcheck_sessions is left out rather than guessed; coatcheck_store_errors_total says why.
//
// The program serves them on the console's port to whoever has the console's token, whose file Prometheus can read
// itself:
//
//   - job_name: coatcheck
//     authorization: {credentials_file: /var/lib/coatcheck/console-token}
//     static_configs: [{targets: ["localhost:8081"]}]
//
// Nothing here names a user, a session or an address: whoever may read metrics need not be allowed to know who is
// there, and labels of a client's choosing would grow without bound.
package metrics
