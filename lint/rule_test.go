package lint_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/lint"
)

var update = flag.Bool("update", false, "write docs/lint.md anew")

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func fixture(t *testing.T, rule string) []lint.Response {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", rule+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	responses, err := lint.ReadLines(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return responses
}

func found(r *lint.Report) (ids []string) {
	for _, c := range r.Cookies {
		for _, f := range c.Findings {
			ids = append(ids, f.Rule.ID)
		}
	}
	return ids
}

// Every fixture has one defect: its rule finds it, and no rule finds anything else. With the fix in place of the last
// line there is nothing left of it.
func TestRules(t *testing.T) {
	for _, rule := range lint.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			if rule.Title == "" || rule.Citation == "" || rule.Since == "" || rule.Text == "" || rule.Severity == 0 {
				t.Errorf("metadata is missing: %+v", rule)
			}
			responses := fixture(t, rule.ID)
			report := lint.Check(responses, now)
			if ids := found(report); !slices.Equal(ids, []string{rule.ID}) {
				t.Fatalf("found %q", ids)
			}
			if n := report.Count(rule.Severity); n != 1 {
				t.Errorf("%d findings are as severe", n)
			}
			for _, c := range report.Cookies {
				if fix, ok := c.Fix(); ok {
					repaired(t, responses, c, fix)
				}
			}
		})
	}
}

// repaired puts the fix in the place of the cookie that it is for.
func repaired(t *testing.T, responses []lint.Response, c lint.Cookie, fix lint.Fix) {
	t.Helper()
	for i := range responses {
		for j, line := range responses[i].SetCookie {
			if line == c.Line.Raw {
				responses[i].SetCookie[j] = fix.Header
			}
		}
	}
	if ids := found(lint.Check(responses, now)); len(ids) > 0 {
		t.Errorf("with the fix %s there is still %q", fix.Header, ids)
	}
}

// Secure over http on the same machine is how sites are developed. Safari drops it, which is said and is no finding.
func TestLocalhost(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "localhost:8080", Path: "/"}
	for _, line := range []string{
		"__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax", "a=1; Secure; Path=/",
		"a=1; Secure; SameSite=None; Partitioned; Path=/",
		"__Host-sid=; Path=/; Secure; Max-Age=0",
	} {
		report := lint.Check([]lint.Response{{URL: u, SetCookie: []string{line}}}, now)
		if ids := found(report); len(ids) > 0 {
			t.Errorf("%s: found %q", line, ids)
		}
		if o := report.Cookies[0].Outcomes; !o[0].Kept() || !o[1].Kept() || o[2].Kept() {
			t.Errorf("%s: Chrome %v, Firefox %v, Safari %v", line, o[0].Reasons, o[1].Reasons, o[2].Reasons)
		}
	}
	report := lint.Check([]lint.Response{{URL: u, SetCookie: []string{"__Host-a=1; Secure; Path=/app"}}}, now)
	if ids := found(report); !slices.Equal(ids, []string{"prefix-broken"}) {
		t.Errorf("what is wrong everywhere: found %q", ids)
	}
}

func TestFixturesHaveRules(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(lint.Rules()) {
		t.Errorf("%d fixtures for %d rules", len(files), len(lint.Rules()))
	}
}

// The catalogue is made of the rules: go test ./lint -run Catalogue -update
func TestCatalogue(t *testing.T) {
	const name = "../docs/lint.md"
	want := catalogue(t)
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/lint.md is not what the rules say: go test ./lint -run Catalogue -update")
	}
}

func catalogue(t *testing.T) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b,
		"# What the linter finds\n\nWritten by `go test ./lint -run Catalogue -update`. %d rules; each has an "+
			"example that breaks it and no other.\n", len(lint.Rules()))
	for _, rule := range lint.Rules() {
		fmt.Fprintf(&b, "\n## %s\n\n%s. *%s, since %s. %s.*\n\n%s\n\n```\n", rule.ID, rule.Title, rule.Severity,
			rule.Since, rule.Citation, rule.Text)
		text, err := os.ReadFile(filepath.Join("testdata", rule.ID+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			if n++; n > 5 {
				b.WriteString("…\n")
				break
			}
			line = strings.TrimSuffix(line, "\n")
			if len(line) > 110 {
				line = line[:110] + "…"
			}
			b.WriteString(strings.NewReplacer("\x01", "\\x01", "\t", "\\t").Replace(line) + "\n")
		}
		b.WriteString("```\n")
	}
	return b.Bytes()
}
