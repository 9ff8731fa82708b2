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
	Browser, Counter []thing
}

// A thing is one entry of the inventory, with its value for the visitor.
type thing struct {
	state.Entry
	Value string // "" if nothing is kept
}

// whereaboutsOf goes through the inventory, so that it shows what is declared.
func (s *shop) whereaboutsOf(w http.ResponseWriter, r *http.Request) whereabouts {
	visitor := session.From(r.Context())
	values := map[string]string{
		s.kept.preferences.Name(): s.choices(w, r),
		s.kept.consent.Name():     s.answer(r),
		s.kept.poster.Name():      s.kept.poster.Get(r),
	}
	values[s.kept.recent.Name()], _ = s.kept.recent.Get(r)
	values[s.kept.visitors.Name()], _ = s.kept.visitors.Get(r)
	all := whereabouts{}
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

// choices are what the visitor has chosen, in words.
func (s *shop) choices(w http.ResponseWriter, r *http.Request) string {
	var all []string
	if theme, chosen := s.kept.theme.Lookup(w, r); chosen {
		all = append(all, theme)
	}
	if tag, chosen := s.kept.language.Lookup(w, r); chosen {
		all = append(all, tag.String())
	}
	return strings.Join(all, ", ")
}

// answer is what the visitor has agreed to, in words.
func (s *shop) answer(r *http.Request) string {
	a, ok := s.kept.consent.Answer(r)
	if !ok {
		return ""
	}
	if len(a.Agreed) == 0 {
		return "no"
	}
	var all []string
	for _, p := range a.Agreed {
		all = append(all, string(p))
	}
	return strings.Join(all, ", ")
}

// number shortens a handle to what people compare. The console shows the same characters.
func number(h store.ID) string { return h.String()[:6] }

// In returns the thing with its description in a language.
func (t thing) In(language string) thing {
	t.Description = t.DescriptionIn(language)
	return t
}
