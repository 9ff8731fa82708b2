package bound_test

import (
	"fmt"
	"net/http"

	"coatcheck.dev/bound"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

func ExampleNew() {
	sessions := session.New(memory.New(), session.Options{
		SignInPath: "/login",
		Guard: bound.New(bound.Options{
			PolicyOf: func(user string) bound.Policy {
				if user == "admin" {
					return bound.Required // and never with a browser that keeps no keys
				}
				return bound.Offered
			},
			Open: []string{"/login"},
		}),
	})
	_ = sessions.Handler(http.NotFoundHandler())
	// Output:
}

func ExampleOf() {
	sessions := session.New(memory.New(), session.Options{Guard: bound.New(bound.Options{})})
	page := func(w http.ResponseWriter, r *http.Request) {
		infos, err := sessions.List(r.Context(), session.From(r.Context()).User())
		if err != nil {
			http.Error(w, "Please try again in a moment.", http.StatusServiceUnavailable)
			return
		}
		for _, info := range infos {
			if b, ok := bound.Of(info); ok {
				fmt.Fprintln(w, info.Device.Label, "has a key:", b.Key)
			}
		}
	}
	_ = sessions.Handler(http.HandlerFunc(page))
	// Output:
}
