package shop

import (
	"cmp"
	"encoding/json"
	"net/http"

	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
)

// me tells a program who the visitor is.
func (s *shop) me(w http.ResponseWriter, r *http.Request) {
	visitor := session.From(r.Context())
	answer := struct {
		User  string   `json:"user"`
		Cart  []string `json:"cart"`
		Theme string   `json:"theme"`
	}{visitor.User(), Cart.Get(visitor), cmp.Or(s.kept.theme.Get(w, r), "light")}
	if answer.Cart == nil {
		answer.Cart = []string{} // "cart": null would be one more case for every reader
	}
	w.Header().Set("Content-Type", "application/json")
	text, _ := json.Marshal(answer)                  // it is our own
	_, _ = w.Write(append(visible.JSON(text), '\n')) // what fails is the connection
}
