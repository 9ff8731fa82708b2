package store_test

import (
	"testing"

	"coatcheck.dev/store"
)

func TestSeverityHasAName(t *testing.T) {
	for severity, want := range map[store.Severity]string{
		0: "", store.Good: "good", store.Unknown: "unknown", store.Limit: "limit", store.Danger: "danger",
		store.Danger + 1: "",
	} {
		if got := severity.String(); got != want {
			t.Errorf("%d is %q, want %q", severity, got, want)
		}
	}
}
