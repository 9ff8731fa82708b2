package config_test

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/config"
)

func TestTrustProxy(t *testing.T) {
	cleanEnv(t)
	for _, tt := range []struct {
		args, env string
		want      string // networks
		says      string // in the error, if there is one
	}{
		{"demo", "", "", ""},
		{"demo --trust-proxy 10.0.0.0/8", "", "10.0.0.0/8", ""},
		{"demo --trust-proxy 10.1.2.3/8 --trust-proxy ::1", "", "10.0.0.0/8 ::1/128", ""},
		{"serve --upstream http://x --trust-proxy 127.0.0.1,fd00::/8", "", "127.0.0.1/32 fd00::/8", ""},
		{"serve --upstream http://x", "192.0.2.0/24,::ffff:10.0.0.1", "192.0.2.0/24 10.0.0.1/32", ""},
		{"demo --trust-proxy 0.0.0.0/0", "", "", "everybody"},
		{"demo --trust-proxy ::/0", "", "", "everybody"},
		{"demo --trust-proxy proxy.example", "", "", "neither a network"},
		{"demo --trust-proxy 10.0.0.0/33", "", "", "neither a network"},
		{"demo --trust-proxy fe80::1%eth0", "", "", "neither a network"},
		{"demo --trust-proxy ::ffff:10.0.0.0/104", "", "", "IPv4"},
		{"demo", "everybody", "", "neither a network"},
	} {
		t.Run(tt.args+" "+tt.env, func(t *testing.T) {
			if tt.env != "" {
				t.Setenv("COATCHECK_TRUST_PROXY", tt.env)
			}
			line, err := config.Parse(strings.Fields(tt.args), &bytes.Buffer{})
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) ||
					!strings.Contains(err.Error(), "--trust-proxy") {
					t.Errorf("error is %v, want one with %q", err, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want []netip.Prefix
			for text := range strings.FieldsSeq(tt.want) {
				want = append(want, netip.MustParsePrefix(text))
			}
			got := line.Demo.TrustedProxies()
			if line.Command == config.RunServe {
				got = line.Serve.TrustedProxies()
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("networks %v, want %v", got, want)
			}
		})
	}
}

func FuzzNetwork(f *testing.F) {
	for _, text := range []string{"10.0.0.0/8", "::1", "0.0.0.0/0", "::ffff:1.2.3.4/100", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n config.Network
		if n.UnmarshalText([]byte(text)) != nil {
			return
		}
		var again config.Network
		if err := again.UnmarshalText([]byte(n.String())); err != nil || again != n || n.Bits() < 1 {
			t.Errorf("%q is %v, and that is %v, %v", text, n, again, err)
		}
	})
}
