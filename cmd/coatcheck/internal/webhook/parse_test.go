package webhook_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/webhook"
)

func TestSecretsAreReadStrictly(t *testing.T) {
	of := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for text, want := range map[string]string{
		of(24): "", of(32) + "\n": "", of(64): "", "# old\n\n" + of(24) + "\r\n" + of(25): "",
		strings.TrimRight(of(32), "="): "",
		"":                             "no secret", "# nothing": "no secret", of(23): "23 bytes", of(65): "65 bytes",
		"secret": "begins with whsec_", "whsec_!": "no base64", of(24) + "\nx": "line 2",
		strings.Repeat(of(24)+"\n", 5): "the most", strings.Repeat("#\n", 4000): "more than",
	} {
		all, err := webhook.ParseSecrets(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s", all, all, all, all); strings.Contains(shown, "AAAA") {
			t.Errorf("a secret is printed: %s", shown)
		}
	}
}

func TestURLsOfReceivers(t *testing.T) {
	for _, tt := range []struct {
		url, want string
		insecure  bool
	}{
		{"https://crm.example/hooks?a=b", "", false}, {"http://127.0.0.1:3000/", "", false},
		{"http://localhost/", "", false}, {"http://[::1]:1/", "", false}, {"http://crm.internal/", "", true},
		{"http://crm.internal/", "unencrypted", false}, {"ftp://crm.example/", "no URL", false},
		{"crm.example", "no URL", false}, {"https://", "no URL", false},
		{"https://a:b@crm.example/", "password", false},
		{"https://crm.example/#x", "#", false}, {"https://crm.example/" + strings.Repeat("a", 3000), "longer", false},
	} {
		err := webhook.CheckURL(tt.url, tt.insecure)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%.60s: %v, want %q", tt.url, err, tt.want)
		}
	}
}

func FuzzParseSecrets(f *testing.F) {
	for _, s := range []string{secretText, secretText + "\n# x\n" + secretText, "whsec_", "whsec_====", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := webhook.ParseSecrets(text)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%q: %d secrets, %v", text, len(all), err)
		}
	})
}
