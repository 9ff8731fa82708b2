package state_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/state"
)

// everything has an entry of each place, and each field is used.
func everything() *state.Inventory {
	inventory := state.NewInventory()
	for _, e := range []state.Entry{
		{Name: "__Host-session", Place: state.InTicketCookie, Purpose: state.Essential, Description: "the ticket",
			Attributes: &state.Attributes{Path: "/", Secure: true, HttpOnly: true, SameSite: cookie.SameSiteLax}},
		{Name: "theme", Place: state.InCookie, Purpose: state.Preference, Sensitivity: state.Public, Lifetime: year,
			Description: "light or dark", Translations: map[string]string{"de": "hell oder dunkel"},
			Owner: "design team", LegalBasis: state.ByConsent},
		{Name: "coupon", Place: state.InSignedCookie, Purpose: state.Essential, Lifetime: 90 * time.Second,
			Description: "a discount"},
		{Name: "address", Place: state.InSealedCookie, Purpose: state.Essential, Sensitivity: state.Identity,
			Lifetime: time.Hour, Description: "where to send it"},
		{Name: "_ga_*", Place: state.InCookie, Purpose: state.Analytics, Lifetime: year, Description: "counts visits",
			Recipients: []string{"Example Analytics Ltd", "their auditors"},
			Attributes: &state.Attributes{Path: "/", Domain: "shop.example"}},
		{Name: "draft", Place: state.InLocalStorage, Purpose: state.Essential, Description: "an unsent message"},
		{Name: "tab", Place: state.InSessionStorage, Purpose: state.Essential, Description: "the open tab"},
		{Name: "offline", Place: state.InIndexedDB, Purpose: state.Essential, Description: "pages for the train"},
		{Name: "pages-v1", Place: state.InCacheStorage, Purpose: state.Essential, Description: "the same, as files"},
		{Name: "/sw.js", Place: state.InServiceWorker, Purpose: state.Essential, Description: "brings them"},
		{Name: "id", Place: state.InThirdPartyCookie, Host: "video.example", Purpose: state.Marketing,
			Description: "what was watched",
			Attributes:  &state.Attributes{Path: "/", Secure: true, SameSite: cookie.SameSiteNone, Partitioned: true}},
		{Name: "role", Place: state.InSession, Purpose: state.Essential, Sensitivity: state.Secret,
			Description: "what the user may do"},
	} {
		inventory.Declare(e)
	}
	return inventory
}

func TestInventoriesTravelAsJSON(t *testing.T) {
	inventory := everything()
	text, err := json.Marshal(inventory)
	must(t, err)
	const want = `{"name":"theme","place":"cookie","purpose":"preference","sensitivity":"public",` +
		`"lifetime_seconds":31536000,"description":"light or dark","translations":{"de":"hell oder dunkel"},` +
		`"owner":"design team","legal_basis":"consent",` +
		`"kind":"cookie","controlled_by":"visitor","needs_consent":false}`
	if !strings.Contains(string(text), want) {
		t.Errorf("%s\nhas no %s", text, want)
	}
	read, err := state.ParseInventory(text)
	must(t, err)
	if got, want := read.Entries(), inventory.Entries(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if empty, err := json.Marshal(state.NewInventory()); err != nil || string(empty) != `{"version":1,"entries":[]}` {
		t.Errorf("an empty inventory: %s, %v", empty, err)
	}
}

func TestWhatAPersonWritesIsShort(t *testing.T) {
	inventory, err := state.ParseInventory([]byte(`{"version": 1, "entries": [
		{"name": "lang", "place": "cookie", "purpose": "preference", "description": "language"}]}`))
	must(t, err)
	e, ok := inventory.Lookup(state.KindCookie, "", "lang")
	if !ok || e.Sensitivity != state.Personal || e.Attributes != nil || e.Lifetime != 0 {
		t.Errorf("got %+v, %v", e, ok)
	}
}

func TestInventoriesThatAreRefused(t *testing.T) {
	entry := func(more string) string {
		return `{"version":1,"entries":[{"name":"a","place":"session","purpose":"essential","description":"x"},
			{"name":"b","place":"cookie","purpose":"essential","description":"x"` + more + `}]}`
	}
	for name, c := range map[string]struct{ text, says string }{
		"nothing":           {"", "EOF"},
		"no JSON":           {"entries:", "invalid character"},
		"cut off":           {entry("")[:100], "unexpected EOF"},
		"two values":        {entry("") + "{}", "behind"},
		"a list":            {"[]", "array"},
		"no version":        {`{"entries":[]}`, "its version is 0"},
		"a later version":   {`{"version":2,"entries":[]}`, "its version is 2"},
		"an unknown field":  {`{"version":1,"entries":[],"x":1}`, `unknown field "x"`},
		"one of an entry":   {entry(`,"lifetime":1`), `entry 2 (cookie "b"): json: unknown field "lifetime"`},
		"another type":      {entry(`,"owner":1`), "entry 2"},
		"nothing for entry": {`{"version":1,"entries":[null]}`, "entry 1 ( \"\"): there is no name"},
		"a name twice": {entry(`},{"name":"b","place":"sealed cookie","purpose":"essential","description":"y"`),
			"entry 3 (sealed cookie \"b\"): the name is taken"},
		"another place":       {entry(`,"place":"cookies"`), `there is no place "cookies"`},
		"negative lifetime":   {entry(`,"lifetime_seconds":-1`), "lifetime_seconds is not 0 to"},
		"endless lifetime":    {entry(`,"lifetime_seconds":9223372036854775807`), "lifetime_seconds is not 0 to"},
		"no SameSite":         {entry(`,"attributes":{"same_site":"lax"}`), `same_site "lax" is not`},
		"identity in sight":   {entry(`,"sensitivity":"identity"`), "it is identity, and the visitor can read"},
		"untrue kind":         {entry(`,"kind":"session"`), `the kind of cookie is "cookie"`},
		"untrue control":      {entry(`,"controlled_by":"server"`), "a cookie is controlled by the visitor"},
		"untrue consent":      {entry(`,"needs_consent":true`), `needs_consent of purpose "essential" is false`},
		"more than its bound": {strings.Repeat(" ", state.MaxInventory+1), "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			inventory, err := state.ParseInventory([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.says) || inventory != nil {
				t.Errorf("%v, %v, want an error with %q", inventory, err, c.says)
			}
		})
	}
}

// What is read is written so that it is read again, and means the same.
func FuzzParseInventory(f *testing.F) {
	text, err := json.Marshal(everything())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1,"entries":[{"name":"*a*","place":"cookie","purpose":"x","description":"y"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		inventory, err := state.ParseInventory(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(inventory)
		must(t, err)
		if len(text) > state.MaxInventory {
			return // what follows from the others takes room
		}
		again, err := state.ParseInventory(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if got, want := again.Entries(), inventory.Entries(); len(got) != len(want) ||
			len(got) > 0 && !reflect.DeepEqual(got[0].Name, want[0].Name) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if second, err := json.Marshal(again); err != nil || string(second) != string(text) {
			t.Errorf("%v\n%s\n%s", err, second, text)
		}
	})
}
