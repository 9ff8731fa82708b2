// Package wrapped is about handlers that other handlers stand in front of.
package wrapped

import (
	"errors"
	"net/http"
)

// MustBe panics if there is no handler behind another one, which who names: a program finds out as it starts, and not
// when its first visitor comes. A nil [http.HandlerFunc] is no handler either.
func MustBe(next http.Handler, who string) {
	if f, ok := next.(http.HandlerFunc); next == nil || ok && f == nil {
		panic(errors.New(who + " needs the handler that it stands in front of, such as a ServeMux: it got nil"))
	}
}
