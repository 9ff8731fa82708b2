package state_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store/memory"
)

func ExampleNewCookie() {
	inventory := state.NewInventory()
	theme := state.NewCookie[string](inventory, state.CookieSpec{
		Name: "theme", Purpose: state.Preference, Lifetime: 365 * 24 * time.Hour, Description: "light or dark pages",
	})

	w := httptest.NewRecorder()
	if err := theme.Set(w, "dark"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Header().Get("Set-Cookie"))

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "__Host-theme=dark")
	fmt.Println(theme.Get(r))
	// Output:
	// __Host-theme=dark; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax
	// dark
}

func ExampleCookieSpec_signed() {
	inventory := state.NewInventory()
	inventory.SignWith(seal.New()) // a program keeps its keys: seal.Open
	coupon := state.NewCookie[int](inventory, state.CookieSpec{
		Name: "coupon", Purpose: state.Essential, Lifetime: time.Hour, Signed: true,
		Description: "the discount of this visit",
	})

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "__Host-coupon=OTk") // a visitor would like 99 %
	_, ok := coupon.Lookup(r)
	fmt.Println(ok)
	// Output: false
}

func ExampleNewSession() {
	inventory := state.NewInventory()
	cart := state.NewSession[[]string](inventory, state.SessionSpec{
		Name: "cart", Purpose: state.Essential, Carry: true, Description: "what the visitor wants to buy",
	})
	sessions := session.New(memory.New(), session.Options{})

	http.Handle("POST /cart", sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := cart.Update(session.From(r.Context()), func(items []string) []string {
			return append(items, r.FormValue("item"))
		})
		if err != nil {
			http.Error(w, "please try again", http.StatusServiceUnavailable)
		}
	})))
}

func ExampleConsent() {
	inventory := state.NewInventory()
	consent := state.NewConsent(inventory, state.ConsentSpec{Version: "2026-11"})
	recent := state.NewOptional[[]string](inventory, consent, state.CookieSpec{
		Name: "recent", Purpose: state.Personalization, Lifetime: 30 * 24 * time.Hour,
		Description: "what the visitor looked at",
	})

	r := httptest.NewRequest("GET", "/tea", nil)
	w := httptest.NewRecorder()
	fmt.Println(recent.Set(w, r, []string{"tea"}))

	answer := httptest.NewRecorder() // of the form in which the visitor agrees
	if err := consent.Set(answer, r, state.Personalization); err != nil {
		log.Fatal(err)
	}
	r.AddCookie(answer.Result().Cookies()[0])
	fmt.Println(recent.Set(w, r, []string{"tea"}))
	// Output:
	// false <nil>
	// true <nil>
}

func ExampleInventory_WriteTable() {
	inventory := state.NewInventory()
	state.NewCookie[string](inventory, state.CookieSpec{
		Name: "theme", Purpose: state.Preference, Lifetime: 365 * 24 * time.Hour, Description: "light or dark pages",
	})
	state.NewSession[[]string](inventory, state.SessionSpec{
		Name: "cart", Purpose: state.Essential, Description: "what the visitor wants to buy",
	})
	if err := inventory.WriteTable(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// NAME           LIVES IN   CONTROLLED BY   PURPOSE      LIFETIME      WHAT FOR
	// __Host-theme   cookie     visitor         preference   365 days      light or dark pages
	// cart           session    server          essential    the session   what the visitor wants to buy
}
