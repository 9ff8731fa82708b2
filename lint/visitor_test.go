package lint_test

import (
	"net/http"
	"testing"

	"coatcheck.dev/lint"
)

// TestVisitorFollowsWhatBrowsersFollow: net/url refuses the target of this redirect, and no browser does.
func TestVisitorFollowsWhatBrowsersFollow(t *testing.T) {
	var asked []string
	v := lint.Visitor{Send: func(r *http.Request) (int, http.Header, error) {
		asked = append(asked, r.URL.RequestURI())
		if len(asked) == 1 {
			return http.StatusFound, http.Header{"Location": {`\50%off?x=%%A%%`}}, nil
		}
		return http.StatusOK, http.Header{"Set-Cookie": {"a=1"}}, nil
	}}
	r, err := http.NewRequest(http.MethodGet, "https://shop.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := v.Visit(r)
	if err != nil || len(seen) != 2 || seen[1].URL.String() != "https://shop.example/50%off?x=%%A%%" ||
		asked[1] != "https://shop.example/50%off?x=%%A%%" {
		t.Errorf("asked for %q, saw %v, %v", asked, seen, err)
	}
}
