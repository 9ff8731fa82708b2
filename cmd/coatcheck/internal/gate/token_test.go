package gate_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"coatcheck.dev/session"
)

// With tokens the app's Authorization header is the gate's word alone, in every spelling; without, it is the client's.
//
// Rows: A32
func TestAppIsGivenAToken(t *testing.T) {
	fails := false
	tokens := func(s *setup) {
		s.gate.Token = func(s *session.Session) (string, error) {
			if fails {
				return "", errors.New("no keys")
			}
			return "token-of-" + s.User(), nil
		}
	}
	own := http.Header{"Authorization": {"Bearer forged"}, "authorization": {"Bearer forged"}}
	told := func(v *visitor) (all []string) {
		for name, values := range v.do("GET", "/probe", own).seen(t).Header {
			if http.CanonicalHeaderKey(name) == "Authorization" {
				all = append(all, values...)
			}
		}
		return all
	}
	st := newSite(t, echo, tokens)
	user := st.signedIn("u42")
	if got := told(user); !slices.Equal(got, []string{"Bearer token-of-u42"}) {
		t.Errorf("for a user: %q", got)
	}
	if got := told(st.visitor()); got != nil {
		t.Errorf("for a stranger: %q", got)
	}
	fails = true
	if got := told(user); got != nil {
		t.Errorf("without keys: %q", got)
	}
	if got := told(newSite(t, echo).signedIn("u42")); !slices.Contains(got, "Bearer forged") {
		t.Errorf("without tokens: %q, want the client's own", got)
	}
}
