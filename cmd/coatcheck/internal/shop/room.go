package shop

import (
	"net/http"
	"strings"

	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store"
)

// A room is what a visitor has, by who keeps it.
type room struct {
	Ticket           string // the public part, "" for a visitor who has none
	Agreed           bool   // to being reminded of what they looked at
	Browser, Counter []belonging
}

// A belonging is something that is kept for the visitor, or could be.
type belonging struct {
	state.Entry
	Value string // "" if nothing is kept
}

// roomOf goes through the inventory, so that what is declared is what is shown.
func roomOf(r *http.Request) room {
	visitor := session.From(r.Context())
	values := map[string]string{
		Theme.Name():  Theme.Get(r),
		Recent.Name(): strings.Join(Recent.Get(r), ", "),
	}
	room := room{Agreed: Consent.Allows(r, state.Personalization)}
	switch {
	case room.Agreed:
		values[Consent.Name()] = "yes"
	case Consent.Answered(r):
		values[Consent.Name()] = "no"
	}
	for key, value := range visitor.Values() {
		values[key] = string(value)
	}
	if info, ok := visitor.Info(); ok {
		room.Ticket = number(info.Handle)
	}
	for _, e := range Inventory.Entries() {
		switch e.Place {
		case state.InTicketCookie: // shown as a ticket
		case state.InSession:
			room.Counter = append(room.Counter, belonging{e, values[e.Name]})
		default:
			room.Browser = append(room.Browser, belonging{e, values[e.Name]})
		}
	}
	return room
}

// number shortens a handle to what people compare: the console shows the same characters.
func number(h store.ID) string { return h.String()[:6] }
