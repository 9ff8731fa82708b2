package state

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"

	"coatcheck.dev/event"
	"coatcheck.dev/seal"
)

// An Inventory lists everything that an application keeps for its visitors. Its methods are safe for concurrent use.
type Inventory struct {
	mu      sync.Mutex
	entries []Entry
	taken   map[thing]string // by description
	index   atomic.Pointer[index]
	keys    atomic.Pointer[seal.Ring]

	events    atomic.Pointer[event.Queue] // nil for nobody
	malformed atomic.Uint64
}

// A thing is what an entry describes.
type thing struct {
	kind Kind
	host string
	name string
}

// NewInventory returns an empty inventory.
func NewInventory() *Inventory { return &Inventory{} }

// Declare adds an entry for something that other code keeps, such as the session cookie itself, a proxy's cookie or
// what scripts keep in the browser. It panics if the entry is incomplete or its name is taken.
func (inv *Inventory) Declare(e Entry) {
	if err := inv.declare(e); err != nil {
		panic(fmt.Errorf("state: declare %s %q: %w", e.Place, e.Name, err))
	}
}

var errNoInventory = errors.New("there is no inventory: make one with NewInventory first")

func (inv *Inventory) declare(e Entry) error {
	if inv == nil {
		return errNoInventory
	}
	e = e.clone()
	e.Sensitivity = e.Sensitivity.withDefault(e.Place)
	if err := e.check(); err != nil {
		return err
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	is := thing{e.Place.Kind(), e.Host, e.Name}
	if other, ok := inv.taken[is]; ok {
		return fmt.Errorf("the name is taken: %s", other)
	}
	if inv.taken == nil {
		inv.taken = map[thing]string{}
	}
	inv.taken[is] = e.Description
	inv.entries = append(inv.entries, e)
	inv.index.Store(nil)
	return nil
}

// SignWith sets the keys for signed and sealed cookies. Call it once, before the first request. It panics if there are
// none.
func (inv *Inventory) SignWith(keys *seal.Ring) {
	if inv == nil {
		panic(fmt.Errorf("state: SignWith: %w", errNoInventory))
	}
	if keys == nil || len(keys.Keys()) == 0 {
		panic(errors.New("state: SignWith needs a ring with keys: make it with seal.Open or seal.New"))
	}
	inv.keys.Store(keys)
}

// Entries returns the declared entries: by kind, cookies first and the session last, then by name.
func (inv *Inventory) Entries() []Entry {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	entries := make([]Entry, len(inv.entries))
	for i, e := range inv.entries {
		entries[i] = e.clone()
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds, a.Place.Kind()), slices.Index(kinds, b.Place.Kind())),
			strings.Compare(a.Name, b.Name), strings.Compare(a.Host, b.Host))
	})
	return entries
}

// Lookup returns the entry that stands for a thing: by its name, or else by the longest beginning of it that is
// declared with '*'. The host is that of the other site which keeps it, and empty for what this site keeps.
func (inv *Inventory) Lookup(kind Kind, host, name string) (Entry, bool) {
	e := inv.lookup(kind, host, name)
	if e == nil {
		return Entry{}, false
	}
	return e.Entry.clone(), true
}

// lookup is Lookup for readers of the entry.
func (inv *Inventory) lookup(kind Kind, host, name string) *indexed {
	ix := inv.index.Load()
	if ix == nil {
		ix = inv.makeIndex()
	}
	return ix.of(kind).find(host, name)
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
