package recipes

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

// A panic leaves the session as it was saved last, and its user signed in.
//
// Rows: I14
func TestPanics(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	sessions := sessiontest.NewManager(t, session.Options{})
	ada := sessiontest.NewVisitor(t, sessions, panickingSite(sessions)).SignIn("ada")
	sessiontest.Set(ada, Cart, []string{"cake"})
	for _, tt := range []struct {
		form url.Values
		cart []string
	}{
		{nil, []string{"cake"}},
		{url.Values{"sure": {"yes"}}, []string{"cake", "tea"}},
	} {
		w := ada.PostForm("/order", tt.form)
		if got := sessiontest.Get(ada, Cart); w.Code != http.StatusInternalServerError || !slices.Equal(got, tt.cart) {
			t.Errorf("%v: status %d, cart %q, want %q", tt.form, w.Code, got, tt.cart)
		}
	}
	ada.With(func(s *session.Session) {
		if s.User() != "ada" {
			t.Error("the panic has signed ada out")
		}
	})
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("a handler cannot abort its connection")
		}
	}()
	recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}
