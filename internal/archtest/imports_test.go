package archtest

import (
	"fmt"
	"slices"
	"strings"
)

func checkImports(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		room := t.roomOf(p)
		if room == nil {
			breaches = append(breaches, fmt.Sprintf("%s: package %s has no line in the table of rooms", p.Dir, p.Name))
			continue
		}
		for _, f := range p.Files {
			for _, imported := range f.Imports {
				if !t.allowed(room, p, f, imported) {
					breaches = append(breaches, fmt.Sprintf("%s: %s may not import %s", f.Path, room.Path, imported))
				}
			}
		}
	}
	return breaches
}

// checkRooms is the other direction of checkImports: what the table has that the tree has not.
func checkRooms(t *Tree) (breaches []string) {
	imported := make(map[string][]string) // by room
	for _, p := range t.Packages {
		room := t.roomOf(p)
		if room == nil {
			continue
		}
		imports := imported[room.Path]
		if imports == nil {
			imports = []string{} // the room exists
		}
		for _, f := range p.Files {
			if !f.Test {
				imports = append(imports, f.Imports...)
			}
		}
		imported[room.Path] = imports
	}
	for _, room := range t.Rooms {
		imports := imported[room.Path]
		if imports == nil {
			breaches = append(breaches, fmt.Sprintf("room %s does not exist", room.Path))
			continue
		}
		for _, arrow := range room.May {
			used := func(path string) bool { return t.below(path) == arrow || t.foreign(path) && within(path, arrow) }
			if arrow != Ours && arrow != Everything && !slices.ContainsFunc(imports, used) {
				breaches = append(breaches, fmt.Sprintf("room %s does not import %s", room.Path, arrow))
			}
		}
	}
	return breaches
}

func (t *Tree) roomOf(p *Package) *Room {
	path := t.below(p.Path)
	for i, room := range t.Rooms {
		folder, andBelow := strings.CutSuffix(room.Path, "/...")
		if path == folder || andBelow && within(path, folder) {
			return &t.Rooms[i]
		}
	}
	return nil
}

func (t *Tree) allowed(room *Room, p *Package, f File, imported string) bool {
	switch {
	case standard(imported) || slices.Contains(room.May, Everything):
		return true
	case t.foreign(imported) && f.Test:
		return p.Module != "." || withinAny(imported, libraryRequires)
	case t.foreign(imported):
		return withinAny(imported, room.May)
	case f.Test || slices.Contains(room.May, Ours):
		module := t.moduleOf(imported)
		return module == "." || module == p.Module || slices.Contains(room.May, t.below(imported))
	default:
		return slices.Contains(room.May, t.below(imported))
	}
}

// checkSessionGraph follows the imports of session through the repository to its ends. The table says as much for
// each package; this says it for all that a user of sessions builds, whatever the table will say one day.
func checkSessionGraph(t *Tree) (breaches []string) {
	seen := map[string]bool{}
	var visit func(importPath string)
	visit = func(importPath string) {
		p := t.byImport[importPath]
		if p == nil || seen[importPath] {
			return
		}
		seen[importPath] = true
		for _, f := range p.Files {
			if f.Test {
				continue
			}
			for _, imported := range f.Imports {
				if t.foreign(imported) {
					breaches = append(breaches, fmt.Sprintf("%s: %s is in session's import graph", f.Path, imported))
				}
				visit(imported)
			}
		}
	}
	visit(t.library() + "/session")
	return breaches
}

// standard says whether a package is the standard library's: those have no dot in their first element.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// foreign says whether a package is neither the standard library's nor of this repository.
func (t *Tree) foreign(importPath string) bool {
	return !standard(importPath) && !within(importPath, t.library())
}

// moduleOf is the folder of the module that a package of this repository belongs to.
func (t *Tree) moduleOf(importPath string) string {
	if p := t.byImport[importPath]; p != nil {
		return p.Module
	}
	return "" // there is no such package, which the compiler will say
}

func (t *Tree) library() string {
	if mod := t.Mods["."]; mod != nil {
		return mod.Path
	}
	return ""
}

// below is the path of a package below the library's module path, as the table has it.
func (t *Tree) below(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, t.library()), "/")
}

func within(importPath, folder string) bool {
	return importPath == folder || strings.HasPrefix(importPath, folder+"/")
}

func withinAny(importPath string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return within(importPath, folder) })
}
