package statetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"coatcheck.dev/state"
)

// names are where Go code says the name of a thing: a call with the name as its first argument, or a literal with a
// field Name.
var names = []struct {
	path, ident string
	kind        state.Kind
}{
	{"coatcheck.dev/session", "NewKey", state.KindSession},
	{"coatcheck.dev/cookie", "Cookie", state.KindCookie},
	{"net/http", "Cookie", state.KindCookie},
}

// undeclared fails the test for each name in the Go code below a folder that the inventory has not.
func undeclared(t T, inv *state.Inventory, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return err
		case path != root && leftOut(path, d.Name()):
			return filepath.SkipDir
		}
		return scan(t, inv, path)
	})
	if err != nil {
		t.Fatalf("statetest: read the code: %v", err)
	}
}

// leftOut reports whether the go command would leave a folder out as well, or it belongs to another module.
func leftOut(path, name string) bool {
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil || name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") ||
		strings.HasPrefix(name, "_")
}

// scan looks at the files of one folder.
func scan(t T, inv *state.Inventory, folder string) error {
	t.Helper()
	set := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	var files []*ast.File
	constants := map[string]string{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file)
		collect(file, constants)
	}
	for _, file := range files {
		s := source{imported: imports(file), constants: constants}
		ast.Inspect(file, func(n ast.Node) bool {
			kind, name, ok := s.name(n)
			if _, declared := inv.Lookup(kind, "", name); ok && !declared {
				t.Errorf("statetest: %s: nobody declared the %s %q: declare it in the inventory",
					set.Position(n.Pos()), kind, name)
			}
			return true
		})
	}
	return nil
}

// collect adds the text constants of a file. Those of functions count as if they were the package's.
func collect(file *ast.File, constants map[string]string) {
	ast.Inspect(file, func(n ast.Node) bool {
		decl, ok := n.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			return true
		}
		for _, spec := range decl.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, value := range spec.Values {
				if text, ok := literal(value); ok && i < len(spec.Names) {
					constants[spec.Names[i].Name] = text
				}
			}
		}
		return true
	})
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// imports are the paths of a file's imports by the names that it uses for them.
func imports(file *ast.File) map[string]string {
	all := map[string]string{}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value) // the parser has seen to it
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		all[name] = path
	}
	return all
}

// A source is what the names in a file mean.
type source struct {
	imported, constants map[string]string
}

// name returns what a piece of code names, if that is a constant.
func (s *source) name(n ast.Node) (kind state.Kind, name string, ok bool) {
	var value ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		if index, is := n.Fun.(*ast.IndexExpr); is && len(n.Args) > 0 { // NewKey[T]("cart")
			kind, value = s.named(index.X), n.Args[0]
		}
	case *ast.CompositeLit:
		if deletes(n) {
			return "", "", false
		}
		kind, value = s.named(n.Type), field(n, "Name")
	}
	if kind == "" || value == nil {
		return "", "", false
	}
	if text, ok := literal(value); ok {
		return kind, text, true
	}
	if ident, is := value.(*ast.Ident); is {
		text, ok := s.constants[ident.Name]
		return kind, text, ok
	}
	return "", "", false
}

// named returns the kind of thing that a name of another package stands for.
func (s *source) named(e ast.Expr) state.Kind {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	ident, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	for _, n := range names {
		if n.ident == selector.Sel.Name && n.path == s.imported[ident.Name] {
			return n.kind
		}
	}
	return ""
}

func field(lit *ast.CompositeLit, name string) ast.Expr {
	for _, element := range lit.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
				return pair.Value
			}
		}
	}
	return nil
}

// deletes reports whether a cookie's literal is plainly a deletion, which keeps nothing.
func deletes(lit *ast.CompositeLit) bool {
	if age, ok := field(lit, "MaxAge").(*ast.UnaryExpr); ok && age.Op == token.SUB {
		return true
	}
	del, ok := field(lit, "Delete").(*ast.Ident)
	return ok && del.Name == "true"
}
