// Package metrics counts for Prometheus what happens to sessions.
//
//	coatcheck_session_events_total{kind="…"}   events, by their names in the OWASP logging vocabulary
//	coatcheck_session_events_lost_total        events that an observer was too slow for: other counts may be too low
//	coatcheck_history_lost_total               entries of the history that could not be kept
//	coatcheck_sessions                         sessions in the store, expired ones until they are swept
//	coatcheck_store_errors_total               store calls that failed, or were not made because the store fails
//	coatcheck_near_…                           what the cache in front of the store does: see docs/operations.md
//	coatcheck_requests_total{route,class}      requests of the site, and coatcheck_request_seconds{route}
//	coatcheck_build_info{version,goversion}    always 1
//	go_…, process_…                            the Go collectors of Prometheus
//
// Every kind of event is there from the start, with 0, so that the rate of a rare one can be queried. Of some kinds
// (session_touched, session_expired, session_conflict) one event stands for several; each of the several counts.
//
// The store is asked for the number of sessions at most every 10 seconds, however many scrape. While it does not
// answer, coatcheck_sessions is left out, and coatcheck_store_errors_total says why.
//
// The program serves the metrics on the console's port to whoever has the console's token. Prometheus can read the
// token's file itself:
//
//   - job_name: coatcheck
//     authorization: {credentials_file: /var/lib/coatcheck/console-token}
//     static_configs: [{targets: ["localhost:8081"]}]
//
// Nothing here names a user, a session or an address. People may read metrics who must not know who is there, and
// labels that a client chooses would grow without bound.
package metrics
