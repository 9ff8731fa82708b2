// Package newcomer begins with Coatcheck as somebody does who has README and nothing else.
package newcomer

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// README's app and its test are a fresh module that builds and passes. What README claims of the app is tried by
// testdata/claims_test.go.txt, which joins the module.
func TestAppOfTheReadme(t *testing.T) {
	readme := read(t, "../../README.md")
	dir := t.TempDir()
	for _, block := range blocks(readme, "go") {
		name, ok := strings.CutPrefix(strings.SplitN(block, "\n", 2)[0], "// ")
		if !ok || !strings.HasSuffix(name, ".go") {
			t.Fatalf("a block of Go does not begin with the name of its file: %.60q", block)
		}
		write(t, filepath.Join(dir, name), block)
	}
	write(t, filepath.Join(dir, "claims_test.go"), read(t, "testdata/claims_test.go.txt"))
	begin(t, dir, readme)
	for _, command := range []string{"build -o shop .", "vet .", "test ."} {
		t.Log(run(t, dir, "go "+command))
	}
	if _, err := os.Stat(filepath.Join(dir, "shop")); err != nil {
		t.Error(err)
	}
}

// begin runs README's commands, but takes the modules as this checkout has them: it is not published, and no test waits
// for the newest of anything.
func begin(t *testing.T, dir, readme string) {
	t.Helper()
	commands := blocks(readme, "sh")
	at := slices.IndexFunc(commands, func(block string) bool { return strings.HasPrefix(block, "go mod init ") })
	if at < 0 {
		t.Fatal("README does not say how to begin")
	}
	for command := range strings.Lines(commands[at]) {
		modules, gets := strings.CutPrefix(strings.TrimSpace(command), "go get ")
		if !gets {
			run(t, dir, strings.TrimSpace(command))
			continue
		}
		mod := pinned(t)
		for module := range strings.FieldsSeq(modules) {
			if path, _, _ := strings.Cut(module, "@"); !strings.Contains(mod, "\t"+path+" v") {
				t.Errorf("README uses %s, and no test here does", path)
			}
		}
		write(t, filepath.Join(dir, "go.mod"), read(t, filepath.Join(dir, "go.mod"))+mod)
		write(t, filepath.Join(dir, "go.sum"), read(t, "../go.sum"))
	}
}

// pinned requires the modules of our own tests, in their versions, and ours from this checkout.
func pinned(t *testing.T) string {
	t.Helper()
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod := "\nreplace coatcheck.dev => " + strconv.Quote(checkout) + "\n\nrequire (\n\tcoatcheck.dev v0.0.0\n"
	required := regexp.MustCompile(`(?m)^\t[a-z0-9.]+\.[a-z]+/\S+ v\S+`)
	for _, line := range required.FindAllString(read(t, "../go.mod"), -1) {
		if !strings.HasPrefix(line, "\tcoatcheck.dev/") {
			mod += line + "\n"
		}
	}
	return mod + ")\n"
}

// blocks returns the contents of a document's fenced blocks in a language.
func blocks(document, language string) (found []string) {
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(document, -1) {
		found = append(found, m[1])
	}
	return found
}

func run(t *testing.T, dir, command string) string {
	t.Helper()
	args := strings.Fields(command)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
