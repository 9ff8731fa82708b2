// Package event tells observers what happens to sessions and to forged requests.
//
//	events := event.NewQueue(event.LogEvents(slog.Default()), count)
//	sessions := session.New(store, session.Options{Events: events})
//	guard := csrf.New(csrf.Options{Events: events})
//
// An [Event] names its [Kind], and says when, for whom and from where it happened. It never holds a secret. [Kinds] is
// the list of all kinds.
//
// # Concurrency
//
// There is one rule. A [Queue] tells each of its [Observer] functions one event at a time, in the order in which they
// were sent, on a goroutine of the observer's own. An observer may therefore be slow, may block and may use the session
// manager. It never delays a request. An observer that falls 16,384 events behind loses further ones, and [Queue.Lost]
// counts them. Several managers and guards may share a queue. An observer that is given to two queues hears from two
// goroutines.
//
// # Addresses
//
// [ClientAddress] finds the client's address behind trusted proxies. The addresses in events and in session lists come
// from it.
package event
