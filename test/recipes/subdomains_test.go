package recipes

import (
	"strings"
	"testing"

	"coatcheck.dev/session/sessiontest"
)

// A session is shared by the hosts of its domain, and by no other.
//
// Rows: ASVS 3.3.3
func TestSubdomains(t *testing.T) {
	sessions := sessiontest.NewManager(t, domainOptions)
	visitor := sessiontest.NewVisitor(t, sessions, chiSite(sessions))
	visitor.Get("https://www.shop.example/account") // the browser is there
	visitor.SignIn("ada")
	for host, want := range map[string]string{
		"www.shop.example": "the account of ada", "account.shop.example": "the account of ada",
		"shop.example": "the account of ada", "www.other.example": "Please sign in.",
	} {
		if got := strings.TrimSpace(visitor.Get("https://" + host + "/account").Body.String()); got != want {
			t.Errorf("%s answers %q, want %q", host, got, want)
		}
	}
}
