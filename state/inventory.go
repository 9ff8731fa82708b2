package state

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"coatcheck.dev/seal"
)

// An Inventory lists everything that an application keeps for its visitors. Its methods are safe for concurrent use.
type Inventory struct {
	mu      sync.Mutex
	entries []Entry
	keys    atomic.Pointer[seal.Ring]
}

// NewInventory returns an empty inventory.
func NewInventory() *Inventory { return &Inventory{} }

// An Entry describes one cookie or one key of the session.
type Entry struct {
	Name        string        `json:"name"` // in the browser, with its prefix, or in the session
	Place       Place         `json:"place"`
	Purpose     Purpose       `json:"purpose"`
	Lifetime    time.Duration `json:"-"` // 0: until the browser closes, or as long as the session
	Description string        `json:"description"`
}

// A Place is where something lives.
type Place string

// The places.
const (
	InCookie       Place = "cookie"        // in the browser; the visitor can read and change it
	InSignedCookie Place = "signed cookie" // in the browser; the visitor can read it, and not change it
	InSealedCookie Place = "sealed cookie" // in the browser; the visitor can neither read nor change it
	InTicketCookie Place = "ticket cookie" // in the browser, but meaningless there: it finds the session
	InSession      Place = "session"       // on the server
)

// ControlledBy returns who decides on the value: "visitor" or "server".
func (p Place) ControlledBy() string {
	if p == InCookie {
		return "visitor"
	}
	return "server"
}

// A Purpose is a reason for keeping something. Purposes other than the constants are possible, and need consent.
type Purpose string

// The purposes. The first two need no consent: they serve something that the visitor asked for (ePrivacy Directive,
// article 5(3); Working Party 29, opinion 04/2012).
const (
	Essential       Purpose = "essential"       // the site does not work without it: sign-in, cart, consent itself
	Preference      Purpose = "preference"      // chosen by the visitor and used for nothing else: language, theme
	Personalization Purpose = "personalization" // the visitor's past shapes their pages
	Analytics       Purpose = "analytics"       // counting and measuring
	Marketing       Purpose = "marketing"       // advertising
)

// NeedsConsent reports whether the visitor has to agree before anything is kept for the purpose.
func (p Purpose) NeedsConsent() bool { return p != Essential && p != Preference }

func (p Purpose) check() error {
	for i := range len(p) {
		if c := p[i]; (c < 'a' || 'z' < c) && c != '-' {
			return fmt.Errorf("purpose %.64q: use one of the constants, or a word of small letters", p)
		}
	}
	if p == "" || len(p) > 64 {
		return fmt.Errorf("there is no purpose: use one of the constants")
	}
	return nil
}

// Declare adds an entry for something that other code keeps, such as the session cookie itself or a proxy's cookie.
// It panics if the entry is incomplete or its name is taken.
func (inv *Inventory) Declare(e Entry) {
	if err := inv.declare(e); err != nil {
		panic(fmt.Errorf("state: declare %s %q: %w", e.Place, e.Name, err))
	}
}

func (inv *Inventory) declare(e Entry) error {
	switch {
	case e.Name == "":
		return fmt.Errorf("there is no name")
	case !slices.Contains([]Place{InCookie, InSignedCookie, InSealedCookie, InTicketCookie, InSession}, e.Place):
		return fmt.Errorf("there is no place: use one of the constants")
	case strings.TrimSpace(e.Description) == "":
		return fmt.Errorf("there is no description: say in a few words what it is for")
	case strings.ContainsAny(e.Description, "\n\r\t"):
		return fmt.Errorf("the description has more than one line, or a tab: say it in a few words")
	case e.Lifetime < 0:
		return fmt.Errorf("the lifetime is negative")
	}
	if err := e.Purpose.check(); err != nil {
		return err
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	for _, other := range inv.entries {
		if other.Name == e.Name && (other.Place == InSession) == (e.Place == InSession) {
			return fmt.Errorf("the name is taken: %s", other.Description)
		}
	}
	inv.entries = append(inv.entries, e)
	return nil
}

// SignWith sets the keys for signed and sealed cookies. Call it once, before the first request.
func (inv *Inventory) SignWith(keys *seal.Ring) { inv.keys.Store(keys) }

// Entries returns the declared entries: cookies first, each part sorted by name.
func (inv *Inventory) Entries() []Entry {
	inv.mu.Lock()
	entries := slices.Clone(inv.entries)
	inv.mu.Unlock()
	slices.SortFunc(entries, func(a, b Entry) int {
		if (a.Place == InSession) == (b.Place == InSession) {
			return strings.Compare(a.Name, b.Name)
		} else if a.Place == InSession {
			return 1
		}
		return -1
	})
	return entries
}

// LifetimeText returns the lifetime in words.
func (e Entry) LifetimeText() string {
	switch {
	case e.Lifetime == 0 && e.Place == InSession:
		return "the session"
	case e.Lifetime == 0:
		return "until the browser closes"
	}
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if e.Lifetime%unit.length == 0 {
			n := int64(e.Lifetime / unit.length)
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return e.Lifetime.String()
}

// WriteTable writes the inventory as a text table, one line per entry.
func (inv *Inventory) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tLIVES IN\tCONTROLLED BY\tPURPOSE\tLIFETIME\tWHAT FOR")
	for _, e := range inv.Entries() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
			e.Name, e.Place, e.Place.ControlledBy(), e.Purpose, e.LifetimeText(), e.Description)
	}
	return table.Flush()
}

// MarshalJSON encodes the inventory as an array of entries. Each has the fields of [Entry], and controlled_by,
// needs_consent and lifetime_seconds.
func (inv *Inventory) MarshalJSON() ([]byte, error) {
	type line struct {
		Entry
		ControlledBy string `json:"controlled_by"`
		NeedsConsent bool   `json:"needs_consent"`
		Lifetime     int64  `json:"lifetime_seconds"`
	}
	lines := []line{}
	for _, e := range inv.Entries() {
		lines = append(lines, line{e, e.Place.ControlledBy(), e.Purpose.NeedsConsent(),
			int64(e.Lifetime / time.Second)})
	}
	return json.Marshal(lines)
}
