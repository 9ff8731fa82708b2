package bound_test

import (
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"

	"coatcheck.dev/bound"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// Behind a proxy that asks for a host of its own, the host that counts is the browser's. Others cannot choose it.
func TestBehindAProxy(t *testing.T) {
	for name, c := range map[string]struct {
		trusted, forwarded string
		aud                string
		status             int
	}{
		"trusted":           {"192.0.2.0/24", "shop.test", "https://shop.test", 200},
		"with its port":     {"192.0.2.0/24", "shop.test:443", "https://SHOP.test", 200},
		"another site":      {"192.0.2.0/24", "shop.test", "https://evil.test", 401},
		"the proxy's host":  {"192.0.2.0/24", "shop.test", "http://app:3000", 401},
		"not to be trusted": {"198.51.100.0/24", "shop.test", "https://shop.test", 401},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := siteWith(t, memory.New(), session.Options{
					TrustedProxies: []netip.Prefix{netip.MustParsePrefix(c.trusted)},
				}, bound.Options{Site: "shop.test"})
				inner := s.handler
				s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Host = "app:3000"
					r.Header.Set("X-Forwarded-Host", c.forwarded)
					inner.ServeHTTP(w, r)
				})
				b := s.browser()
				b.signIn("ada")
				a := b.register(func(f *forgery) { f.claims["aud"] = c.aud + f.path })
				if a.status != c.status {
					t.Fatalf("register: %d %s", a.status, a.body)
				}
				if c.status != http.StatusOK {
					return
				}
				if got := b.instructions(a)["scope"].(map[string]any)["origin"]; got != "https://shop.test" {
					t.Errorf("the browser is to bind the sessions of %v", got)
				}
			})
		})
	}
}
