package checklist

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "write docs/security.md")

func TestDocument(t *testing.T) {
	const file = "../../docs/security.md"
	tests, err := Tests(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Table(Session, tests)
	if err != nil {
		t.Fatal(err)
	}
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
		t.Error("docs/security.md is not up to date: go test ./internal/checklist -update")
	}
}

func TestClaims(t *testing.T) {
	for name, want := range map[string][]string{
		"TestA15_R3_LogoutWins":       {"A15", "R3"},
		"TestASVS7_2_4_C4_NewTicket":  {"7.2.4", "C4"},
		"TestN1":                      {"N1"},
		"TestA1bsolute":               nil,
		"TestRows":                    nil,
		"TestASVS7_2_NotARow":         nil,
		"TestI10_X_A1_OnlyTheFront":   {"I10"},
		"TestASVS16_5_2_ASVS16_5_3_X": {"16.5.2", "16.5.3"},
	} {
		if got := claims(name); !slices.Equal(got, want) {
			t.Errorf("%s claims %v, want %v", name, got, want)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	groups := []Group{{Title: "G", Source: "s", Rows: []Row{{ID: "A1", Rule: "r"}, {ID: "A2", Rule: "r"}, {ID: "A3", Rule: "r", Elsewhere: "why"}}}}
	tree := fstest.MapFS{"p/x_test.go": {Data: []byte("package p\nfunc TestA1_X() {}\nfunc TestC9_X() {}\nfunc (x) TestA2_X() {}\n")}}
	tests, err := Tests(tree)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Table(groups, tests)
	if err == nil || !strings.Contains(err.Error(), "row A2 has no test") || !strings.Contains(err.Error(), "TestC9_X claims row C9") {
		t.Errorf("got %v", err)
	}
	groups[0].Rows = append(groups[0].Rows[:1], groups[0].Rows[2], Row{ID: "C9", Rule: "r"})
	text, err := Table(groups, tests)
	if err != nil || !strings.Contains(text, "| A1 | r | `TestA1_X` (p) |") || !strings.Contains(text, "| A3 | r | why |") {
		t.Errorf("got %v\n%s", err, text)
	}
}
