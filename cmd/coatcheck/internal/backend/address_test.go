package backend_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, engine, shown string }{
		{"sqlite:/var/x y.db", "SQLite", "sqlite:/var/x y.db"},
		{"sqlite:///var/x.db", "SQLite", "sqlite:/var/x.db"},
		{"postgres://u:geheim@h/db", "PostgreSQL", "postgres://u:***@h/db"},
		{"postgresql://h:5433/db?sslmode=disable&pool=4&listen=off", "PostgreSQL",
			"postgresql://h:5433/db?listen=off&pool=4&sslmode=disable"},
		{"postgres://u@a:1,b:2/db?password=geheim", "PostgreSQL", "postgres://u@a:1,b:2/db?password=***"},
		{"mysql://u:geh%40eim@h/db?tls=skip-verify", "MySQL", "mysql://u:***@h/db?tls=skip-verify"},
		{"mariadb://u:g@e@h/db", "MySQL", "mariadb://u:***@h/db"},
		{"redis://:geheim@h", "Redis", "redis://:***@h"},
		{"rediss://u:geheim@h:7000/3?wait=2&wait-time=500ms&prefix=shop:", "Redis",
			"rediss://u:***@h:7000/3?prefix=shop%3A&wait-time=500ms&wait=2"},
		{"redis+sentinel://a:1,b:2,c/mymaster/4?sentinel-password=geheim", "Redis",
			"redis+sentinel://a:1,b:2,c/mymaster/4?sentinel-password=***"},
		{"rediss+cluster://u:geheim@a:1,[::1]:2", "Redis", "rediss+cluster://u:***@a:1,[::1]:2"},
	} {
		a, err := backend.Parse(tt.text, "--store")
		if err != nil || a.Engine != tt.engine || a.String() != tt.shown || fmt.Sprint(a) != tt.shown {
			t.Errorf("%s: %q %q, %v, want %q %q", tt.text, a.Engine, a, err, tt.engine, tt.shown)
		}
	}
}

// What is wrong with an address is one line that names the flag, says what is wrong and shows a right one, and no
// secret.
func TestParseRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"":                                        "it begins with none of sqlite:, postgres://",
		"postgres":                                "it begins with none of sqlite:, postgres://",
		"mongodb://u:geheim@h/db":                 "it begins with none of sqlite:, postgres://",
		"/var/sessions.db":                        "it begins with none of sqlite:, postgres://",
		"sqlite:":                                 "no file",
		"sqlite::memory:":                         "no file",
		"postgres:h/db":                           "two slashes",
		"postgres://u:geheim@h":                   "no database",
		"postgres://u:geheim@/db":                 "no host",
		"postgres://u:geheim%@h/db":               "%25",
		"postgres://u:geheim@h:port/db":           "no port",
		"postgres://u:geheim@h/db?pool=0":         "pool is a number",
		"postgres://u:geheim@h/db?pool=x":         "pool is a number",
		"postgres://u:geheim@h/db?listen=x":       "listen is on or off",
		"postgres://u:geheim@h/db?sslmode=geheim": "malformed",
		"mysql://u:geheim@h":                      "no database",
		"mysql://u:geheim@a,b/db":                 "several hosts",
		"mysql://u:geheim@h/db?tls=geheim":        "malformed",
		"redis://u:geheim@a,b":                    "redis+sentinel",
		"redis://u:geheim@h/x":                    "number of a database",
		"redis://u:geheim@h/0?wiat=1":             "wiat",
		"redis://u:geheim@h/0?wait=many":          "wait is a number",
		"redis://u:geheim@h/0?wait-time=1h":       "wait-time is a time",
		"redis+sentinel://u:geheim@h":             "name the master",
		"redis+cluster://u:geheim@h/1":            "only database 0",
	} {
		_, err := backend.Parse(text, "--store")
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		got := err.Error()
		if !strings.HasPrefix(got, "--store: ") || !strings.Contains(got, says) || !strings.Contains(got, "as in ") ||
			strings.ContainsAny(got, "\n") || strings.Contains(got, "geheim") {
			t.Errorf("%q: %q, want one line with --store and %q and an example", text, got, says)
		}
	}
}

// Every kind of store is shown by an address that it takes, and the handbook has it.
func TestExamples(t *testing.T) {
	handbook, err := os.ReadFile("../../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range backend.Examples() {
		if _, err := backend.Parse(example, "--store"); err != nil {
			t.Errorf("%s: %v", example, err)
		}
		scheme, _, _ := strings.Cut(example, ":")
		if !strings.Contains(string(handbook), "| `"+scheme+":") {
			t.Errorf("docs/operations.md lists no store %s", scheme)
		}
	}
}

// A server that cannot be reached is named, and its password is not.
func TestOpenRefuses(t *testing.T) {
	for _, text := range []string{
		"postgres://u:geheim@127.0.0.1:1/db?sslmode=disable", "mysql://u:geheim@127.0.0.1:1/db",
		"redis://u:geheim@127.0.0.1:1",
		"redis+sentinel://u:geheim@127.0.0.1:1/m", "redis+cluster://u:geheim@127.0.0.1:1",
	} {
		a, err := backend.Parse(text, "--store")
		if err != nil {
			t.Fatal(err)
		}
		_, err = backend.Open(t.Context(), a)
		if err == nil || !strings.Contains(err.Error(), a.String()) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", a, err)
		}
	}
}
