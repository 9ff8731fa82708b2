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
	mu   sync.Mutex
	all  []*state.Drift
	says []*state.Inventory // what they compare with
}

// shows reports whether operators may see the values of a key: not if it is declared as a secret, or if there are
// declarations and none is of it. What was declared as a secret once is one until the program ends.
func (d *drifts) shows(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	declared := len(d.says) == 0
	for _, inv := range d.says {
		e, ok := inv.Lookup(state.KindSession, "", key)
		if ok && e.Sensitivity == state.Secret {
			return false
		}
		declared = declared || ok
	}
	return declared
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
	s.drifts.all, s.drifts.says = append(s.drifts.all, d), append(s.drifts.says, inv)
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
