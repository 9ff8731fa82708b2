package state

import (
	"coatcheck.dev/event"
)

// SendTo tells a queue of consent receipts, and of cookies that are malformed. Call it once, before the first request.
func (inv *Inventory) SendTo(events *event.Queue) { inv.events.Store(events) }

// Malformed returns how often a declared cookie was read that is there and counts as absent: malformed, cut off,
// forged, expired, too large or duplicated.
func (inv *Inventory) Malformed() uint64 { return inv.malformed.Load() }

func (inv *Inventory) countMalformed(name string) {
	inv.malformed.Add(1)
	inv.events.Load().Send(event.Event{Kind: event.StateMalformed, Key: name})
}
