// Package chromiumtest says what becomes of tests where there is no Chromium.
package chromiumtest

import (
	"os"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium"
)

// Need skips a test where there is no Chromium, and fails it with CI=true.
func Need(t *testing.T) {
	t.Helper()
	_, err := chromium.Find("")
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}
