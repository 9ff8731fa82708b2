package archtest

import (
	"fmt"
	"go/ast"
)

// A budget is how much of something a package may have.
type budget struct {
	dir, what string
	limit     int
	count     func(*Package) int
}

// budgets are for the two packages that every user and every store meets.
var budgets = []budget{
	{"session", "exported top-level names", 60, exportedNames},
	{"session", "files", 25, sourceFiles},
	{"store", "optional interfaces", 3, optionalInterfaces},
}

func checkBudgets(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		for _, b := range budgets {
			if n := b.count(p); p.Dir == b.dir && n > b.limit {
				breaches = append(breaches, fmt.Sprintf("%s: %d %s, the budget is %d", p.Dir, n, b.what, b.limit))
			}
		}
	}
	return breaches
}

func sourceFiles(p *Package) (n int) {
	for _, f := range p.Files {
		if !f.Test {
			n++
		}
	}
	return n
}

func exportedNames(p *Package) (n int) {
	for name := range p.topLevel() {
		if name.IsExported() {
			n++
		}
	}
	return n
}

// optionalInterfaces counts what a store may be beside a Store.
func optionalInterfaces(p *Package) (n int) {
	for name, spec := range p.topLevel() {
		t, is := spec.(*ast.TypeSpec)
		if !is || !name.IsExported() || name.Name == "Store" {
			continue
		}
		if _, is := t.Type.(*ast.InterfaceType); is {
			n++
		}
	}
	return n
}
