package checklist_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"coatcheck.dev/internal/checklist"
)

var update = flag.Bool("update", false, "write docs/security.md, and the table of faults in docs/operations.md")

func TestDocument(t *testing.T) {
	const file = "../../docs/security.md"
	tests, err := checklist.Tests(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := checklist.Table(checklist.Session, tests)
	if err != nil {
		t.Fatal(err)
	}
	faults, err := checklist.FaultTable(checklist.Faults, tests)
	if err != nil {
		t.Fatal(err)
	}
	const title = "\n## What can happen\n\nFaults, and within which bound sessions are right again.\n\n"
	isUpToDate(t, file, rules+title+faults)

	const operations = "../../docs/operations.md"
	const begin, end = "<!-- faults -->\n", "<!-- end of faults -->\n"
	text, err := os.ReadFile(operations)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", operations)
	}
	isUpToDate(t, operations, before+begin+faults+end+after)
}

// isUpToDate checks a file, or writes it.
func isUpToDate(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not up to date: go test ./internal/checklist -update", file)
	}
}

// Whatever a document names as a test is one.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	tests, err := checklist.Tests(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[string]bool)
	for _, test := range tests {
		there["`"+test.Name+"`"] = true
	}
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	named := regexp.MustCompile("`Test[A-Z]\\w*`")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range named.FindAllString(string(text), -1) {
			if !there[name] {
				t.Errorf("%s names %s, which is no test", file, name)
			}
		}
	}
}

// A proof that is no test, or is missing, is named.
func TestFaultsNeedProof(t *testing.T) {
	tests := []checklist.Test{{Name: "TestX", Package: "p"}}
	faults := []checklist.Fault{{What: "w", Proof: []string{"p.TestX", "p.TestY"}}, {What: "v"}}
	_, err := checklist.FaultTable(faults, tests)
	if err == nil || err.Error() != "checklist; p.TestY is no test; nothing proves: v" {
		t.Errorf("error %v", err)
	}
	text, err := checklist.FaultTable([]checklist.Fault{{"w", "d", "b", []string{"p.TestX"}}}, tests)
	if err != nil || !strings.HasSuffix(text, "| w | d | b | `TestX` (p) |\n") {
		t.Errorf("%q, %v", text, err)
	}
}

// A claim is the last line of a test's comment, and counts nowhere else.
func TestClaims(t *testing.T) {
	for _, c := range []struct {
		source, want string // rows, or part of an error
	}{
		{"// Rows: A15, R3\nfunc TestX(t *testing.T) {}", "[A15 R3]"},
		{"// Logout wins.\n//\n// Rows: ASVS 7.2.4, C4\nfunc TestX(t *testing.T) {}", "[7.2.4 C4]"},
		{"// Logout wins: A15.\nfunc TestX(t *testing.T) {}", "[]"},
		{"// Rows: of the table.\nfunc TestX(t *testing.T) {}", "[of the table.]"},
		{"func TestX(t *testing.T) {\n\t// Rows come in order.\n}", "[]"},

		{"// Rows: A15\n// and more\nfunc TestX(t *testing.T) {}", "x_test.go:2:1"},
		{"// Rows: A15\n\nfunc TestX(t *testing.T) {}", "x_test.go:2:1"},
		{"// rows: A15\nfunc TestX(t *testing.T) {}", "x_test.go:2:1"},
		{"// Row: A15\nfunc TestX(t *testing.T) {}", "x_test.go:2:1"},
		{"// Rows: A15\nfunc FuzzX(f *testing.F) {}", "x_test.go:2:1"},
		{"// Rows: A15\nfunc (s suite) TestX() {}", "x_test.go:2:1"},
		{"func TestX(t *testing.T) {\n\t// Rows: ASVS 7.4.1\n}", "x_test.go:3:2"},
	} {
		tree := fstest.MapFS{"p/x_test.go": {Data: []byte("package p\n" + c.source + "\n")}}
		tests, err := checklist.Tests(tree)
		got := "[]"
		if err != nil {
			got = err.Error()
		} else if len(tests) > 0 {
			got = fmt.Sprint(tests[0].Rows)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%q claims %s, want %s", c.source, got, c.want)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	groups := []checklist.Group{{Title: "G", Source: "s", Rows: []checklist.Row{
		{ID: "A1", Rule: "r"}, {ID: "A2", Rule: "r"}, {ID: "A3", Rule: "r", Elsewhere: "why"},
	}}}
	tests := []checklist.Test{
		{Name: "TestX", Package: "p", Rows: []string{"A1"}},
		{Name: "TestY", Package: "p", Rows: []string{"C9"}},
	}
	_, err := checklist.Table(groups, tests)
	for _, missing := range []string{"row A2 has no test", "TestY claims row C9"} {
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("got %v, want %s", err, missing)
		}
	}
	groups[0].Rows = append(groups[0].Rows[:1], groups[0].Rows[2], checklist.Row{ID: "C9", Rule: "r"})
	text, err := checklist.Table(groups, tests)
	for _, row := range []string{"| A1 | r | `TestX` (p) |", "| A3 | r | why |"} {
		if err != nil || !strings.Contains(text, row) {
			t.Errorf("got %v\n%s, want %s", err, text, row)
		}
	}
}
