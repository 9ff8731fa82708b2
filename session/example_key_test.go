package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

type item struct {
	Name  string `json:"name"`
	Price int    `json:"price"`
}

// Keys are declared once, as package variables.
var basket = session.NewKey[[]item]("basket", session.Carry)

// A key has a type, so that nothing is cast or registered. Update computes the new value from the old one, also if
// another request has changed it meanwhile.
func ExampleKey() {
	sessions := session.New(memory.New(), session.Options{})
	add := sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		err := basket.Update(s, func(items []item) []item { return append(items, item{"tea", 300}) })
		if err != nil {
			http.Error(w, "The basket is full.", http.StatusInsufficientStorage)
			return
		}
		for _, it := range basket.Get(s) {
			fmt.Println(it.Name, it.Price)
		}
	}))
	add.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/basket", nil))
	// Output:
	// tea 300
}
