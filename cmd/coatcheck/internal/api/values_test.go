package api_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/session"
)

// Operators see sizes. The role security sees the values that are not declared as secret, and each look is in the
// history, where it is erased with the user. A service sees what it keeps, and nobody notes that.
func TestValuesAreSeenByRoleAndDeclaration(t *testing.T) {
	h := newRig(t, session.Options{})
	file := filepath.Join(t.TempDir(), "operators")
	roster, err := operator.Open(file, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{"": token}
	for _, role := range operator.Roles {
		text, o, err := operator.New("a-"+string(role), role, time.Now())
		if err == nil {
			err = operator.Change(file, func(all []operator.Operator) ([]operator.Operator, error) {
				return append(all, o), nil
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		tokens[string(role)] = text
	}
	handle, cookie := h.begin()
	h.ask(question{"PATCH", "/v1/sessions/" + handle + "/data", `{"set":{"cart":["tea"],"door":"opens"}}`,
		h.keys["create"], nil})
	got := h.ask(question{"GET", "/v1/sessions/" + handle, "", h.keys["read"], nil})
	if !strings.Contains(got.body, `"door":"opens"`) {
		t.Errorf("a service sees %s", got.body)
	}
	h.handler = api.New(api.Options{
		Sessions: h.manager, Token: token, Operators: roster, History: h.past,
		Shows: func(key string) bool { return key != "door" },
	})
	looks := func() int {
		h.past.Flush(t.Context())
		found, _, err := h.past.Find(t.Context(), history.Query{Kind: history.OperatorActed, User: "ada"})
		for _, e := range found {
			if e.Reason != "looked at the values of cart" || e.Handle.String() != handle {
				t.Errorf("the history has %+v", e)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if n := looks(); n != 0 {
		t.Errorf("%d looks of a service", n)
	}
	noted := 0
	for role, key := range tokens {
		got := h.ask(question{"GET", "/v1/sessions/" + handle, "", key, nil})
		if role == string(operator.Metrics) {
			if got.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %d", role, got.StatusCode)
			}
			continue
		}
		want := `"data":{},`
		if role == "" || role == string(operator.Security) {
			want, noted = `"data":{"cart":["tea"]},`, noted+1
		}
		if !strings.Contains(got.body, want) || !strings.Contains(got.body, `"sizes":{"cart":7,"door":7}`) {
			t.Errorf("%s: %d %s, want %s", role, got.StatusCode, got.body, want)
		}
		if n := looks(); n != noted {
			t.Errorf("%s: %d looks, want %d", role, n, noted)
		}
		// A check with the visitor's own cookie, for those who may, is a look as well.
		got = h.ask(question{"POST", "/v1/sessions/check", fmt.Sprintf(`{"cookie":%q}`, cookie), key, nil})
		if got.StatusCode == http.StatusOK {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s: a check says %s, want %s", role, got.body, want)
			}
			if want != `"data":{},` {
				noted++
			}
		}
		if n := looks(); n != noted {
			t.Errorf("%s: %d looks after a check, want %d", role, n, noted)
		}
	}
}
