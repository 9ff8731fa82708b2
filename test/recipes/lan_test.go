package recipes

import (
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

func TestLANDevelopment(t *testing.T) {
	for _, tt := range []struct {
		dev  bool
		url  string
		want string
	}{
		{true, "http://dev.lan:8080", "the account of ada"},
		{true, "http://192.168.1.7:8080", "the account of ada"},
		{true, "http://localhost:8080", "the account of ada"},
		{false, "http://localhost:8080", "the account of ada"}, // trustworthy without TLS
		{false, "https://shop.example", "the account of ada"},
		{false, "http://dev.lan:8080", ""},
	} {
		sessions := sessiontest.NewManager(t, siteOptions(tt.dev))
		visitor := sessiontest.NewVisitor(t, sessions, chiSite(sessions))
		visitor.Get(tt.url + "/account")                               // the browser is there
		visitor.With(func(s *session.Session) { _ = s.SignIn("ada") }) // fails where no browser could come back
		w := visitor.Get(tt.url + "/account")
		if got := w.Body.String(); got != tt.want && (tt.want != "" || w.Code != 303) {
			t.Errorf("%+v: status %d, %s", tt, w.Code, got)
		}
	}
}
