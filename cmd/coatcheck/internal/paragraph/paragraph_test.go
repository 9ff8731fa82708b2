package paragraph_test

import (
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/paragraph"
)

func TestWrite(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, tt := range []struct{ begin, text, want string }{
		{"  → ", "one two", "  → one two\n"},
		{"- ", strings.Repeat("word ", 30), "- " + strings.Repeat("word ", 18) + "word\n  " +
			strings.Repeat("word ", 10) + "word\n"},
		{"  ", "a " + long + " b", "  a\n  " + long + "\n  b\n"},
		{"  ", "", "  \n"},
	} {
		var b strings.Builder
		paragraph.Write(&b, tt.begin, tt.text)
		if b.String() != tt.want {
			t.Errorf("%q, want %q", b.String(), tt.want)
		}
	}
}

func TestSection(t *testing.T) {
	s := paragraph.Section{Title: "Wrong", Sign: "!"}
	var b strings.Builder
	s.Write(&b)
	s.Add("", "mend it", "one", "two")
	s.Add("name", "", "three")
	s.Write(&b)
	want := "\nWrong\n  ! one\n    two\n    → mend it\n  ! name                 three\n"
	if got := b.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
