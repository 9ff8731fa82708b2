package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxColumns = 120
	tabColumns = 4
)

// generated are the documents that programs write, and the templates that two of them are written from: the figures in
// their sentences have any length.
var generated = []string{
	"docs/lint.md", "docs/performance.md", "docs/scale.md", "docs/security.md",
	"bench/gate/section.md", "bench/table/document.md", "test/scale/simulate/document.md",
}

// checkLines looks at Go source, and at Markdown as far as it is prose: nobody can break the row of a table.
func checkLines(t *Tree) (breaches []string) {
	look := func(file string, exempt map[int]bool) {
		for _, line := range longIn(string(t.Texts[file]), exempt) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: the line has more than %d columns", file, line, maxColumns))
		}
	}
	for _, p := range t.Packages {
		for _, f := range p.Files {
			look(f.Path, t.unbreakable(f))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Texts)) {
		if path.Ext(name) == ".md" && !ignored(name) && !slices.Contains(generated, name) {
			look(name, unwrapped(string(t.Texts[name])))
		}
	}
	return breaches
}

// longIn returns the numbers of lines that are too long.
func longIn(text string, exempt map[int]bool) (numbers []int) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\n")
		columns := utf8.RuneCountInString(line) + (tabColumns-1)*strings.Count(line, "\t")
		if columns > maxColumns && !exempt[number] {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// unbreakable are the lines of a file that Go does not let anybody break, or a test must not: those with a struct tag,
// texts of several lines that tests compare with, and the output of examples.
func (t *Tree) unbreakable(f File) map[int]bool {
	lines := make(map[int]bool)
	exempt := func(n ast.Node, whole bool) {
		for line := t.line(n.Pos()); f.Test && whole && line <= t.line(n.End()); line++ {
			lines[line] = true
		}
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				lines[t.line(n.Tag.Pos())] = true
			}
		case *ast.BasicLit:
			exempt(n, t.line(n.End()) > t.line(n.Pos()))
		}
		return true
	})
	for _, c := range f.Syntax.Comments {
		exempt(c, strings.Contains(c.Text(), "Output:"))
	}
	return lines
}

func (t *Tree) line(pos token.Pos) int { return t.positions.Position(pos).Line }

// unwrapped are the lines of Markdown that are not prose.
func unwrapped(text string) map[int]bool {
	lines := make(map[int]bool)
	number, quoted := 0, false
	for line := range strings.Lines(text) {
		number++
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		lines[number] = quoted || fence || strings.HasPrefix(line, "|")
		quoted = quoted != fence
	}
	return lines
}
