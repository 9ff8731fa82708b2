package state_test

import (
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/state"
)

// Who somebody is, and what opens something, lives where the visitor can neither read nor change it.
//
// Rows: N5, ASVS 14.3.3
func TestOwnershipIsChecked(t *testing.T) {
	for place, says := range map[state.Place]string{
		state.InCookie:         "the visitor can read and change a cookie",
		state.InSignedCookie:   "the visitor can read a signed cookie",
		state.InLocalStorage:   "every script of the site can read and change it in localStorage: keep",
		state.InSessionStorage: "every script of the site can read and change it in sessionStorage: keep it",
		state.InIndexedDB:      "every script of the site can read and change it in IndexedDB: keep it",
		state.InCacheStorage:   "every script of the site can read and change it in Cache Storage: keep it",
		state.InServiceWorker:  "every script of the site can read and change it in service worker: keep it",

		state.InSealedCookie: "", state.InTicketCookie: "", state.InSession: "", state.InThirdPartyCookie: "",
	} {
		for _, s := range []state.Sensitivity{state.Public, state.Personal, state.Identity, state.Secret, "", "high"} {
			e := state.Entry{Name: "x", Place: place, Purpose: state.Essential, Sensitivity: s, Description: "x"}
			if place == state.InThirdPartyCookie {
				e.Host = "video.example"
			}
			declare := func() { state.NewInventory().Declare(e) }
			switch {
			case s == "high":
				refused(t, `there is no sensitivity "high"`, declare)
			case says != "" && (s == state.Identity || s == state.Secret):
				refused(t, says, declare)
			default:
				declare()
			}
		}
	}
}

func TestOwnershipIsCheckedForCookiesOfTheLibrary(t *testing.T) {
	secret := spec("token")
	secret.Sensitivity = state.Secret
	refused(t, "it is a secret, and the visitor can read and change a cookie",
		func() { state.NewCookie[string](state.NewInventory(), secret) })
	secret.Signed = true
	refused(t, "the visitor can read a signed cookie",
		func() { state.NewCookie[string](state.NewInventory(), secret) })
	secret.Signed, secret.Sealed = false, true
	state.NewCookie[string](state.NewInventory(), secret)

	inventory := state.NewInventory()
	role := state.NewSession[string](inventory, state.SessionSpec{Name: "role", Purpose: state.Essential,
		Sensitivity: state.Identity, Description: "what the user may do"}, session.Reject)
	if e, ok := inventory.Lookup(state.KindSession, "", role.Name()); !ok || e.Sensitivity != state.Identity {
		t.Errorf("got %+v, %v", e, ok)
	}
}

func TestEntriesAreFoundByName(t *testing.T) {
	inventory := everything()
	for name, description := range map[string]string{"_ga_debug*": "x", "id": "our own"} {
		inventory.Declare(state.Entry{Name: name, Place: state.InCookie, Purpose: state.Essential,
			Description: description})
	}
	for _, c := range []struct {
		kind       state.Kind
		host, name string
		want       string
	}{
		{state.KindCookie, "", "theme", "theme"},
		{state.KindCookie, "", "Theme", ""},
		{state.KindCookie, "", "theme*", ""},
		{state.KindCookie, "", "_ga_ABC", "_ga_*"},
		{state.KindCookie, "", "_ga_", "_ga_*"},
		{state.KindCookie, "", "_ga", ""},
		{state.KindCookie, "", "_ga_debug1", "_ga_debug*"},
		{state.KindCookie, "video.example", "theme", ""},
		{state.KindThirdPartyCookie, "video.example", "id", "id"},
		{state.KindThirdPartyCookie, "www.video.example", "id", "id"},
		{state.KindThirdPartyCookie, "myvideo.example", "id", ""},
		{state.KindThirdPartyCookie, "", "id", ""},
		{state.KindSession, "", "role", "role"},
		{state.KindLocalStorage, "", "role", ""},
		{"", "", "role", ""},
	} {
		e, ok := inventory.Lookup(c.kind, c.host, c.name)
		if e.Name != c.want || ok != (c.want != "") {
			t.Errorf("%s %q at %q: %q, %v, want %q", c.kind, c.name, c.host, e.Name, ok, c.want)
		}
	}
	if e, _ := inventory.Lookup(state.KindCookie, "", "id"); e.Description != "our own" {
		t.Errorf("got %+v", e)
	}
}
