// Package recipes holds what docs/recipes.md shows, so that it compiles and runs. Each recipe is a file, and a test of
// the same name tries what the document says of it. The code in the document is written by
//
//	go test ./recipes -update
package recipes

import "coatcheck.dev/session"

// Cart is a value of the app's.
var Cart = session.NewKey[[]string]("cart", session.Carry)

func add(s *session.Session, item string) error {
	return Cart.Update(s, func(items []string) []string { return append(items, item) })
}
