package wrapped_test

import (
	"fmt"
	"net/http"
	"testing"

	"coatcheck.dev/internal/wrapped"
)

func TestWhatIsBehindMustBeThere(t *testing.T) {
	for name, c := range map[string]struct {
		next http.Handler
		want string
	}{
		"a mux":      {http.NewServeMux(), "<nil>"},
		"a function": {http.HandlerFunc(http.NotFound), "<nil>"},
		"nothing": {nil, "csrf: Handler needs the handler that it stands in front of, such as a ServeMux: " +
			"it got nil"},
		"no function": {http.HandlerFunc(nil), "csrf: Handler needs the handler that it stands in front of, " +
			"such as a ServeMux: it got nil"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != c.want {
					t.Errorf("%s: %s", name, got)
				}
			}()
			wrapped.MustBe(c.next, "csrf: Handler")
		}()
	}
}
