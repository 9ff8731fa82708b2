package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A wish list was a list of names. Sessions that are alive have such lists, and the next version of the program wants
// to know how many of each.
func ExampleUpgrade() {
	before := session.NewKey[[]string]("wishes")
	now := session.NewKey[map[string]int]("wishes", session.Upgrade(func(names []string) (map[string]int, error) {
		wishes := make(map[string]int)
		for _, name := range names {
			wishes[name]++
		}
		return wishes, nil
	}))
	sessions := session.New(memory.New(), session.Options{})
	site := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		if err := before.Set(s, []string{"tea", "tea", "cups"}); err != nil {
			fmt.Println(err)
		}
		fmt.Println(now.Get(s))
		fmt.Println(before.Get(s)) // nothing is lost by being read
	}))
	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	// Output:
	// map[cups:1 tea:2]
	// [tea tea cups]
}
