package console

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// An operator who loses something while they sign in is judged by the new file, whoever has read it first. Otherwise a
// session that begins right after everybody was dismissed would stay.
func TestSignInThatChangesOnTheWayIsNone(t *testing.T) {
	folder := t.TempDir()
	roster, err := operator.Open(filepath.Join(folder, "operators"), filepath.Join(folder, "links"))
	if err != nil {
		t.Fatal(err)
	}
	_, bob, err := operator.New("bob", operator.Security, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	set := func(all []operator.Operator) {
		t.Helper()
		if err := operator.Change(roster.Path(), func([]operator.Operator) ([]operator.Operator, error) {
			return all, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	sessions := memory.New()
	c := New(Options{
		Sessions: session.New(sessions, session.Options{}), Feed: sessions,
		Operators: roster, BaseURL: "https://console.example",
	})
	defer c.Close()
	for what, change := range map[string]func(){
		"retired": func() { set(nil) },
		"lowered": func() { bob.Role = operator.Viewer; set([]operator.Operator{bob}) },
		"renewed": func() { bob.NewToken(); set([]operator.Operator{bob}) },
		"keyed": func() {
			bob.Passkeys = []operator.Passkey{{ID: []byte("id"), PublicKey: []byte("key"), Host: "localhost"}}
			set([]operator.Operator{bob})
		},
		"same": func() {},
	} {
		bob.Role, bob.Passkeys = operator.Security, nil
		set([]operator.Operator{bob})
		w := httptest.NewRecorder()
		in := false
		c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			found := roster.Find("bob")
			change()
			in = c.signInOperator(w, r, found, "link")
		})).ServeHTTP(w, httptest.NewRequest("GET", "https://console.example/sign-in", nil))
		left, err := c.operators.RevokeUser(t.Context(), "bob")
		if want := what == "same"; in != want || (left > 0) != want || err != nil {
			t.Errorf("%s: %v, status %d, %d sessions, %v", what, in, w.Code, left, err)
		}
	}
}
