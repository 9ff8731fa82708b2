package config_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
)

func TestContradictionsAboutHTTPSAreNamed(t *testing.T) {
	one := []string{"a.pem"}
	for _, c := range []struct {
		name  string
		flags config.TLS
		says  string // "" is no error
	}{
		{"none", config.TLS{}, ""},
		{"files", config.TLS{TLSCert: one, TLSKey: one, RedirectFrom: ":80", HSTS: time.Hour, HSTSBelow: true}, ""},
		{"authority", config.TLS{ACME: []string{"shop.example"}, ACMEStaging: true, ACMEEmail: "a@shop.example"}, ""},
		{"a certificate without key", config.TLS{TLSCert: one}, "--tls-key"},
		{"two ways", config.TLS{TLSCert: one, TLSKey: one, ACME: one}, "choose one"},
		{"staging alone", config.TLS{ACMEStaging: true}, "--acme NAME"},
		{"staging of another", config.TLS{ACME: one, ACMEStaging: true, ACMEDirectory: "https://ca.example"}, "other"},
		{"redirect alone", config.TLS{RedirectFrom: ":80"}, "--redirect-from"},
		{"HSTS by plain http", config.TLS{HSTS: time.Hour}, "--hsts"},
		{"HSTS below nothing", config.TLS{TLSCert: one, TLSKey: one, HSTSBelow: true}, "--hsts TIME"},
		{"HSTS for no time", config.TLS{TLSCert: one, TLSKey: one, HSTS: time.Millisecond}, "8760h"},
	} {
		err := c.flags.Check()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v; want %q", c.name, err, c.says)
		}
	}
}

// An authority of the operator's own certifies names that the world does not know.
func TestOwnAuthorityKnowsOwnNames(t *testing.T) {
	for _, name := range []string{"localhost", "127.0.0.1", "[::1]", "shop.lan"} {
		line := []string{"serve", "--upstream", "http://127.0.0.1:3000", "--acme", name, "--acme-directory",
			"https://127.0.0.1:14000/dir"}
		if _, err := config.Parse(line, io.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
