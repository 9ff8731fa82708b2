package recipes

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the code into docs/recipes.md")

const document = "../../docs/recipes.md"

// The document marks each block of code with the file that it comes from.
var block = regexp.MustCompile("(?m)^<!-- test/recipes/(\\w+\\.go) -->\n```go\n((?:.*\n)*?)```$")

// What the document shows is what compiles and what the tests try, and each recipe is there, with a test.
func TestDocumentHasTheRecipes(t *testing.T) {
	text := read(t, document)
	shown := map[string]bool{}
	want := block.ReplaceAllStringFunc(text, func(old string) string {
		name := block.FindStringSubmatch(old)[1]
		shown[name] = true
		return "<!-- test/recipes/" + name + " -->\n```go\n" + code(t, name) + "```"
	})
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if text != want {
		t.Error("docs/recipes.md is not what the recipes say: run go test ./recipes -update")
	}
	if n := strings.Count(text, "```go"); n != len(shown) {
		t.Errorf("%d blocks of Go, and %d come from a file that is tested", n, len(shown))
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file == "doc.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		if !shown[file] {
			t.Errorf("docs/recipes.md does not show %s", file)
		}
		if _, err := os.Stat(strings.TrimSuffix(file, ".go") + "_test.go"); err != nil {
			t.Errorf("%s has no test of its own", file)
		}
	}
}

// code returns a file from its first declaration on, with the indentation of a document: tabs stay.
func code(t *testing.T, file string) string {
	t.Helper()
	source := read(t, file)
	for _, end := range []string{"\n)\n\n", "import \"coatcheck.dev/session\"\n\n"} {
		if _, rest, ok := strings.Cut(source, end); ok {
			return rest
		}
	}
	t.Fatalf("%s has no imports", file)
	return ""
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
