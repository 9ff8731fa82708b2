package readme

import (
	"os"
	"strings"
	"testing"
)

func TestReadmeHasTheExampleThatCompiles(t *testing.T) {
	_ = serve // compiled, not started
	source, readme := read(t, "shop.go"), read(t, "../../README.md")
	_, after, ok := strings.Cut(source, "are README's.\n")
	body, _, found := strings.Cut(after, "\t// The lines to here")
	if !ok || !found {
		t.Fatal("shop.go has lost its marks")
	}
	example := strings.ReplaceAll(strings.TrimPrefix(body, "\t"), "\n\t", "\n")
	if !strings.Contains(readme, example) {
		t.Errorf("README.md does not have these lines:\n%s", example)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
