package archtest

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Tree is the source of a repository, and its table of rooms.
type Tree struct {
	Rooms    []Room
	Packages []*Package          // by folder, in order
	Mods     map[string]*Mod     // by folder, "." for the library
	Texts    map[string][]byte   // every text file by its path
	byImport map[string]*Package // by import path

	positions *token.FileSet
}

// A Package is a folder with Go files.
type Package struct {
	Dir    string // from the root of the repository, "." for the root
	Path   string // how it is imported
	Name   string // without the _test of external tests
	Module string // the folder of its module
	Files  []File
}

// A File is one Go file of a package.
type File struct {
	Path    string
	Test    bool
	Syntax  *ast.File
	Imports []string
}

// A Mod is what the rules need of a go.mod.
type Mod struct {
	Path     string
	Requires []string // direct ones only
	Replaces bool
}

// topLevel has the names that a package declares outside of tests, and what declares each. Methods are left out.
func (p *Package) topLevel() map[*ast.Ident]ast.Node {
	names := make(map[*ast.Ident]ast.Node)
	for _, f := range p.Files {
		if f.Test {
			continue
		}
		for _, d := range f.Syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names[d.Name] = d
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						names[spec.Name] = spec
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							names[name] = spec
						}
					}
				}
			}
		}
	}
	return names
}

// Read parses a repository. Folders that the go command leaves out are left out: testdata, and names that begin
// with a dot or an underscore; texts are read from testdata as well, and from everywhere but .git.
func Read(repo fs.FS, rooms []Room) (*Tree, error) {
	t := &Tree{
		Rooms: rooms, Mods: map[string]*Mod{}, Texts: map[string][]byte{}, byImport: map[string]*Package{},
		positions: token.NewFileSet(),
	}
	err := fs.WalkDir(repo, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || d.Name() == ".git" { // a file in a further worktree
			return nil
		}
		content, err := fs.ReadFile(repo, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an editor's or a test's own, gone since it was listed
		}
		if err == nil && !bytes.ContainsRune(content, 0) {
			t.Texts[name] = content
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the repository: %w", err)
	}
	return t, t.parse()
}

func (t *Tree) parse() error {
	for name, content := range t.Texts {
		if path.Base(name) == "go.mod" && !ignored(name) {
			t.Mods[path.Dir(name)] = parseMod(string(content))
		}
	}
	byDir := map[string]*Package{}
	for name := range t.Texts {
		if path.Ext(name) != ".go" || ignored(name) {
			continue
		}
		if err := t.addFile(byDir, name); err != nil {
			return err
		}
	}
	for _, p := range byDir {
		slices.SortFunc(p.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
		t.Packages = append(t.Packages, p)
		t.byImport[p.Path] = p
	}
	slices.SortFunc(t.Packages, func(a, b *Package) int { return strings.Compare(a.Dir, b.Dir) })
	return nil
}

// ignored says whether the go command passes over a file because of a folder that it is in.
func ignored(name string) bool {
	for dir := range strings.SplitSeq(path.Dir(name), "/") {
		if dir == "testdata" || dir != "." && strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_") {
			return true
		}
	}
	return false
}

func (t *Tree) addFile(byDir map[string]*Package, name string) error {
	syntax, err := parser.ParseFile(t.positions, name, t.Texts[name], parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse the repository: %w", err)
	}
	dir := path.Dir(name)
	p := byDir[dir]
	if p == nil {
		p = &Package{Dir: dir}
		p.Module, p.Path = t.place(dir)
		byDir[dir] = p
	}
	f := File{Path: name, Test: strings.HasSuffix(name, "_test.go"), Syntax: syntax}
	if p.Name == "" || !f.Test {
		p.Name = strings.TrimSuffix(syntax.Name.Name, "_test")
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("parse import in %s: %w", name, err)
		}
		f.Imports = append(f.Imports, imported)
	}
	p.Files = append(p.Files, f)
	return nil
}

// place finds the module that a folder belongs to, which is the nearest one above it, and its import path.
func (t *Tree) place(dir string) (module, importPath string) {
	for module = dir; ; module = path.Dir(module) {
		mod := t.Mods[module]
		switch {
		case mod != nil && module == ".":
			return module, path.Join(mod.Path, dir)
		case mod != nil:
			return module, path.Join(mod.Path, strings.TrimPrefix(dir, module))
		case module == ".":
			return module, dir
		}
	}
}

// parseMod understands what `go mod tidy` writes.
func parseMod(content string) *Mod {
	m := new(Mod)
	block := ""
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		indirect := strings.HasSuffix(line, "// indirect")
		line, _, _ = strings.Cut(line, "//")
		words := strings.Fields(line)
		if block != "" {
			words = append([]string{block}, words...)
		}
		switch {
		case len(words) < 2:
		case words[1] == "(":
			block = words[0]
		case words[1] == ")":
			block = ""
		case words[0] == "module":
			m.Path = words[1]
		case words[0] == "replace":
			m.Replaces = true
		case words[0] == "require" && !indirect:
			m.Requires = append(m.Requires, words[1])
		}
	}
	return m
}
