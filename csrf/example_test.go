package csrf_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/csrf"
)

func Example() {
	transfer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "done") })
	handler := csrf.New(csrf.Options{}).Handler(transfer)

	for _, from := range []string{"same-origin", "cross-site"} {
		r := httptest.NewRequest("POST", "https://bank.example/transfer", nil)
		r.Header.Set("Sec-Fetch-Site", from) // as browsers do
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(from, w.Code)
	}
	// Output:
	// same-origin 200
	// cross-site 403
}

// Pages of the accounts site may post to this one.
func ExampleOptions() {
	guard := csrf.New(csrf.Options{TrustedOrigins: []string{"https://accounts.example.com"}})

	r := httptest.NewRequest("POST", "https://shop.example.com/sign-in", nil)
	r.Header.Set("Sec-Fetch-Site", "same-site")
	r.Header.Set("Origin", "https://accounts.example.com")
	fmt.Println(guard.Check(r))
	// Output: <nil>
}
