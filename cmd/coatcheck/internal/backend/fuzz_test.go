package backend_test

import (
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
)

// Whatever an address is, it neither crashes the program nor shows its password.
func FuzzParse(f *testing.F) {
	for _, scheme := range []string{"postgres", "mysql", "redis", "redis+sentinel", "rediss+cluster", "sqlite"} {
		f.Add(scheme, "a:1,b:2/db/1?x=y")
	}
	f.Fuzz(func(t *testing.T, scheme, rest string) {
		const password = "correcthorsebattery"
		if strings.Contains(scheme, ":") || scheme == "sqlite" {
			return
		}
		a, err := backend.Parse(scheme+"://u:"+password+"@"+rest, "--store")
		if strings.Contains(a.String(), password) || err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("%q %v", a, err)
		}
	})
}
