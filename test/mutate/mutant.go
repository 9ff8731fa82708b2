package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// packages are those that are mutated, each with the packages whose tests have to notice, beside its own.
var packages = []struct {
	dir  string
	also []string
}{
	{"session", []string{"session/migrate"}},
	{"session/internal/client", []string{"session"}},
	{"store", []string{"store/memory", "session"}},
	{"store/memory", []string{"session"}},
	{"store/near", []string{"session"}},
	{"bound", nil},
	{"token", nil},
	{"cmd/coatcheck/internal/gate", nil},
	{"cmd/coatcheck/internal/identity", []string{"cmd/coatcheck/internal/gate"}},
	{"cmd/coatcheck/internal/route", []string{"cmd/coatcheck/internal/gate"}},
	{"csrf", nil},
}

// A mutant is one file of the product with one change.
type mutant struct {
	name   string // FILE FUNCTION: BEFORE -> AFTER, the same as long as the function is
	file   string
	source []byte
	tests  []string // folders, the likeliest first
}

// find returns the mutants of all packages whose name matches.
func find(named *regexp.Regexp) (found []mutant, err error) {
	for _, p := range packages {
		files, err := filepath.Glob(p.dir + "/*.go")
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("no package %s: run this from the root of the tree: %w", p.dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			all, err := mutantsOf(file)
			if err != nil {
				return nil, err
			}
			for _, m := range all {
				m.tests = append([]string{p.dir}, p.also...)
				if named.MatchString(m.name) {
					found = append(found, m)
				}
			}
		}
	}
	return found, nil
}

func mutantsOf(file string) (found []mutant, err error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]int)
	for _, decl := range syntax.Decls {
		fn, is := decl.(*ast.FuncDecl)
		if !is || fn.Body == nil {
			continue
		}
		for _, e := range edits(fn.Body, func(n ast.Node) string {
			return string(source[files.Position(n.Pos()).Offset:files.Position(n.End()).Offset])
		}) {
			from, to := files.Position(e.node.Pos()).Offset, files.Position(e.node.End()).Offset
			before, after := oneLine(string(source[from:to])), oneLine(e.text)
			name := fmt.Sprintf("%s %s: %s -> %s", file, fn.Name.Name, before, after)
			if seen[name]++; seen[name] > 1 {
				name += fmt.Sprintf(" (%d)", seen[name])
			}
			found = append(found, mutant{
				name: name, file: file,
				source: slices.Concat(source[:from], []byte(e.text), source[to:]),
			})
		}
	}
	return found, nil
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// A result is what became of a mutant.
type result int

const (
	broken   result = iota // it does not compile
	killed                 // a test failed, or did not end
	survived               // no test noticed
)

// run puts a mutant in its file's place, for the compiler alone, and runs the tests.
func (m mutant) run() (result, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	here, err := filepath.Abs(m.file)
	if err != nil {
		return 0, err
	}
	there, overlay := filepath.Join(dir, filepath.Base(m.file)), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{here: there}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(there, m.source, 0o600); err != nil {
		return 0, err
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return 0, err
	}
	for _, folder := range m.tests {
		// A mutant may allocate without end: 8 GiB of addresses are enough for the compiler.
		test := exec.Command("sh", "-c", `ulimit -v 8388608 && exec "$@"`, "sh", "go", "test", "-overlay", overlay,
			"-short", "-count=1", "-failfast", "-vet=off", "-timeout=60s", "./"+folder)
		output, err := test.CombinedOutput()
		switch {
		case err == nil:
			continue
		case strings.Contains(string(output), "[build failed]"):
			return broken, nil
		default:
			return killed, nil
		}
	}
	return survived, nil
}
