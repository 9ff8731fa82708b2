package shop

import (
	"net/http"
	"strings"

	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store"
)

// whereabouts lists what is kept for a visitor, by place.
type whereabouts struct {
	Ticket           string // the public part, "" for a visitor who has none
	Agreed           bool   // to recently viewed goods
	Browser, Counter []thing
}

// A thing is one entry of the inventory, with its value for the visitor.
type thing struct {
	state.Entry
	Value string // "" if nothing is kept
}

// whereaboutsOf goes through the inventory, so that it shows what is declared.
func (s *shop) whereaboutsOf(r *http.Request) whereabouts {
	visitor := session.From(r.Context())
	values := map[string]string{
		s.kept.theme.Name():  s.kept.theme.Get(r),
		s.kept.recent.Name(): strings.Join(s.kept.recent.Get(r), ", "),
	}
	all := whereabouts{Agreed: s.kept.consent.Allows(r, state.Personalization)}
	switch {
	case all.Agreed:
		values[s.kept.consent.Name()] = "yes"
	case s.kept.consent.Answered(r):
		values[s.kept.consent.Name()] = "no"
	}
	for key, value := range visitor.Values() {
		values[key] = string(value)
	}
	if info, ok := visitor.Info(); ok {
		all.Ticket = number(info.Handle)
	}
	for _, e := range s.kept.Entries() {
		switch e.Place {
		case state.InTicketCookie: // shown as a ticket
		case state.InSession:
			all.Counter = append(all.Counter, thing{e, values[e.Name]})
		default:
			all.Browser = append(all.Browser, thing{e, values[e.Name]})
		}
	}
	return all
}

// number shortens a handle to what people compare. The console shows the same characters.
func number(h store.ID) string { return h.String()[:6] }
