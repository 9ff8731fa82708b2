package shop_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

func Example() {
	sessions := session.New(memory.New(), session.Options{SignInPath: "/login"})
	handler := shop.New(sessions, shop.Options{ConsoleURL: "http://localhost:8081/"})

	r := httptest.NewRequest("GET", "http://localhost:8080/api/me", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-preferences", Value: "!theme:dark."})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Print(w.Body)
	// Output: {"user":"","cart":[],"theme":"dark"}
}
