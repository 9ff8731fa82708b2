package config_test

import (
	"io"
	"os"
	"path/filepath"
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

// The files of a certificate are read before the program starts with them. A configuration that is read again does not
// depend on them, because whoever replaces them may be half-way.
func TestCertificatesAreRead(t *testing.T) {
	cleanEnv(t)
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "shop.pem"), filepath.Join(folder, "shop.key")
	name := filepath.Join(folder, "coatcheck.yaml")
	for file, text := range map[string]string{
		cert: "-----BEGIN CERTIFICATE-----\nMIIB", key: "",
		name: "upstream: http://127.0.0.1:3000\ntls-cert: [" + cert + "]\ntls-key: [" + key + "]\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	line, err := config.Parse([]string{"serve", "--config", name}, io.Discard)
	if err != nil {
		t.Fatalf("a configuration that is read again: %v", err)
	}
	problems := config.Problems(line.Serve.CheckCertificates())
	if len(problems) != 1 || problems[0].Line != 2 || problems[0].Column != 12 || problems[0].Key != "tls-cert[0]" ||
		!strings.Contains(problems[0].What, "of its own key") {
		t.Errorf("half a certificate: %v", problems)
	}
}
