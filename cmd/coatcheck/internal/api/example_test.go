package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

func Example() {
	handler := api.New(api.Options{Sessions: session.New(memory.New(), session.Options{}), Token: "TOKEN"})

	r := httptest.NewRequest(http.MethodDelete, "/v1/users/ada/sessions", nil)
	r.Header.Set("Authorization", "Bearer TOKEN")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 {"ended":0}
}
