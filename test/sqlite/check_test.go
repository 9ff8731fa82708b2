package sqlite

import (
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
			if err != nil || len(findings) != 1 || findings[0].Severity != c.want {
				t.Errorf("got %+v, %v; want one of severity %d", findings, err, c.want)
			}
		})
	}
}
