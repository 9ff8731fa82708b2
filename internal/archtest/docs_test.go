package archtest

import (
	"fmt"
	"go/ast"
	"strings"
)

// checkPackageDocs wants the manual among the files that users read; a folder of tests alone may have it there.
func checkPackageDocs(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		onlyTests := true
		for _, f := range p.Files {
			onlyTests = onlyTests && f.Test
		}
		doc := ""
		for _, f := range p.Files {
			if f.Syntax.Doc != nil && (!f.Test || onlyTests) {
				doc += f.Syntax.Doc.Text()
			}
		}
		switch {
		case doc == "":
			breaches = append(breaches, fmt.Sprintf("%s: package %s has no comment", p.Dir, p.Name))
		case p.Name != "main" && !onlyTests && !strings.HasPrefix(doc, "Package "+p.Name+" "):
			breaches = append(breaches, fmt.Sprintf("%s: the comment does not begin with Package %s", p.Dir, p.Name))
		}
	}
	return breaches
}

// checkDocs looks at what the library exports. A comment above a group, or at the end of a line, is one.
func checkDocs(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		if p.Module != "." || p.Name == "main" || strings.HasPrefix(p.Dir, "internal/") {
			continue
		}
		for _, f := range p.Files {
			if f.Test {
				continue
			}
			for _, name := range undocumented(f.Syntax) {
				breaches = append(breaches, fmt.Sprintf("%s: %s has no comment", f.Path, name))
			}
		}
	}
	return breaches
}

func undocumented(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && onExported(d) {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Doc != nil {
				continue
			}
			for _, spec := range d.Specs {
				names = append(names, undocumentedIn(spec)...)
			}
		}
	}
	return names
}

func undocumentedIn(spec ast.Spec) (names []string) {
	var idents []*ast.Ident
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Doc == nil && s.Comment == nil {
			idents = []*ast.Ident{s.Name}
		}
	case *ast.ValueSpec:
		if s.Doc == nil && s.Comment == nil {
			idents = s.Names
		}
	}
	for _, ident := range idents {
		if ident.IsExported() {
			names = append(names, ident.Name)
		}
	}
	return names
}

// onExported says whether a function is one that users see: no method, or one of an exported type.
func onExported(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		ident, is := n.(*ast.Ident)
		exported = exported || is && ident.IsExported() // T, *T, T[K]: a type parameter may stand in as well
		return !is
	})
	return exported
}
