package audit_test

import (
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/audit"
)

func noEnv(string) (string, bool) { return "", false }

// What makes no sense is named with its line, before a browser starts.
func TestScriptMistakes(t *testing.T) {
	for text, says := range map[string]string{
		"\n\njump high":                      `line 3: "jump" is no step`,
		"open":                               "line 1: open needs something",
		"fill #user":                         "fill SELECTOR with TEXT",
		"fill #user with env:NOWHERE":        `no variable "NOWHERE"`,
		"walk on":                            "walk stands alone",
		strings.Repeat("walk\n", 1001):       "more than 1000 steps",
		"open " + strings.Repeat("x", 1<<20): "token too long",
	} {
		if _, err := audit.ReadScript("s", strings.NewReader(text), noEnv); err == nil ||
			!strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "script s") {
			t.Errorf("%.40q: %v, want %q", text, err, says)
		}
	}
	if _, err := audit.ReadScript("s", strings.NewReader("# a comment\n\n  walk  \n"), noEnv); err != nil {
		t.Error(err)
	}
}

// No script makes the reader panic, and an error is one line without what is to be filled in.
func FuzzScript(f *testing.F) {
	f.Add("open /login\nfill #a with env:SECRET\nclick button\nwait #b\nwalk")
	f.Add("fill with with with")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := audit.ReadScript("s", strings.NewReader(text), func(string) (string, bool) { return "s3cret", true })
		if err != nil && (strings.ContainsAny(err.Error(), "\r\n") || strings.Contains(err.Error(), "s3cret")) &&
			!strings.Contains(text, "s3cret") {
			t.Errorf("%q", err)
		}
	})
}
