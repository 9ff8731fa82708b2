package sqlstore

import (
	"slices"
	"testing"

	"coatcheck.dev/store"
)

// What a server does not tell is unknown, and only what has no meaning there is passed over.
func TestWhatIsNotToldIsUnknown(t *testing.T) {
	for _, rules := range [][]rule{postgresRules, mysqlRules} {
		var want, got []string
		for _, r := range rules[1:] {
			want = append(want, r.setting)
		}
		for _, f := range judge(rules, nil, rules[0].setting) {
			got = append(got, f.Name)
			if f.Severity != store.Unknown || f.What == "" || f.Means == "" || f.Fix == "" {
				t.Errorf("got %+v, want that it is unknown and what to do", f)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got findings on %q, want %q", got, want)
		}
	}
}
