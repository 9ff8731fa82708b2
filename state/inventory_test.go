package state_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store/memory"
)

func shop() (*state.Inventory, *state.Consent, state.Optional[[]string]) {
	inventory := state.NewInventory()
	state.NewSession[[]string](inventory, state.SessionSpec{Name: "cart", Purpose: state.Essential,
		Description: "what the visitor wants to buy"})
	consent := state.NewConsent(inventory, state.ConsentSpec{Cookie: state.CookieSpec{
		Description: "what the visitor agreed to"}})
	recent := state.NewOptional[[]string](inventory, consent, state.CookieSpec{
		Name: "recent", Purpose: state.Personalization, Lifetime: time.Hour, Description: "what the visitor looked at"})
	state.NewCookie[string](inventory, state.CookieSpec{Name: "coupon", Purpose: state.Preference, Signed: true,
		Lifetime: 90 * time.Second, Description: "a discount"})
	inventory.Declare(state.Entry{Name: "__Host-session", Place: state.InTicketCookie, Purpose: state.Essential,
		Description: "the ticket"})
	return inventory, consent, recent
}

func TestTable(t *testing.T) {
	inventory, _, _ := shop()
	var table strings.Builder
	must(t, inventory.WriteTable(&table))
	const want = `
NAME             LIVES IN        CONTROLLED BY   PURPOSE           LIFETIME                   WHAT FOR
__Host-consent   cookie          visitor         essential         180 days                   what the visitor agreed to
__Host-coupon    signed cookie   server          preference        90 seconds                 a discount
__Host-recent    cookie          visitor         personalization   1 hour                     what the visitor looked at
__Host-session   ticket cookie   server          essential         until the browser closes   the ticket
cart             session         server          essential         the session                what the visitor wants to buy
`
	if table.String() != want[1:] {
		t.Errorf("got\n%s\nwant%s", table.String(), want)
	}
	if err := inventory.WriteTable(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("a writer that fails: %v", err)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestNamesAreTakenOnce(t *testing.T) {
	inventory, consent, _ := shop()
	plain := spec("consent")
	state.NewCookie[string](inventory, spec("cart")) // a key of the session has that name, and is something else
	plain.PlainName = true
	state.NewCookie[string](inventory, plain) // without the prefix it is another cookie
	refused(t, "the name is taken: what the visitor agreed to",
		func() { state.NewCookie[string](inventory, spec("consent")) })
	refused(t, "taken", func() { state.NewConsent(inventory, state.ConsentSpec{Cookie: spec("recent")}) })
	optional := spec("recent")
	optional.Purpose = state.Marketing
	refused(t, "taken", func() { state.NewOptional[string](inventory, consent, optional) })
	refused(t, "taken", func() {
		state.NewSession[int](inventory, state.SessionSpec{Name: "cart", Purpose: state.Essential,
			Description: "another"})
	})
	refused(t, "taken", func() {
		inventory.Declare(state.Entry{Name: "__Host-session", Place: state.InCookie, Purpose: state.Essential,
			Description: "x"})
	})
}

func TestEntriesThatAreRefused(t *testing.T) {
	for says, e := range map[string]state.Entry{
		"no name":        {Place: state.InCookie, Purpose: state.Essential, Description: "x"},
		"no place":       {Name: "x", Purpose: state.Essential, Description: "x"},
		"no purpose":     {Name: "x", Place: state.InCookie, Description: "x"},
		"no description": {Name: "x", Place: state.InCookie, Purpose: state.Essential},
		"negative":       {Name: "x", Place: state.InCookie, Purpose: state.Essential, Description: "x", Lifetime: -1},
		"whole seconds": {Name: "x", Place: state.InCookie, Purpose: state.Essential, Description: "x",
			Lifetime: time.Millisecond},
		"say which other site": {Name: "x", Place: state.InThirdPartyCookie, Purpose: state.Essential,
			Description: "x"},
		"is this site's own": {Name: "x", Place: state.InCookie, Host: "a.example", Purpose: state.Essential,
			Description: "x"},
		"no name of a host": {Name: "x", Place: state.InLocalStorage, Host: "https://a.example",
			Purpose: state.Essential, Description: "x"},
		"is no cookie": {Name: "x", Place: state.InLocalStorage, Purpose: state.Essential, Description: "x",
			Attributes: &state.Attributes{}},
		"needs Secure": {Name: "__Host-x", Place: state.InCookie, Purpose: state.Essential, Description: "x",
			Attributes: &state.Attributes{Path: "/"}},
		"another legal basis": {Name: "x", Place: state.InCookie, Purpose: state.Marketing, Description: "x",
			LegalBasis: state.ByLegitimateInterests},
		"recipient": {Name: "x", Place: state.InCookie, Purpose: state.Essential, Description: "x",
			Recipients: []string{"a", "b\nc"}},
		"translation": {Name: "x", Place: state.InCookie, Purpose: state.Essential, Description: "x",
			Translations: map[string]string{"de": "\x1b[2J"}},
		"UTF-8": {Name: "x\xff", Place: state.InCookie, Purpose: state.Essential, Description: "x"},
		"1024 bytes": {Name: strings.Repeat("x", 1025), Place: state.InCookie, Purpose: state.Essential,
			Description: "x"},
	} {
		refused(t, says, func() { state.NewInventory().Declare(e) })
	}
	refused(t, "letters", func() {
		state.NewSession[int](state.NewInventory(),
			state.SessionSpec{Name: "a b", Purpose: state.Essential, Description: "x"})
	})
	refused(t, "no purpose", func() {
		state.NewSession[int](state.NewInventory(), state.SessionSpec{Name: "a", Description: "x"})
	})
	refused(t, "needs consent", func() {
		state.NewSession[int](state.NewInventory(),
			state.SessionSpec{Name: "a", Purpose: state.Marketing, Description: "x"})
	})
	refused(t, "needs no consent", func() {
		state.NewOptional[int](state.NewInventory(), nil, spec("x"))
	})
	refused(t, "declare it with NewConsent", func() {
		s := spec("x")
		s.Purpose = "research"
		state.NewOptional[int](state.NewInventory(), nil, s)
	})
}

func TestLifetimeText(t *testing.T) {
	for want, e := range map[string]state.Entry{
		"1 day":                    {Lifetime: 24 * time.Hour},
		"36 hours":                 {Lifetime: 36 * time.Hour},
		"1 minute":                 {Lifetime: time.Minute},
		"1 second":                 {Lifetime: time.Second},
		"1.5s":                     {Lifetime: 1500 * time.Millisecond},
		"until the browser closes": {Place: state.InCookie},
		"the session":              {Place: state.InSession},
		"until the tab closes":     {Place: state.InSessionStorage},
		"until it is cleared":      {Place: state.InIndexedDB},
	} {
		if got := e.LifetimeText(); got != want {
			t.Errorf("%v: %q, want %q", e.Lifetime, got, want)
		}
	}
}

func TestSessionValuesAreCarriedOnlyWhenDeclared(t *testing.T) {
	inventory := state.NewInventory()
	cart := state.NewSession[[]string](inventory, state.SessionSpec{Name: "cart", Purpose: state.Essential,
		Description: "x", Carry: true})
	step := state.NewSession[int](inventory, state.SessionSpec{Name: "step", Purpose: state.Essential,
		Description: "x"})
	sessions := session.New(memory.New(), session.Options{})
	sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		must(t, cart.Set(s, []string{"tea"}))
		must(t, step.Set(s, 3))
		if got := cart.Get(s); len(got) != 1 || step.Get(s) != 3 {
			t.Errorf("before sign-in: %v, %d", got, step.Get(s))
		}
		must(t, s.SignIn("ada"))
		if got := cart.Get(s); len(got) != 1 || step.Get(s) != 0 {
			t.Errorf("after sign-in: cart %v, step %d: want the cart alone", got, step.Get(s))
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	must(t, sessions.Close(t.Context()))
}

// A declared value has the options of its key: Upgrade, Union and the others.
func TestSessionValuesHaveTheOptionsOfKeys(t *testing.T) {
	inventory := state.NewInventory()
	before := session.NewKey[string]("size")
	size := state.NewSession[int](inventory, state.SessionSpec{
		Name: "size", Purpose: state.Preference, Description: "x", Carry: true,
	}, session.Upgrade(strconv.Atoi))
	sessions := session.New(memory.New(), session.Options{})
	sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		must(t, before.Set(s, "40"))
		if got := size.Get(s); got != 40 {
			t.Errorf("size %d, want 40", got)
		}
		must(t, size.Set(s, 41))
		must(t, s.SignIn("ada"))
		if got := size.Get(s); got != 41 {
			t.Errorf("size %d after sign-in, want 41", got)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	must(t, sessions.Close(t.Context()))
}

func TestInventoriesSignWithKeysAlone(t *testing.T) {
	for _, ring := range []*seal.Ring{nil, {}} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, "SignWith needs a ring with keys") {
					t.Error(text)
				}
			}()
			state.NewInventory().SignWith(ring)
		}()
	}
}
