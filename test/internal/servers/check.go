package servers

import (
	"slices"
	"testing"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// Checked looks whether Check calls dangerous what is, in that order, and nothing else; and whether each finding says
// what to do. It returns them.
func Checked(t *testing.T, s Server, d sqlstore.Dialect, dangers ...string) []store.Finding {
	t.Helper()
	b := NewBox(t, s.Open(t, s.Create(t)), d)
	findings, err := b.Check(t.Context())
	must(t, err)
	if made, err := b.Made(t.Context()); err != nil || made {
		t.Errorf("after the check there are tables: %t, %v", made, err)
	}
	var found []string
	for _, f := range findings {
		if f.What == "" || f.Means == "" || (f.Fix == "") != (f.Severity == store.Good) {
			t.Errorf("finding %+v is not whole", f)
		}
		if f.Severity == store.Unknown {
			t.Errorf("this server tells everything, got %+v", f)
		}
		if f.Severity == store.Danger {
			found = append(found, f.What)
		}
	}
	if !slices.Equal(found, dangers) {
		t.Errorf("dangers: got %q, want %q", found, dangers)
	}
	return findings
}
