// Package webhook pushes what happens to sessions to other systems: as Standard Webhooks, and as shared signals.
//
//	crm := webhook.Receiver{Name: "crm", URL: "https://crm.example/hooks", Secrets: secrets}
//	outbox, err := webhook.Open(ctx, webhook.Options{File: folder.WebhooksPath(), Log: log}, crm)
//	events.Tap(outbox.Observe)
//	unfeed := store.Subscribe(outbox.Notice)
//
// A request is a POST with a JSON object of type, timestamp and data ([Data]), and the headers webhook-id,
// webhook-timestamp and webhook-signature (https://www.standardwebhooks.com). Any 2xx is the receipt.
//
// # What is promised
//
// What is in the outbox, a database of its own, is sent at least once: again and again for three days, whether the
// program was killed meanwhile or not. Then it is dead: it is kept for 30 days, shown and counted, and can be sent
// again or dropped. A message keeps its webhook-id through all of that, so a receiver can tell what it has had already.
//
// Messages about one session are sent in the order in which they happened, each after the one before is received, dead
// or dropped. Those about other sessions go on meanwhile.
//
// An event is in the outbox, on the disk, within moments: all that has come since the last commit is in the next one.
// No request waits for that, and the session store has committed before. So what happened in these moments is lost to
// the outbox when the machine or the process dies; and if the disk takes nothing for so long that 65,536 events wait in
// memory, later ones are lost as well. Neither is silent: the next message to every receiver is then an outbox.gap with
// the time in which something may be missing. Whoever must know all asks the session API then what is alive. A program
// that is stopped loses nothing.
//
// Each node sends what happened at it. Ends by time and by replacement are told by the store to all nodes; each sends
// them, with the same webhook-id.
//
// # Bounds
//
// Everything sent stays for a week, so that it can be replayed from a time, but 1,000,000 messages at most. If more
// than that wait for a receiver, the oldest are dropped, counted, logged, and a gap is told. Of a receiver at most 16
// requests are under way, and one while it fails. An answer is read for 4 KiB, and no redirect is followed. A receiver
// that answers 410 Gone is switched off until somebody switches it on or gives it another URL; what happened meanwhile
// is sent then, as far as it is still kept.
package webhook
