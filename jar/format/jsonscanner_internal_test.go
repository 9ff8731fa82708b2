package format

import (
	"bufio"
	"strings"
	"testing"
)

// FuzzGlance: what is consumed at a glance is what is consumed byte by byte.
func FuzzGlance(f *testing.F) {
	for _, text := range []string{
		`{"a": [1, "}\"]", {}]}, "b"`, "[\n{\n}\n]\n1", `{"a": "/*"} /* } */ 1`, `{/* } */ "a": 1} 2`, `"a", 1`, `7, 8`,
		`{"a": "b`, `[[]`, `[} 1`, ` {} 1`, `{"a\\": "\\\""} 1`, ``,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		glancing, walking := newScanner(bufio.NewReader(strings.NewReader(text))),
			newScanner(bufio.NewReader(strings.NewReader(text)))
		if !glancing.glance(nil) {
			return
		}
		if err := walking.scan(false); err != nil {
			t.Fatalf("%q: an error where none was seen: %v", text, err)
		}
		at, want := glancing.in.Buffered(), walking.in.Buffered()
		if at != want || glancing.line != walking.line {
			t.Errorf("%q: %d bytes are left in line %d, want %d in line %d", text, at, glancing.line, want,
				walking.line)
		}
	})
}
