package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
)

// drifts are the comparisons that the program has begun. They stay when the configuration changes, because what they
// have counted does.
type drifts struct {
	mu  sync.Mutex
	all []*state.Drift
}

func (d *drifts) counts() map[event.Kind]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	sum := state.NewDrift(state.NewInventory(), state.DriftOptions{}).Counts()
	for _, one := range d.all {
		for kind, n := range one.Counts() {
			sum[kind] += n
		}
	}
	return sum
}

// compare begins a comparison. Other cookies of the same host are not the site's.
func (s *server) compare(inv *state.Inventory, others []string) *state.Drift {
	d := state.NewDrift(inv, state.DriftOptions{
		Events: s.events, Ignore: append([]string{console.Cookie, console.InsecureCookie}, others...),
	})
	s.drifts.mu.Lock()
	defer s.drifts.mu.Unlock()
	s.drifts.all = append(s.drifts.all, d)
	return d
}

// appInventory reads what the app of a site declares. It adds the cookies of the gate itself, unless the file has them.
func appInventory(s *config.Site, o session.Options) (*state.Inventory, error) {
	inv, err := readInventory(context.Background(), s.Inventory)
	if err != nil {
		return nil, fmt.Errorf("inventory %s: %w", s.Inventory, err)
	}
	if _, ok := inv.Lookup(state.KindCookie, "", o.Cookie); !ok {
		inv.Declare(state.Ticket(o))
	}
	if o.Guard != nil {
		withBound(inv)
	}
	return inv, nil
}

// withBound declares the cookie of package bound, unless somebody has.
func withBound(inv *state.Inventory) {
	const name = "__Host-session-bound"
	if _, ok := inv.Lookup(state.KindCookie, "", name); !ok {
		inv.Declare(state.Entry{
			Name: name, Place: state.InTicketCookie, Purpose: state.Essential, Lifetime: 24 * time.Hour,
			Description:  "shows that the session is still on the device where it began",
			Translations: map[string]string{"de": "zeigt, dass die Sitzung noch auf dem Gerät ist, auf dem sie begann"},
		})
	}
}
