package sqlite

import (
	"slices"
	"testing"

	"coatcheck.dev/store"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, dsn string
		want      store.Severity
	}{{"in a file", newFile(t), store.Good}, {"in memory", "file::memory:?cache=shared", store.Danger}} {
		t.Run(c.name, func(t *testing.T) {
			findings, err := newBox(t, c.dsn).Check(t.Context())
			if err != nil || len(findings) == 0 ||
				slices.ContainsFunc(findings, func(f store.Finding) bool { return f.Severity != c.want }) {
				t.Errorf("got %+v, %v; want those of severity %d", findings, err, c.want)
			}
		})
	}
}
